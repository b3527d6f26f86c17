"""Which named case of squared error a problem is, and which properties of neural collapse its minimizer has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from theory.feature_space import Float
from theory.margins.balanced_targets import APART, SHARED, class_counts
from theory.margins.modes import Shrunk, bias_share
from theory.margins.target_columns import blocks
from theory.margins.target_modes import Structure, Targets
from theory.margins.threshold import Threshold
from theory.reading import Reading, SumProblem, square_root
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
        even = all(_even(task.problem) for task in solved)
        source = "Tirer & Bruna 2022" if even else "Dang et al. 2023"
        return Case("Squared error, orthogonal heads", f"{HERE}; {source}", below or not even)
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


def properties(reading: Reading, solved: Sequence[Solved]) -> tuple[tuple[str, ...], bool]:
    """Codes of the properties that hold, and whether the nearest centre decides as the heads do on every feature."""
    match reading.source:
        case "regression":
            return _of_regression(reading, solved[0]), False
        case "soft":
            return ("SNC1",), False
        case "multilabel":
            (task,) = solved
            simplex = task.targets.structure is Structure.SETS and not task.levelled and _alive(task)
            return (("NC1", "NC2", "NC_m") if simplex else ("NC1",)), False
    codes = {"single": _of_single, "multi": _of_multi}[reading.source](solved)
    decided = all(_decides_rightly(task) for task in solved)
    nearest = ("MNC4",) if reading.source == "multi" else ("SNC5",)
    return (*codes, *(nearest if decided else ())), decided and all(map(_everywhere, solved))


def _of_regression(reading: Reading, task: Solved) -> tuple[str, ...]:
    """NRC3 is WWᵀ ∝ (Σ^{1/2} − γ), Σ the covariance of targets: one task, a free bias, nothing past its threshold."""
    full = sum(part.mode.basis.shape[1] for part in task.shrunk if part.size > 0) == sum(task.problem.classes)
    third = len(task.problem.classes) == 1 and reading.lambda_b == 0 and full
    return ("SNC1", "NRC1", "NRC2", *(("NRC3",) if third else ()))


def _of_single(solved: Sequence[Solved]) -> tuple[str, ...]:
    (task,) = solved
    if task.levelled or not _alive(task):
        return ("SNC1",)
    match task.targets.structure:
        case Structure.TASKS:
            return ("SNC1", "SNC2", "SNC3", "SNC4")
        case Structure.CORRELATED:
            sums = task.problem.classes[0] == 2 or sum(part.size > 0 for part in task.own) == 1
            return ("SNC1", "SNC2", *(("SNC4",) if sums else ()))
    return ("SNC1",)


def _of_multi(solved: Sequence[Solved]) -> tuple[str, ...]:
    simplices = all(task.targets.structure is Structure.TASKS and not task.levelled for task in solved)
    return ("MNC1", "MNC2", "MNC3") if simplices and any(map(_alive, solved)) else ("MNC1",)


def _alive(task: Solved) -> bool:
    return any(part.size > 0 for part in task.own)


def _even(problem: SumProblem) -> bool:
    counts = class_counts(problem)
    return bool(np.all(counts == counts[0]))


def _decides_rightly(task: Solved) -> bool:
    """Each feature's own class has the largest logit, bias included, in every task: centres then tell the same.

    Without modes that are alike for all classes of a task only differences count, so the margin beside rounding is one
    of logits.
    """
    problem = task.problem
    starts = np.cumsum((0, *problem.classes))
    for chosen in blocks(problem):
        logits = task.fit.logits(chosen) + task.bias[:, None]
        slack = 64 * float(np.finfo(np.float64).eps) * float(np.abs(logits).max(initial=0.0))
        columns = np.arange(logits.shape[1])
        for t, labels in enumerate(problem.labels[chosen].T):
            block = logits[starts[t] : starts[t + 1]].copy()
            own = block[labels, columns]
            block[labels, columns] = -np.inf
            if np.any(own <= block.max(axis=0) + slack):
                return False
    return True


def _everywhere(task: Solved) -> bool:
    """All label tuples occur, and their centres are as long as each other along heads at equal angles."""
    problem, structure = task.problem, task.targets.structure
    tuples = 1
    for K in problem.classes:
        tuples *= K
    present = np.unique(problem.labels[problem.counts > 0], axis=0)
    alike = (structure is Structure.TASKS and not task.levelled) or (structure is Structure.CLASSES and _even(problem))
    return alike and len(present) == tuples


def feature_weights(task: Solved) -> Float | None:
    """(T, columns) g with h_l = Σ_t g[t, l] w_{k_t}^t, where features are such sums; √(λ_W/λ_H) c u/s, u = 1 − ε.

    h = √(λ_W/λ_H) Σ_i u_i u_iᵀ/s_i of the target's own W̃: a sum of its heads where s_i is the same for all that it has
    a part of.
    """
    problem, structure = task.problem, task.targets.structure
    if task.levelled or not task.own:
        return None
    shorter = 1.0 / problem.balance()
    weights = np.array(problem.task_weights)
    columns = len(problem.labels)
    scale = {part.mode.what: shorter * float(part.mode.unit) / square_root(part.mode.square) for part in task.own}
    match structure:
        case Structure.TASKS:
            rows = np.array([scale[f"task {t + 1}"] for t in range(len(weights))])
            return np.asarray(np.broadcast_to((rows * weights)[:, None], (len(weights), columns)))
        case Structure.CLASSES:
            return np.array([[weights[0] * scale[f"class {k + 1}"] for k in problem.labels[:, 0]]])
        case Structure.SETS:
            return np.full((1, columns), weights[0] * scale["labels"]) if "labels" in scale else None
        case Structure.CORRELATED:
            return _of_pairs(task, scale, weights[0])
    return None


def _of_pairs(task: Solved, scale: dict[str, float], weight: float) -> Float | None:
    """Where two binary tasks agree or differ, or one of the two parts is zero."""
    alive = [part.mode.what for part in task.own if part.size > 0]
    if task.problem.classes[0] > 2 and len(alive) > 1:
        return None
    agree = task.problem.labels[:, 0] == task.problem.labels[:, 1]
    shared, apart = (scale[what] if what in alive else 0.0 for what in (SHARED, APART))
    of_different = apart or shared
    return np.asarray(weight * np.broadcast_to(np.where(agree, shared, of_different), (2, len(agree))))
