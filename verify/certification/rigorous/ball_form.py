"""A problem read exactly: counts and reductions as integers, λ's, weights and ε as the very doubles they are.

As ``verify.reading.form``, with y_tl = (1 − ε) 1_{S_tl} + ε s_tl/K_t never rounded: S_tl are the classes of label l
in task t, s_tl how many, and the loss weight is a_l = n_l / (1 or N).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from theory.balls.exact_reading import ExactPart, exact_parts
from ufm.support.public_fields import task_losses
from verify.certification.rigorous.balls import Ball, flint
from verify.reading.form import Int, Problem, require_problem
from verify.reading.sources import label_sets, numbered, own_features


@dataclass(frozen=True)
class BallForm:
    """One form of the problem; what balls are made of is exact, so they are as small as the working precision allows.

    classes       (K_1, …, K_T)
    members       (R, m) 0/1 indicators of S_tl, stacked
    counts        n_l, m integers
    divisor       N under reduction="mean", else 1
    owner         c^t of the task that owns the samples, Problem (4); else 1
    """

    classes: tuple[int, ...]
    members: Int
    counts: tuple[int, ...]
    divisor: int
    owner: float
    task_weights: tuple[float, ...]
    lambda_H: float
    lambda_W: float
    lambda_b: float
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

    def targets(self, classes: int, mass: int) -> tuple[Ball, Ball]:
        """y of a class outside S and of one inside, |S| = mass: ε s/K and 1 − ε + ε s/K."""
        epsilon = flint().arb(self.label_smoothing)
        outside = epsilon * mass / classes
        return outside, 1 - epsilon + outside


def ball_forms(problem: Problem) -> tuple[BallForm, ...]:
    """One form of Problem (3) or of a multi-label problem, T one-task forms of Problem (4)."""
    require_problem(problem)
    _require_proofs(problem)
    return tuple(_form(problem, part) for part in exact_parts(problem))


def _require_proofs(problem: Problem) -> None:
    """ValueError for what ball arithmetic does not know here."""
    task_losses(problem, ("cross-entropy",), "rigorous=True")
    missing = problem.source == "single" and (problem.labels < 0).any()
    if not problem.lambda_b or numbered(problem) or missing:
        raise ValueError(
            f"rigorous=True takes class labels, none missing, and a penalized bias; this {type(problem).__name__} has "
            f"lambda_b={problem.lambda_b!r}; leave rigorous=False"
        )


def _form(problem: Problem, part: ExactPart) -> BallForm:
    tasks = zip(part.classes, part.labels.T, strict=True)
    return BallForm(
        classes=part.classes,
        members=part.labels.T if label_sets(problem) else np.concatenate([_one_hot(k, labels) for k, labels in tasks]),
        counts=part.counts,
        divisor=part.divisor,
        owner=float(part.task_weights[0]) if own_features(problem) else 1.0,
        task_weights=tuple(float(c) for c in part.task_weights),
        lambda_H=float(part.lambda_H),
        lambda_W=float(part.lambda_W),
        lambda_b=float(problem.lambda_b or 0.0),
        label_smoothing=float(part.smoothing),
    )


def _one_hot(classes: int, labels: Int) -> Int:
    return np.asarray(np.arange(classes)[:, None] == labels, dtype=np.int64)
