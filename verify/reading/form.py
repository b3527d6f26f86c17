"""A problem as target columns, read from its public fields alone.

Column l is a distinct label with target y_l ∈ R^R in task blocks y_tl, and with logits u_l = W h_l + b (h_l the
feature of that label, or each of its features)

    F = Σ_t c^t Σ_l a_l ℓ_t(u_tl; y_tl) + λ_H Σ_l w_l ‖h_l‖² + λ_W Σ_t c^t ‖W^t‖² + λ_b Σ_t c^t ‖b^t‖²,

where the sum over l leaves out the columns without a label in task t: their block of y is 0, and so are loss and
residual there. λ_b = 0 leaves the bias free; None means no bias, b = 0.

Problem (3): a_l = w_l = n_l. Problem (4) is T such forms, one per task, with w_l = c^t n_l. reduction="mean" divides
a_l, and only a_l, by the samples of the form. Pick-all-label is one form of one task with Problem (3)'s weights; soft
labels and real targets are Problem (3) with other columns y.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from itertools import groupby
from typing import Any, Literal, Protocol, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

from ufm.support.public_fields import require_known, task_losses
from verify.losses import LOSSES, Loss
from verify.losses.tasks import Tasks, stacked
from verify.reading.outline import Outline

Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
Source = Literal["single", "multi", "multilabel", "soft", "regression"]
FIELDS = (
    *("source", "classes", "labels", "counts", "task_weights", "lambda_H", "lambda_W", "lambda_b", "reduction"),
    *("label_smoothing", "loss", "targets"),
    *("losses", "samples", "multiplicities", "label_sets"),  # these follow from the others
    *("class_names", "task_names"),
)
MISSING = -1  # stands for no label
EVERY = slice(None)


class Problem(Protocol):
    """The public fields of ufm's problems that verification reads.

    source   "single" (``ufm.SingleSource``), "multi" (``ufm.MultiSource``), "multilabel" (``ufm.MultiLabel``), "soft"
             (``ufm.SoftLabels``) or "regression" (``ufm.Regression``)
    labels   of "single": −1 where a task has no label; of "soft" and "regression": the numbers of the columns
    Besides these: ``loss``, one name or one per task, cross-entropy if the field is absent; and for "soft", before
    smoothing, and of "regression" ``targets`` (columns, R).
    """

    source: Source
    classes: tuple[int, ...]
    labels: Any
    counts: Any
    task_weights: Float
    lambda_H: float
    lambda_W: float
    lambda_b: float | None
    reduction: Literal["sum", "mean"]
    label_smoothing: float


@dataclass(frozen=True)
class Group:
    """Consecutive tasks that share a loss: their numbers, their rows, and their data for the loss."""

    loss: type[Loss]
    tasks: slice
    rows: slice
    at: Tasks


@dataclass(frozen=True, kw_only=True)
class Form(Outline):
    """F as in the module's equation; R = Σ K_t rows, m columns.

    labels          (m, T)  label tuples, in the problem's order; pick-all-label: (m, K) indicators of the label sets;
                            of soft and real targets: (m, 1) the numbers of the columns
    indicators      (R, m)  1 at the rows that a label owns, else 0: one in each task's block, or the members of a set;
                            soft and real targets own none
    targets         (R, m)  y_l
    labelled        (T, m)  whether column l has a label in task t; None if no label is missing
    """

    labels: Int
    indicators: Float
    targets: Float
    labelled: Bool | None

    @cached_property
    def groups(self) -> list[Group]:
        """The tasks grouped into runs of one loss."""
        groups = []
        for loss, tasks, rows in self._runs:
            labelled = None if self.labelled is None else self.labelled[tasks]
            at = Tasks(
                self.classes[tasks],
                self.targets[rows],
                self.tops[tasks] - rows.start,
                self.masses[tasks],
                None if labelled is None or labelled.all() else labelled,
                self.named,
                self.roundings,
            )
            groups.append(Group(loss, tasks, rows, at))
        return groups

    @cached_property
    def _runs(self) -> list[tuple[type[Loss], slice, slice]]:
        """Loss, tasks and rows of each run of tasks with one loss."""
        runs, start = [], 0
        for name, run in groupby(self.losses):
            tasks = slice(start, start := start + len(list(run)))
            rows = slice(self.blocks[tasks.start].start, self.blocks[tasks.stop - 1].stop)
            runs.append((LOSSES[name], tasks, rows))
        return runs

    @cached_property
    def row_labelled(self) -> Bool | None:
        """(R, m) ``labelled`` on all rows of each task."""
        return None if self.labelled is None else np.repeat(self.labelled, self.classes, axis=0)

    @cached_property
    def masses(self) -> Float:
        """(T, m) s_tl, what the loss makes of a column's weight: Σ_k y_tl,k, or 1; 0 where a task has no label."""
        sums = self.block_sums(self.targets)
        for loss, run, _ in self._runs:
            sums[run] = loss.mass(sums[run])
        return sums if self.labelled is None else np.where(self.labelled, sums, 0.0)

    @cached_property
    def tops(self) -> Int:
        """(T, m) the row of a largest target in each block: the label's own, or the first of a label set."""
        if self.labels.shape[1] == len(self.classes) and self.named:
            own = self.labels.T if self.labelled is None else np.maximum(self.labels.T, 0)
            return own if len(self.classes) == 1 else own + np.array([[rows.start] for rows in self.blocks])
        return np.stack([rows.start + np.argmax(self.targets[rows], axis=0) for rows in self.blocks])

    @property
    def label_sizes(self) -> tuple[int, ...]:
        """The number of values of each column of ``labels``: classes, or columns of the problem."""
        return self.classes if self.named else (len(self.counts),)

    @cached_property
    def named(self) -> bool:
        """Whether columns are labels of classes, unlike soft and real targets."""
        return bool(self.indicators.any())

    @cached_property
    def scaling(self) -> Float:
        """(R, m) √(c^t w_l): Z̃ = scaling · Z is the matrix whose nuclear norm τ weighs."""
        return np.sqrt(self.rows_c)[:, None] * np.sqrt(self.feature_weight)


