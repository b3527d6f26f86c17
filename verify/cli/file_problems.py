"""A problem from real files: labels, targets, probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np

import ufm
from ufm.losses import DEFAULT, LOSSES
from ufm.problems.problem_settings import checked_losses
from ufm.problems.standard_form import MISSING
from ufm.solution import Problem
from ufm.support import validation
from verify.cli.count_tables import read_counts, read_own_counts
from verify.cli.counted_options import CountedOptions
from verify.cli.file_options import FILES, FileOptions
from verify.cli.label_files import read_label_sets, read_tasks
from verify.cli.number_files import named_outputs, read_numbers, split_outputs
from verify.reading.label_reading import LabelReading, listed

Told = Callable[[LabelReading], None]


def from_any_file(
    options: FileOptions, loss: ufm.LossSettings, settings: ufm.ProblemSettings, told: Told
) -> tuple[Problem, LabelReading]:
    """Builds the problem from the given files, all of one kind."""
    if "," in options.flags_set(FILES):
        raise ValueError(f"{options.flags_set(FILES)} state a problem each; leave all but one out")
    counted = ("samples", "n_same", "n_different", "orthogonal_array", "samples_by_multiplicity", "outputs")
    if options.counts is not None:
        if options.flags_set((*counted, "multi_label", "missing")):
            raise ValueError(
                f"--counts has all samples; leave {options.flags_set((*counted, 'multi_label', 'missing'))} out"
            )
        return _from_counts(options, settings, told)
    if options.labels:
        if options.flags_set(counted):
            raise ValueError(f"--labels counts its own samples; leave {options.flags_set(counted)} out")
        return _from_label_sets(options, loss, told) if options.multi_label else _from_labels(options, settings, told)
    others = (*(field.name for field in fields(CountedOptions)), "missing")
    if options.flags_set(others):
        raise ValueError(
            f"{options.flags_set(FILES)} takes numbers, not classes; leave {options.flags_set(others)} out"
        )
    return _from_targets(options, settings, told) if options.targets else _from_probabilities(options, settings, told)


def _from_label_sets(options: FileOptions, settings: ufm.LossSettings, told: Told) -> tuple[Problem, LabelReading]:
    """Builds a problem of label sets from an indicator file."""
    options.check_label_sets()
    if len(options.labels) != 1:
        raise ValueError(f"--labels takes one file with --multi-label, got {len(options.labels)}")
    if options.missing:
        raise ValueError("--multi-label takes 0 and 1 only; leave --missing out, and samples without labels too")
    losses = checked_losses(settings.get("loss", DEFAULT), 1)
    empty_sets = not LOSSES[losses[0]].shift_blind
    indicators, reading = read_label_sets(options.labels[0], empty_sets=empty_sets, **options.reading())
    told(reading)
    if options.classes and indicators.shape[1] != options.classes[0]:
        raise ValueError(f"{options.labels[0].name} has {indicators.shape[1]} columns, --classes {options.classes[0]}")
    return ufm.MultiLabel.from_indicators(indicators, **settings), reading


def _from_labels(options: FileOptions, settings: ufm.ProblemSettings, told: Told) -> tuple[Problem, LabelReading]:
    """Builds a problem from one label file for all tasks, or one file per task."""
    if not options.multi_source and len(options.labels) != 1:
        raise ValueError(f"--labels takes one file without --multi-source, got {len(options.labels)}")
    sizes = validation.class_numbers("classes", options.classes) if options.classes else ()
    arrays, reading = read_tasks(options.labels, sizes, told=told, missing=options.missing, **options.reading())
    classes = [len(task.classes) for task in reading.tasks]
    if not options.multi_source:
        missing = MISSING if options.missing else None
        return ufm.SingleSource.from_labels(arrays[0], classes, missing=missing, **settings), reading
    for path, array in zip(options.labels, arrays, strict=True):
        if array.shape[1] != 1:
            raise ValueError(f"{path.name} has {array.shape[1]} columns; --multi-source takes one file a task")
    return ufm.MultiSource.from_labels([array[:, 0] for array in arrays], classes, **settings), reading


def _from_counts(options: FileOptions, settings: ufm.ProblemSettings, told: Told) -> tuple[Problem, LabelReading]:
    """Builds a problem from a table of numbers of samples."""
    assert options.counts is not None
    found = (
        read_own_counts(options.counts) if options.multi_source else read_counts(options.counts, **options.reading())
    )
    told(found.reading)
    sizes = tuple(len(task.classes) for task in found.reading.tasks)
    if options.classes and options.classes != sizes:
        raise ValueError(f"--counts is {_by(sizes)}, --classes says {_by(options.classes)}")
    if options.multi_source:
        return ufm.MultiSource(list(found.counts), **settings), found.reading
    return ufm.SingleSource(found.counts, **settings), found.reading


def _from_targets(options: FileOptions, settings: ufm.ProblemSettings, told: Told) -> tuple[Problem, LabelReading]:
    """Builds a regression problem: all columns are one task, or tasks side by side."""
    assert options.targets is not None
    numbers = read_numbers(options.targets, "--targets", **options.reading())
    sizes = [validation.whole_number("--outputs", size, 1) for size in options.outputs] or [len(numbers.columns)]
    if sum(sizes) != len(numbers.columns):
        raise ValueError(
            f"--outputs {' '.join(map(str, sizes))} are {sum(sizes)} columns, {options.targets.name} has "
            f"{len(numbers.columns)}"
        )
    parts = split_outputs(sizes, numbers.columns)
    names = [options.targets.stem if len(parts) == 1 else listed([c.title for c in part]) for part in parts]
    tasks = tuple(map(named_outputs, names, parts))
    reading = LabelReading((numbers.file,), tasks, numbers.warnings, "Targets read")
    told(reading)
    blocks = [np.stack([column.values for column in part], axis=1) for part in parts]
    return ufm.Regression(blocks, **settings), reading


def _from_probabilities(
    options: FileOptions, settings: ufm.ProblemSettings, told: Told
) -> tuple[Problem, LabelReading]:
    """Builds a problem of soft labels: a distribution over classes for every sample, one file per task."""
    if options.outputs:
        raise ValueError("--outputs goes with --targets; --probabilities takes one file a task")
    files = [read_numbers(path, "--probabilities", **options.reading()) for path in options.probabilities]
    tasks = tuple(
        named_outputs(path.stem, numbers.columns) for path, numbers in zip(options.probabilities, files, strict=True)
    )
    warnings = tuple(text for numbers in files for text in numbers.warnings)
    reading = LabelReading(tuple(numbers.file for numbers in files), tasks, warnings, "Probabilities read")
    told(reading)
    blocks = [numbers.array() for numbers in files]
    return ufm.SingleSource.from_probabilities(blocks, **settings), reading


def _by(sizes: Sequence[int]) -> str:
    return " × ".join(map(str, sizes))
