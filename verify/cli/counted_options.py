"""A problem from numbers of samples on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import ufm

if TYPE_CHECKING:
    from ufm.solution import Problem


@dataclass(frozen=True)
class CountedOptions:
    """The problem, by numbers of samples"""

    classes: tuple[int, ...] = ()
    """Classes of each task, K_1 … K_T."""
    samples: tuple[int, ...] = ()
    """Samples of every label tuple; with --multi-source of every class, one number or one per task."""
    n_same: int | None = None
    """Two correlated tasks of K classes each: samples of every label tuple whose labels agree."""
    n_different: int | None = None
    """Two correlated tasks: samples of every label tuple whose labels differ."""
    multi_source: bool = False
    """Problem (4), each task with its own samples, in place of Problem (3)."""
    orthogonal_array: bool = False
    """Tasks of K classes each in which every pair is uniform, from K² label tuples: --classes K … K with --samples."""
    multi_label: bool = False
    """Pick-all-label: K classes of which a sample has several; with --samples-by-multiplicity or --labels."""
    samples_by_multiplicity: tuple[str, ...] = ()
    """m:n, one or more: n samples of every label set of m labels, such as 1:10 2:5."""

    def flags_set(self, names: tuple[str, ...]) -> str:
        """The fields that differ from their defaults, as flags."""
        given = [name for name in names if getattr(self, name) != getattr(type(self), name)]
        return ", ".join(f"--{name.replace('_', '-')}" for name in given)

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
        if self.flags_set(others):
            raise ValueError(f"--orthogonal-array takes --classes and --samples; leave {self.flags_set(others)} out")
        if len(set(self.classes)) != 1 or len(self.samples) != 1:
            raise ValueError(
                f"--orthogonal-array needs --classes K … K, one K for each task, and --samples with one number; got "
                f"{self.classes} and {self.samples}"
            )
        return ufm.SingleSource.orthogonal_array(self.classes[0], len(self.classes), self.samples[0], **settings)

    def _label_sets(self, settings: ufm.LossSettings) -> Problem:
        """Pick-all-label, balanced within each multiplicity."""
        self.check_label_sets()
        if not self.classes:
            raise ValueError("--multi-label needs --classes K, one number, got ()")
        if not self.samples_by_multiplicity:
            raise ValueError("--multi-label needs --samples-by-multiplicity, such as 1:10 2:5, or --labels FILE")
        n = dict(map(_multiplicity, self.samples_by_multiplicity))
        if len(n) != len(self.samples_by_multiplicity):
            raise ValueError(f"--samples-by-multiplicity names one twice: {' '.join(self.samples_by_multiplicity)}")
        return ufm.MultiLabel.balanced(self.classes[0], n, **settings)

    def check_label_sets(self) -> None:
        """Raises ValueError if flags of other problems stand beside --multi-label."""
        if not self.multi_label:
            raise ValueError("--samples-by-multiplicity goes with --multi-label")
        others = ("multi_source", "samples", "n_same", "n_different", "orthogonal_array", "task_weights")
        if self.flags_set(others):
            raise ValueError(f"--multi-label is one task of several labels; leave {self.flags_set(others)} out")
        if len(self.classes) > 1:
            raise ValueError(f"--multi-label needs --classes K, one number, got {self.classes}")


def _multiplicity(text: str) -> tuple[int, int]:
    """(m, n) of "m:n"."""
    m, colon, n = text.partition(":")
    if not (colon and m.isdecimal() and n.isdecimal()):
        raise ValueError(f"--samples-by-multiplicity takes m:n, such as 2:5 for 5 samples of every pair, got {text!r}")
    return int(m), int(n)
