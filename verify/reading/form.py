"""A problem as soft-target columns, read from its public fields alone.

Column l is a distinct label with target y_l ∈ R^R_{≥0}, task blocks y_tl of mass s_tl = Σ_k y_tl,k, and with
logits u_l = W h_l + b (h_l the feature of that label, or each of its features)

    F = Σ_t c^t Σ_l a_l [ s_tl lse(u_tl) − ⟨y_tl, u_tl⟩ ]
        + λ_H Σ_l w_l ‖h_l‖² + λ_W Σ_t c^t ‖W^t‖² + λ_b Σ_t c^t ‖b^t‖².

Problem (3): a_l = w_l = n_l. Problem (4) is T such forms, one per task, with w_l = c^t n_l. reduction="mean" divides
a_l, and only a_l, by the samples of the form. Pick-all-label is one form of one task, Problem (3)'s weights and masses
s_S = |S|. A model whose loss is cross-entropy to other targets is other columns y.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Protocol, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from ufm.support.public_fields import require_known

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Source = Literal["single", "multi", "multilabel"]
FIELDS = (
    *("source", "classes", "labels", "counts", "task_weights", "lambda_H", "lambda_W", "lambda_b", "reduction"),
    *("label_smoothing", "samples", "multiplicities", "label_sets"),  # the last three follow from the others
)


class Problem(Protocol):
    """The public fields of ufm's problems that the verification reads.

    source  "single" (``ufm.SingleSource``), "multi" (``ufm.MultiSource``) or "multilabel" (``ufm.MultiLabel``)
    """

    source: Source
    classes: tuple[int, ...]
    labels: Any
    counts: Any
    task_weights: Float
    lambda_H: float
    lambda_W: float
    lambda_b: float
    reduction: Literal["sum", "mean"]
    label_smoothing: float


@dataclass(frozen=True)
class Form:
    """F as in the module's equation; R = Σ K_t rows, m columns.

    labels          (m, T)  label tuples, in the problem's order; pick-all-label: (m, K) indicators of the label sets
    indicators      (R, m)  1 at the rows that a label owns, else 0: one in each task's block, or the members of a set
    counts          (m,)    n_l
    targets         (R, m)  y_l
    loss_weight     (m,)    a_l
    feature_weight  (m,)    w_l
    task_weights    (T,)    c^t
    """

    classes: tuple[int, ...]
    labels: Int
    indicators: Float
    counts: Int
    targets: Float
    loss_weight: Float
    feature_weight: Float
    task_weights: Float
    lambda_H: float
    lambda_W: float
    lambda_b: float

    @cached_property
    def blocks(self) -> list[slice]:
        """Rows of each task."""
        ends = np.cumsum(self.classes).tolist()
        return [slice(end - k, end) for end, k in zip(ends, self.classes, strict=True)]

    @cached_property
    def rows_c(self) -> Float:
        """(R,) c^t of the task that owns each row."""
        return np.repeat(self.task_weights, self.classes)

    def block_sums(self, rows: Float) -> Float:
        """(T, m) sums over each task's rows of (R, m)."""
        sums = np.empty((len(self.classes), rows.shape[1]))
        for block, total in zip(self.blocks, sums, strict=True):
            np.add.reduce(rows[block], axis=0, out=total)
        return sums

    @cached_property
    def masses(self) -> Float:
        """(T, m) s_tl."""
        return self.block_sums(self.targets)

    @cached_property
    def tops(self) -> Int:
        """(T, m) the row of a largest target in each block: the label's own, or the first of a label set."""
        starts = np.array([rows.start for rows in self.blocks])[:, None]
        if self.labels.shape[1] == len(starts):
            return np.asarray(starts + self.labels.T, dtype=np.int64)
        return np.stack([rows.start + np.argmax(self.targets[rows], axis=0) for rows in self.blocks])

    @cached_property
    def soft(self) -> bool:
        """Whether a block has positive targets besides its top: smoothed labels, label sets."""
        return bool(np.count_nonzero(self.targets) > self.tops.size)

    @property
    def tau(self) -> float:
        """τ = 2 √(λ_W λ_H)."""
        return float(2.0 * np.sqrt(self.lambda_W) * np.sqrt(self.lambda_H))

    @property
    def scaling(self) -> Float:
        """(R, m) √(c^t w_l): Z̃ = scaling · Z is the matrix whose nuclear norm τ weighs."""
        return np.sqrt(self.rows_c)[:, None] * np.sqrt(self.feature_weight)

    @property
    def sufficient_dim(self) -> int:
        """min(R − T, m): centred logits have no larger rank, so a wider feature space lowers no minimum."""
        return min(sum(self.classes) - len(self.classes), len(self.counts))


def require_problem(problem: Problem) -> None:
    """TypeError for another source, ValueError for a public field that is not read here: another model, perhaps."""
    source = getattr(problem, "source", None)
    if not isinstance(source, str) or source not in get_args(Source):
        known = "ufm.SingleSource, ufm.MultiSource or ufm.MultiLabel"
        raise TypeError(f"problem must be a {known}, got {type(problem).__name__} with source={source!r}")
    require_known(problem, FIELDS, "verify")


def forms(problem: Problem) -> tuple[Form, ...]:
    """One form of Problem (3) or of pick-all-label, or T one-task forms of Problem (4)."""
    require_problem(problem)
    tasks = np.arange(len(problem.classes))
    match problem.source:
        case "multilabel":
            members = np.array(problem.labels.T, float)
            return (_form(problem, tasks, problem.labels, problem.counts, np.ones(1), members),)
        case "single":
            one_hot = _one_hot(problem.classes, problem.labels)
            return (_form(problem, tasks, problem.labels, problem.counts, np.ones(1), one_hot),)
        case "multi":
            c, each = problem.task_weights, zip(problem.classes, problem.labels, problem.counts, strict=True)
            return tuple(
                _form(problem, tasks[t : t + 1], labels, counts, c[t : t + 1], _one_hot((k,), labels))
                for t, (k, labels, counts) in enumerate(each)
            )
        case _:
            assert_never(problem.source)


def _one_hot(classes: tuple[int, ...], labels: Int) -> Float:
    """(R, m) stacked e_{k_t}."""
    return np.concatenate([np.eye(k)[:, labels[:, t]] for t, k in enumerate(classes)])


def _form(problem: Problem, tasks: Int, labels: Int, counts: Int, owner_weight: Float, indicators: Float) -> Form:
    """Targets y_t = (1 − ε) 1 + ε s_t / K_t, with s_t the members of the label in block t."""
    classes = tuple(problem.classes[t] for t in tasks)
    averaged_over = float(counts.sum()) if problem.reduction == "mean" else 1.0
    starts = np.cumsum(classes) - classes
    members = np.add.reduceat(indicators, starts, axis=0)
    uniform = np.repeat(members / np.array(classes)[:, None], classes, axis=0)
    return Form(
        classes=classes,
        labels=np.asarray(labels),
        indicators=indicators,
        counts=np.asarray(counts),
        targets=(1.0 - problem.label_smoothing) * indicators + problem.label_smoothing * uniform,
        loss_weight=counts / averaged_over,
        feature_weight=counts * owner_weight,
        task_weights=np.asarray(problem.task_weights[tasks], dtype=np.float64),
        lambda_H=problem.lambda_H,
        lambda_W=problem.lambda_W,
        lambda_b=problem.lambda_b,
    )
