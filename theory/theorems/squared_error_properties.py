"""Which properties of neural collapse a minimizer of squared error has, by the paper's names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.feature_space import Float
from theory.margins.balanced_targets import APART, SHARED
from theory.margins.target_columns import blocks
from theory.margins.target_modes import Structure
from theory.reading import Reading, square_root
from theory.theorems.squared_error_cases import Solved, even


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
    alike = (structure is Structure.TASKS and not task.levelled) or (structure is Structure.CLASSES and even(problem))
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
