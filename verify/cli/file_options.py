"""A problem from real files: labels, targets, probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from tyro.conf import FlagCreatePairsOff

import ufm
from ufm.losses import DEFAULT, LOSSES
from ufm.problems.problem_settings import checked_losses
from ufm.problems.standard_form import MISSING
from ufm.solution import Problem
from ufm.support import validation
from verify.cli.count_tables import is_file, read_counts, read_own_counts
from verify.cli.counted_options import CountedOptions
from verify.cli.label_files import read_label_sets, read_tasks
from verify.cli.number_files import named_outputs, read_numbers, split_outputs
from verify.reading.label_reading import LabelReading, listed

Told = Callable[[LabelReading], None]

FILES = ("labels", "counts", "targets", "probabilities")
READING = ("delimiter", "header", "no_header", "columns")


@dataclass(frozen=True)
class FileOptions(CountedOptions):
    """Files that a problem may be read from, and how they are written."""

    labels: tuple[Path, ...] = ()
    """Label file, text (.csv, .tsv, .txt), .npy, .npz or .parquet, one row a sample and one column a task; with
    --multi-source one file a task; with --multi-label one column a class, of 0 and 1."""
    counts: str | None = None
    """Samples of every label tuple. Of two tasks a table: "30 10; 10 30", or a file of text, names of classes in its
    first line and column, or .npy; of one task a row; of T tasks .npy with T axes; with --multi-source a row a task."""
    missing: tuple[str, ...] = ()
    """What stands for no label in label files, such as -1, or "" for empty cells; refused unless given."""
    targets: Path | None = None
    """Regression: file of numbers, text or .npy, one row a sample and one column an output."""
    outputs: tuple[int, ...] = ()
    """Columns of --targets that each task has, in order; one task unless given."""
    probabilities: tuple[Path, ...] = ()
    """Soft labels: one file a task, one row a sample and one column a class, of probabilities."""
    delimiter: str | None = None
    """Of files: comma, semicolon, tab, pipe, blanks, none (one column) or a character; found out unless given."""
    header: FlagCreatePairsOff[bool] = False
    """The first line of files names the columns; found out unless given."""
    no_header: FlagCreatePairsOff[bool] = False
    """… is a sample."""
    columns: tuple[str, ...] = ()
    """Columns of files to read, by name or by position from 1; all unless given."""

    @property
    def file_names(self) -> tuple[str, ...]:
        """Without their folders."""
        counts = (Path(self.counts),) if self.counts and is_file(self.counts) else ()
        targets = () if self.targets is None else (self.targets,)
        return tuple(path.name for path in (*self.labels, *counts, *targets, *self.probabilities))

    def _from_any_file(
        self, loss: ufm.LossSettings, settings: ufm.ProblemSettings, told: Told
    ) -> tuple[Problem, LabelReading]:
        """From the files that are given, of which there is one kind."""
        if "," in self._set(FILES):
            raise ValueError(f"{self._set(FILES)} state a problem each; leave all but one out")
        counted = ("samples", "n_same", "n_different", "orthogonal_array", "samples_by_multiplicity", "outputs")
        if self.counts is not None:
            if self._set((*counted, "multi_label", "missing")):
                raise ValueError(
                    f"--counts has all samples; leave {self._set((*counted, 'multi_label', 'missing'))} out"
                )
            return self._from_counts(settings, told)
        if self.labels:
            if self._set(counted):
                raise ValueError(f"--labels counts its own samples; leave {self._set(counted)} out")
            return self._from_label_sets(loss, told) if self.multi_label else self._from_labels(settings, told)
        others = (*(field.name for field in fields(CountedOptions)), "missing")
        if self._set(others):
            raise ValueError(f"{self._set(FILES)} takes numbers, not classes; leave {self._set(others)} out")
        return self._from_targets(settings, told) if self.targets else self._from_probabilities(settings, told)

    def _from_label_sets(self, settings: ufm.LossSettings, told: Told) -> tuple[Problem, LabelReading]:
        """Sets of labels, from an indicator file."""
        self._check_label_sets()
        if len(self.labels) != 1:
            raise ValueError(f"--labels takes one file with --multi-label, got {len(self.labels)}")
        if self.missing:
            raise ValueError("--multi-label takes 0 and 1 only; leave --missing out, and samples without labels too")
        losses = checked_losses(settings.get("loss", DEFAULT), 1)
        empty_sets = not LOSSES[losses[0]].shift_blind
        indicators, reading = read_label_sets(self.labels[0], empty_sets=empty_sets, **self._reading())
        told(reading)
        if self.classes and indicators.shape[1] != self.classes[0]:
            raise ValueError(f"{self.labels[0].name} has {indicators.shape[1]} columns, --classes {self.classes[0]}")
        return ufm.MultiLabel.from_indicators(indicators, **settings), reading

    def _from_labels(self, settings: ufm.ProblemSettings, told: Told) -> tuple[Problem, LabelReading]:
        """A label in every task, where none is missing; or one task a file."""
        if not self.multi_source and len(self.labels) != 1:
            raise ValueError(f"--labels takes one file without --multi-source, got {len(self.labels)}")
        sizes = validation.class_numbers("classes", self.classes) if self.classes else ()
        arrays, reading = read_tasks(self.labels, sizes, told=told, missing=self.missing, **self._reading())
        classes = [len(task.classes) for task in reading.tasks]
        if not self.multi_source:
            missing = MISSING if self.missing else None
            return ufm.SingleSource.from_labels(arrays[0], classes, missing=missing, **settings), reading
        for path, array in zip(self.labels, arrays, strict=True):
            if array.shape[1] != 1:
                raise ValueError(f"{path.name} has {array.shape[1]} columns; --multi-source takes one file a task")
        return ufm.MultiSource.from_labels([array[:, 0] for array in arrays], classes, **settings), reading

    def _from_counts(self, settings: ufm.ProblemSettings, told: Told) -> tuple[Problem, LabelReading]:
        """From a table of numbers of samples."""
        assert self.counts is not None
        found = read_own_counts(self.counts) if self.multi_source else read_counts(self.counts, **self._reading())
        told(found.reading)
        sizes = tuple(len(task.classes) for task in found.reading.tasks)
        if self.classes and self.classes != sizes:
            raise ValueError(f"--counts is {_by(sizes)}, --classes says {_by(self.classes)}")
        if self.multi_source:
            return ufm.MultiSource(list(found.counts), **settings), found.reading
        return ufm.SingleSource(found.counts, **settings), found.reading

    def _from_targets(self, settings: ufm.ProblemSettings, told: Told) -> tuple[Problem, LabelReading]:
        """Real numbers, all columns one task, or tasks side by side."""
        assert self.targets is not None
        numbers = read_numbers(self.targets, "--targets", **self._reading())
        sizes = [validation.whole_number("--outputs", size, 1) for size in self.outputs] or [len(numbers.columns)]
        if sum(sizes) != len(numbers.columns):
            raise ValueError(
                f"--outputs {' '.join(map(str, sizes))} are {sum(sizes)} columns, {self.targets.name} has "
                f"{len(numbers.columns)}"
            )
        parts = split_outputs(sizes, numbers.columns)
        names = [self.targets.stem if len(parts) == 1 else listed([c.title for c in part]) for part in parts]
        tasks = tuple(map(named_outputs, names, parts))
        reading = LabelReading((numbers.file,), tasks, numbers.warnings, "Targets read")
        told(reading)
        blocks = [np.stack([column.values for column in part], axis=1) for part in parts]
        return ufm.Regression(blocks, **settings), reading

    def _from_probabilities(self, settings: ufm.ProblemSettings, told: Told) -> tuple[Problem, LabelReading]:
        """A distribution over classes for every sample, one task a file."""
        if self.outputs:
            raise ValueError("--outputs goes with --targets; --probabilities takes one file a task")
        files = [read_numbers(path, "--probabilities", **self._reading()) for path in self.probabilities]
        tasks = tuple(
            named_outputs(path.stem, numbers.columns) for path, numbers in zip(self.probabilities, files, strict=True)
        )
        warnings = tuple(text for numbers in files for text in numbers.warnings)
        reading = LabelReading(tuple(numbers.file for numbers in files), tasks, warnings, "Probabilities read")
        told(reading)
        blocks = [numbers.array() for numbers in files]
        return ufm.SingleSource.from_probabilities(blocks, **settings), reading

    def _reading(self) -> dict[str, Any]:
        if self.header and self.no_header:
            raise ValueError("--header and --no-header contradict each other")
        header = self.header if self.header or self.no_header else None
        return {"delimiter": self.delimiter, "header": header, "columns": self.columns}


def _by(sizes: Sequence[int]) -> str:
    return " × ".join(map(str, sizes))