def require_problem(problem: Problem) -> None:
    """Raises TypeError for another source, ValueError for an unknown loss or public field, which is another model."""
    source = getattr(problem, "source", None)
    if not isinstance(source, str) or source not in get_args(Source):
        known = "ufm.SingleSource, ufm.MultiSource, ufm.MultiLabel, ufm.SoftLabels or ufm.Regression"
        raise TypeError(f"problem must be a {known}, got {type(problem).__name__} with source={source!r}")
    require_known(problem, FIELDS, "verify")
    task_losses(problem, LOSSES, "verify")


def forms(problem: Problem) -> tuple[Form, ...]:
    """One form of Problem (3) or of pick-all-label, or T one-task forms of Problem (4)."""
    require_problem(problem)
    return tuple(columns.form() for columns in columns_of(problem))


def columns_of(problem: Problem) -> tuple[Columns, ...]:
    """The columns of each form of a problem that has passed ``require_problem``."""
    tasks = slice(0, len(problem.classes))
    match problem.source:
        case "single" | "multilabel" | "soft" | "regression":
            return (Columns(problem, tasks, problem.labels, problem.counts, np.ones(1)),)
        case "multi":
            each = enumerate(zip(problem.task_weights, problem.labels, problem.counts, strict=True))
            return tuple(Columns(problem, slice(t, t + 1), y, n, np.array([c])) for t, (c, y, n) in each)
        case _:
            assert_never(problem.source)


@dataclass(frozen=True)
class Columns:
    """The columns of one form as the problem gives them: matrices of R rows are made of those asked for alone.

    tasks         which of the problem's are the form's
    labels        (m, T) as in ``Form``
    counts        (m,)
    owner_weight  (1,) what features are weighed by besides counts: c^t in Problem (4), else 1
    """

    problem: Problem
    tasks: slice
    labels: Int
    counts: Int
    owner_weight: Float

    @cached_property
    def outline(self) -> Outline:
        """The form without its matrices."""
        problem = self.problem
        classes = tuple(problem.classes[self.tasks])
        averaged_over = float(self.counts.sum()) if problem.reduction == "mean" else 1.0
        return Outline(
            classes=classes,
            counts=np.asarray(self.counts),
            loss_weight=self.counts / averaged_over,
            feature_weight=self.counts * self.owner_weight,
            task_weights=np.asarray(problem.task_weights[self.tasks], dtype=np.float64),
            lambda_H=problem.lambda_H,
            lambda_W=problem.lambda_W,
            lambda_b=problem.lambda_b,
            losses=tuple(task_losses(problem, LOSSES, "verify")[self.tasks]),
            roundings=self._roundings(classes),
        )

    def form(self, at: slice = EVERY) -> Form:
        """The form, or that of the columns ``at`` alone, with the weights that they have among all."""
        whole, labels = self.outline, np.asarray(self.labels)[at]
        indicators = self._indicators(labels)
        own = {name: getattr(whole, name)[at] for name in ("counts", "loss_weight", "feature_weight")}
        return Form(
            **({field.name: getattr(whole, field.name) for field in fields(whole)} | own),
            labels=labels,
            indicators=indicators,
            targets=self._targets(indicators, at),
            labelled=labels.T != MISSING if labels.min() == MISSING else None,
        )

    def _indicators(self, labels: Int) -> Float:
        """(R, n) of labels (n, T)."""
        match self.problem.source:
            case "multilabel":
                return np.array(labels.T, float)
            case "single" | "multi":
                return _one_hot(self.outline.classes, labels)
            case "soft" | "regression":
                return np.zeros((sum(self.outline.classes), len(labels)))
            case _:
                assert_never(self.problem.source)

    def _targets(self, indicators: Float, at: slice) -> Float:
        """y_t = (1 − ε) y'_t + ε s_t / K_t with s_t = Σ y'_t, from indicators or targets y' as given."""
        epsilon, classes = self.problem.label_smoothing, self.outline.classes
        given = indicators if self._named else _rows_of_targets(self.problem, at)
        if not epsilon:
            return given
        starts = np.cumsum(classes) - classes
        sums = np.add.reduceat(given, np.asarray(starts, dtype=np.int64), axis=0)
        uniform = np.repeat(sums / np.array(classes)[:, None], classes, axis=0)
        return (1.0 - epsilon) * given + epsilon * uniform

    def _roundings(self, classes: tuple[int, ...]) -> int:
        """Of the targets; smoothing adds all of a task's."""
        if not self.problem.label_smoothing:
            return 0
        return 4 if self._named else max(classes) + 4

    @property
    def _named(self) -> bool:
        return self.problem.source not in ("soft", "regression")


def _one_hot(classes: tuple[int, ...], labels: Int) -> Float:
    """(R, m) stacked e_{k_t}, 0 where there is no label."""
    return stacked([np.equal.outer(np.arange(k), labels[:, t]).astype(np.float64) for t, k in enumerate(classes)])


def _rows_of_targets(problem: Any, at: slice) -> Float:
    """(R, n) of a field that problems of classes do not have."""
    return np.ascontiguousarray(np.asarray(problem.targets[at], dtype=np.float64).T)
