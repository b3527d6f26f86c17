"""A problem from flags or from real label files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import ufm
from ufm.solution import Problem
from verify.cli.label_files import read_labels


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
    """Label file, .csv or .npy, one row a sample and one column a task; with --multi-source one file a task."""
    multi_source: bool = False
    """Problem (4), every task with samples of its own, in place of Problem (3)."""
    lambda_H: float = 5e-4
    """λ_H, beside the sum of cross-entropies (see --reduction)."""
    lambda_W: float = 5e-4
    """λ_W."""
    lambda_b: float = 5e-4
    """λ_b."""
    task_weights: tuple[float, ...] = ()
    """c^1 … c^T; ones by default."""
    reduction: str = "sum"
    """What the cross-entropy is over samples: sum or mean."""
    label_smoothing: float = 0.0
    """ε of label smoothing."""

    @property
    def given(self) -> bool:
        """Whether any flag differs from its default."""
        return self != ProblemOptions()

    def build(self) -> Problem:
        """ValueError names what is missing or contradictory."""
        settings: dict[str, object] = {
            "lambda_H": self.lambda_H,
            "lambda_W": self.lambda_W,
            "lambda_b": self.lambda_b,
            "task_weights": list(self.task_weights) or None,
            "reduction": self.reduction,
            "label_smoothing": self.label_smoothing,
        }
        if self.labels:
            if self.samples or self.n_same is not None or self.n_different is not None:
                raise ValueError("--labels counts its own samples; leave --samples, --n-same and --n-different out")
            return self._from_files(settings)
        if not self.classes:
            raise ValueError("the problem needs --classes K_1 … K_T with --samples, or --labels FILE")
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

    def _correlated(self, settings: dict[str, object]) -> Problem:
        if self.n_same is None or self.n_different is None or self.samples or self.multi_source:
            raise ValueError("correlated tasks need both --n-same and --n-different, and no --samples, --multi-source")
        if len(set(self.classes)) != 1 or len(self.classes) > 2:
            raise ValueError(f"--n-same and --n-different need --classes K or --classes K K, got {self.classes}")
        return ufm.SingleSource.correlated(
            self.classes[0], n_same=self.n_same, n_different=self.n_different, **settings
        )

    def _from_files(self, settings: dict[str, object]) -> Problem:
        classes = self.classes or None
        arrays = [read_labels(path) for path in self.labels]
        if self.multi_source:
            for path, array in zip(self.labels, arrays, strict=True):
                if array.shape[1] != 1:
                    raise ValueError(f"{path.name} has {array.shape[1]} columns; --multi-source takes one file a task")
            return ufm.MultiSource.from_labels([array[:, 0] for array in arrays], classes, **settings)
        if len(arrays) != 1:
            raise ValueError(f"--labels takes one file without --multi-source, got {len(arrays)}")
        return ufm.SingleSource.from_labels(arrays[0], classes, **settings)
