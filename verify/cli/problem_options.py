"""A problem from flags or from real label files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tyro.conf import FlagCreatePairsOff

import ufm
from ufm.problems.problem_settings import Reduction
from ufm.solution import Problem
from ufm.support import validation
from verify.cli.label_files import read_label_sets, read_tasks
from verify.reading.label_reading import LabelReading

_READING = ("delimiter", "header", "no_header", "columns")


@dataclass(frozen=True)
class ProblemOptions:
    """The problem: --classes with counts, or --labels with files."""

    classes: tuple[int, ...] = ()
    """Classes of each task, K_1 … K_T."""
    samples: tuple[int, ...] = ()
    """Samples of every label tuple; with --multi-source of every class, one number or one per task."""
    n_same: int | None = None
    """Two correlated tasks of K classes each: samples of every label tuple whose labels agree."""
    n_different: int | None = None
    """… and of every label tuple whose labels differ."""
    labels: tuple[Path, ...] = ()
    """Label file, text (.csv, .tsv, .txt) or .npy, one row a sample and one column a task; with --multi-source one file
    a task; with --multi-label one column a class, of 0 and 1."""
    delimiter: str | None = None
    """Of label files: comma, semicolon, tab, pipe, blanks, none (one column) or a character; found out unless given."""
    header: FlagCreatePairsOff[bool] = False
    """The first line of label files names the columns; found out unless given."""
    no_header: FlagCreatePairsOff[bool] = False
    """… is a sample."""
    columns: tuple[str, ...] = ()
    """Columns of label files to read, by name or by position from 1; all unless given."""
    multi_source: bool = False
    """Problem (4), every task with samples of its own, in place of Problem (3)."""
    orthogonal_array: bool = False
    """Tasks of K classes each in which every pair is uniform, from K² label tuples: --classes K … K with --samples."""
    multi_label: bool = False
    """Pick-all-label: K classes of which a sample has several; with --samples-by-multiplicity or --labels."""
    samples_by_multiplicity: tuple[str, ...] = ()
    """m:n, one or more: n samples of every label set of m labels, such as 1:10 2:5."""
    lambda_H: float = 5e-4
    """λ_H, beside the sum of cross-entropies (see --reduction)."""
    lambda_W: float = 5e-4
    """λ_W."""
    lambda_b: float = 5e-4
    """λ_b."""
    task_weights: tuple[float, ...] = ()
    """c^1 … c^T; ones by default."""
    reduction: Reduction = "sum"
    """What the cross-entropy is over samples: sum or mean."""
    label_smoothing: float = 0.0
    """ε of label smoothing."""

    @property
    def given(self) -> bool:
        """Whether any flag differs from its default."""
        return self != ProblemOptions()

    def _set(self, names: tuple[str, ...]) -> str:
        """Those of the fields that differ from their defaults, as flags."""
        given = [name for name in names if getattr(self, name) != getattr(ProblemOptions, name)]
        return ", ".join(f"--{name.replace('_', '-')}" for name in given)

    def build(self) -> Problem:
        """ValueError names what is missing or contradictory."""
        return self.stated()[0]

    def stated(
        self, told: Callable[[LabelReading], None] = lambda reading: None
    ) -> tuple[Problem, LabelReading | None]:
        """The problem, and what was read of label files; ``told`` hears that before anything is made of it."""
        loss: ufm.LossSettings = {
            "lambda_H": self.lambda_H,
            "lambda_W": self.lambda_W,
            "lambda_b": self.lambda_b,
            "reduction": self.reduction,
            "label_smoothing": self.label_smoothing,
        }
        settings: ufm.ProblemSettings = {**loss, "task_weights": self.task_weights or None}
        if self.labels:
            counted = ("samples", "n_same", "n_different", "orthogonal_array", "samples_by_multiplicity")
            if self._set(counted):
                raise ValueError(f"--labels counts its own samples; leave {self._set(counted)} out")
            return self._from_label_sets(loss, told) if self.multi_label else self._from_files(settings, told)
        if self._set(_READING):
            raise ValueError(f"{self._set(_READING)}: of the files of --labels, and there are none")
        return self._counted(loss, settings), None

    def _counted(self, loss: ufm.LossSettings, settings: ufm.ProblemSettings) -> Problem:
        """From numbers of samples on the command line."""
        if self.multi_label or self.samples_by_multiplicity:
            return self._label_sets(loss)
        if not self.classes:
            raise ValueError("the problem needs --classes K_1 … K_T with --samples, or --labels FILE")
        if self.orthogonal_array:
            return self._orthogonal_array(settings)
        if self.n_same is not None or self.n_different is not None:
            return self._correlated(settings)
        if not self.samples:
            raise ValueError("--classes needs --samples, the number of samples of every label tuple (of every class)")
        if self.multi_source:
            n = self.samples[0] if len(self.samples) == 1 else list(self.samples)
            return ufm.MultiSource.balanced(self.classes, n, **settings)
        if len(self.samples) != 1:
            raise ValueError(f"--samples takes one number without --multi-source, got {len(self.samples)}")
        return ufm.SingleSource.balanced(self.classes, self.samples[0], **settings)

    def _correlated(self, settings: ufm.ProblemSettings) -> Problem:
        if self.n_same is None or self.n_different is None or self.samples or self.multi_source:
            raise ValueError("correlated tasks need both --n-same and --n-different, and no --samples, --multi-source")
        if len(set(self.classes)) != 1 or len(self.classes) > 2:
            raise ValueError(f"--n-same and --n-different need --classes K or --classes K K, got {self.classes}")
        return ufm.SingleSource.correlated(
            self.classes[0], n_same=self.n_same, n_different=self.n_different, **settings
        )

    def _orthogonal_array(self, settings: ufm.ProblemSettings) -> Problem:
        others = ("multi_source", "n_same", "n_different")
        if self._set(others):
            raise ValueError(f"--orthogonal-array takes --classes and --samples; leave {self._set(others)} out")
        if len(set(self.classes)) != 1 or len(self.samples) != 1:
            raise ValueError(
                f"--orthogonal-array needs --classes K … K, one K for each task, and --samples with one number; got "
                f"{self.classes} and {self.samples}"
            )
        return ufm.SingleSource.orthogonal_array(self.classes[0], len(self.classes), self.samples[0], **settings)

    def _label_sets(self, settings: ufm.LossSettings) -> Problem:
        """Pick-all-label, balanced within each multiplicity."""
        self._check_label_sets()
        if not self.samples_by_multiplicity:
            raise ValueError("--multi-label needs --samples-by-multiplicity, such as 1:10 2:5, or --labels FILE")
        n = dict(map(_multiplicity, self.samples_by_multiplicity))
        if len(n) != len(self.samples_by_multiplicity):
            raise ValueError(f"--samples-by-multiplicity names one twice: {' '.join(self.samples_by_multiplicity)}")
        return ufm.MultiLabel.balanced(self.classes[0], n, **settings)

    def _check_label_sets(self) -> None:
        if not self.multi_label:
            raise ValueError("--samples-by-multiplicity goes with --multi-label")
        others = ("multi_source", "samples", "n_same", "n_different", "orthogonal_array", "task_weights")
        if self._set(others):
            raise ValueError(f"--multi-label is one task of several labels; leave {self._set(others)} out")
        if len(self.classes) != 1 and not (self.labels and not self.classes):
            raise ValueError(f"--multi-label needs --classes K, one number, got {self.classes}")

    def _from_label_sets(
        self, settings: ufm.LossSettings, told: Callable[[LabelReading], None]
    ) -> tuple[Problem, LabelReading]:
        """Pick-all-label, from an indicator file."""
        self._check_label_sets()
        if len(self.labels) != 1:
            raise ValueError(f"--labels takes one file with --multi-label, got {len(self.labels)}")
        indicators, reading = read_label_sets(self.labels[0], **self._reading())
        told(reading)
        if self.classes and indicators.shape[1] != self.classes[0]:
            raise ValueError(f"{self.labels[0].name} has {indicators.shape[1]} columns, --classes {self.classes[0]}")
        return ufm.MultiLabel.from_indicators(indicators, **settings), reading

    def _from_files(
        self, settings: ufm.ProblemSettings, told: Callable[[LabelReading], None]
    ) -> tuple[Problem, LabelReading]:
        if not self.multi_source and len(self.labels) != 1:
            raise ValueError(f"--labels takes one file without --multi-source, got {len(self.labels)}")
        sizes = validation.class_numbers("classes", self.classes) if self.classes else ()
        arrays, reading = read_tasks(self.labels, sizes, told=told, **self._reading())
        classes = [len(task.classes) for task in reading.tasks]
        if not self.multi_source:
            return ufm.SingleSource.from_labels(arrays[0], classes, **settings), reading
        for path, array in zip(self.labels, arrays, strict=True):
            if array.shape[1] != 1:
                raise ValueError(f"{path.name} has {array.shape[1]} columns; --multi-source takes one file a task")
        return ufm.MultiSource.from_labels([array[:, 0] for array in arrays], classes, **settings), reading

    def _reading(self) -> dict[str, Any]:
        if self.header and self.no_header:
            raise ValueError("--header and --no-header contradict each other")
        header = self.header if self.header or self.no_header else None
        return {"delimiter": self.delimiter, "header": header, "columns": self.columns}


def _multiplicity(text: str) -> tuple[int, int]:
    """(m, n) of "m:n"."""
    m, colon, n = text.partition(":")
    if not (colon and m.isdecimal() and n.isdecimal()):
        raise ValueError(f"--samples-by-multiplicity takes m:n, such as 2:5 for 5 samples of every pair, got {text!r}")
    return int(m), int(n)
