"""A problem read exactly: counts and reductions as integers, λ's, weights, targets and ε as the very doubles they are.

As ``verify.reading.form``, with y_tl = (1 − ε) g_tl + ε s_tl/K_t never rounded: g_tl is what is given of column l in
task t, the indicator of its classes or a row of doubles, s_tl its sum, and the loss weight is a_l = n_l / (1 or N).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from theory.balls.exact_reading import ExactPart, exact_parts
from verify.losses import LOSSES, Loss
from verify.losses.balls import Ball, flint
from verify.reading.form import Bool, Float, Problem, require_problem
from verify.reading.sources import numbered, own_features


class Target(NamedTuple):
    """y_tl (K_t balls) and its sum s_tl, which smoothing leaves as it is."""

    y: list[Ball]
    mass: Ball | int


@dataclass(frozen=True)
class BallForm:
    """One form of the problem; what balls are made of is exact, so they are as small as the working precision allows.

    classes       (K_1, …, K_T)
    losses        (T,) the tasks' losses
    given         (R, m) targets before smoothing, stacked
    labelled      (T, m) whether there is a loss
    whole         whether ``given`` are indicators
    counts        n_l, m integers
    divisor       N under reduction="mean", else 1
    owner         c^t of the task that owns the samples, Problem (4); else 1
    lambda_b      0 where the bias is free, None if there is none
    """

    classes: tuple[int, ...]
    losses: tuple[type[Loss], ...]
    given: Float
    labelled: Bool
    whole: bool
    counts: tuple[int, ...]
    divisor: int
    owner: float
    task_weights: tuple[float, ...]
    lambda_H: float
    lambda_W: float
    lambda_b: float | None
    label_smoothing: float

    @property
    def blocks(self) -> list[range]:
        """Rows of each task."""
        ends = np.cumsum(self.classes).tolist()
        return [range(end - k, end) for end, k in zip(ends, self.classes, strict=True)]

    @property
    def tau(self) -> Ball:
        """τ = 2 √(λ_W λ_H)."""
        arb = flint().arb
        return 2 * (arb(self.lambda_W) * arb(self.lambda_H)).sqrt()

    def loss_weights(self) -> list[Ball]:
        """(m,) a_l."""
        library = flint()
        return [library.arb(library.fmpq(n, self.divisor)) for n in self.counts]

    def feature_weights(self) -> list[Ball]:
        """(m,) w_l = n_l · owner."""
        return [n * flint().arb(self.owner) for n in self.counts]

    def targets(self) -> list[list[Target | None]]:
        """For each task and column y_tl, or None without a label."""
        target = self._indicator if self.whole else self._row
        return [
            [target(given) if labelled else None for given, labelled in zip(columns, present, strict=True)]
            for columns, present in zip(
                (self.given[rows.start : rows.stop].T.tolist() for rows in self.blocks),
                self.labelled.tolist(),
                strict=True,
            )
        ]

    def _indicator(self, given: list[float]) -> Target:
        """ε s/K outside the set, 1 − ε + ε s/K inside."""
        epsilon, mass = flint().arb(self.label_smoothing), int(sum(given))
        outside = epsilon * mass / len(given)
        inside = 1 - epsilon + outside
        return Target([inside if member else outside for member in given], mass)

    def _row(self, given: list[float]) -> Target:
        """(1 − ε) g + ε s/K."""
        arb = flint().arb
        y, epsilon = [arb(x) for x in given], arb(self.label_smoothing)
        mass = sum(y, arb(0))
        if self.label_smoothing:
            uniform = epsilon * mass / len(y)
            y = [(1 - epsilon) * x + uniform for x in y]
        return Target(y, mass)


def ball_forms(problem: Problem) -> tuple[BallForm, ...]:
    """One form of Problem (3), of label sets or of other targets, T one-task forms of Problem (4).

    Raises ValueError for targets that a task's loss does not take: a bound would not be one.
    """
    require_problem(problem)
    return tuple(_form(problem, part) for part in exact_parts(problem))


def _form(problem: Problem, part: ExactPart) -> BallForm:
    form = BallForm(
        classes=part.classes,
        losses=tuple(LOSSES[name] for name in part.losses),
        given=part.given,
        labelled=part.labelled,
        whole=not numbered(problem),
        counts=part.counts,
        divisor=part.divisor,
        owner=float(part.task_weights[0]) if own_features(problem) else 1.0,
        task_weights=tuple(float(c) for c in part.task_weights),
        lambda_H=float(part.lambda_H),
        lambda_W=float(part.lambda_W),
        lambda_b=None if part.lambda_b is None else float(part.lambda_b),
        label_smoothing=float(part.smoothing),
    )
    for t, (loss, rows) in enumerate(zip(form.losses, form.blocks, strict=True)):
        if not loss.takes(form.given[rows.start : rows.stop, form.labelled[t]]):
            raise ValueError(f"targets of task {t + 1} are none that {part.losses[t]} takes: {loss.takes.__doc__}")
    return form
