"""Which named case of squared error a problem is, and its regime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.feature_space import Float
from theory.margins.balanced_targets import class_counts
from theory.margins.modes import Shrunk, bias_share
from theory.margins.target_modes import Structure, Targets
from theory.margins.threshold import Threshold
from theory.reading import Reading, SumProblem
from theory.theorems.fitted_space import Fit

HERE = "docs/theory.md, squared error"
LEVEL = ("the mean", "sizes of sets", "the mean and sizes of sets")  # modes along which all classes of a task are alike


@dataclass(frozen=True, eq=False)
class Solved:
    """Problem (3), or a task of Problem (4) without its weight, and what is left of the modes of its targets."""

    problem: SumProblem
    targets: Targets
    shrunk: tuple[Shrunk, ...]

    @property
    def levelled(self) -> bool:
        """Whether the heads fit any of the mean, or of the sizes of label sets: then they are no simplex."""
        return any(part.size > 0 for part in self.shrunk if part.mode.what in LEVEL)

    @cached_property
    def fit(self) -> Fit:
        """The map from targets to logits."""
        return Fit(self.problem, self.shrunk, self.targets.mean)

    @property
    def rank(self) -> int:
        """Of the targets, their mean included where the heads fit any of it."""
        parts = (part for part in self.shrunk if part.size > 0 or not part.of_bias)
        return sum(part.mode.basis.shape[1] for part in parts)

    @property
    def own(self) -> list[Shrunk]:
        """The modes of what tells classes apart."""
        return [part for part in self.shrunk if part.mode.what not in LEVEL]

    @property
    def bias(self) -> Float:
        """(R,) ȳ of a free bias, (1 − κ)(1 − β/σ) ȳ of a penalized one, zero without bias, where ȳ is."""
        level = max((part.level for part in self.shrunk if part.mode.mean > 0), default=0.0)
        return np.asarray((1.0 - float(bias_share(self.problem))) * (1.0 - level) * self.targets.mean)


def even(problem: SumProblem) -> bool:
    """Whether every class of a problem of one task has as many samples."""
    counts = class_counts(problem)
    return bool(np.all(counts == counts[0]))


@dataclass(frozen=True)
class Case:
    """Its name and source, and whether that source states the prediction."""

    name: str
    citation: str
    published: bool


def case_of(reading: Reading, solved: Sequence[Solved]) -> Case:
    """The named case, by the balance of the targets and by the bias."""
    structures = {task.targets.structure for task in solved}
    structure = structures.pop() if len(structures) == 1 else Structure.ANY
    problem = solved[0].problem
    one = len(problem.classes) == 1
    free, hard = reading.lambda_b == 0, reading.label_smoothing == 0
    below = all(part.threshold.below for task in solved for part in task.shrunk if not part.of_bias)
    if reading.source == "regression":
        published = one and free and below
        return Case("Squared error, regression", f"{HERE}; one task: Andriopoulos et al. 2024", published)
    if structure is Structure.CLASSES:
        balanced = all(even(task.problem) for task in solved)
        source = "Tirer & Bruna 2022" if balanced else "Dang et al. 2023"
        return Case("Squared error, orthogonal heads", f"{HERE}; {source}", below or not balanced)
    if structure is Structure.TASKS and one:
        source = f"{HERE}; Zhou et al. 2022" if free else HERE
        return Case("Squared error, class-balanced", source, free and hard and below)
    if structure is Structure.TASKS:
        return Case("Squared error, label-balanced tasks", f"{HERE}; Theorem 3.1 with other margins", False)
    if structure is Structure.CORRELATED:
        return Case("Squared error, two correlated tasks", f"{HERE}; Theorem 5.1 with other margins", False)
    if structure is Structure.SETS:
        return Case("Squared error, balanced label sets", HERE, False)
    return Case("Squared error", HERE, False)


def regime(rows: Sequence[Threshold]) -> str:
    """In words: what is zero."""
    past = [row.what for row in rows if not row.below]
    if not past:
        return "all singular values below threshold"
    if len(past) == len(rows):
        return "zero"
    shown = ", ".join(past[:3]) + (", …" if len(past) > 3 else "")
    return f"{len(past)} of {len(rows)} past their thresholds, collapsed to zero: {shown}"
