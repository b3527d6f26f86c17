"""The minimum of balanced tasks of sigmoids in ball arithmetic, between a point and a dual point.

A dual point is a probability for each logit. With e = min(ε + ρ_t, 1), ρ_t = τ√(K_t/(c^t N)), and any x_t,

    p_off = (e + x_t)/K_t,   p_on = 1 − ((K_t−1) e − x_t)/K_t,   H(p) = −p log p − (1−p) log(1−p)
    D(x) = Σ_t c^t N [ H(p_on) + (K_t−1) H(p_off) ] − Σ_t c^t N² x_t²/(4 λ_b K_t)  ≤  min F

as long as N Σ_t c^t x_t²/K_t ≤ τ², and x = 0 of a free bias: differences of probabilities keep to ρ_t by themselves.
An x that is not proven to lie in this ball is put on its sphere. The logits of p, their mean shared between bias and
heads by ``theory.margins.shared_mean``, give a point. x needs no proof; Newton's method finds it in as many bits as
asked for.

K labels in half of the samples each and in a quarter by pairs: K c N H(p), p = τ/√(cN), at most ½.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from theory.balls.exact_reading import ExactPart, ball, pairwise_uniform
from theory.balls.library import flint
from theory.balls.sigmoid_task_in_balls import Task, entropy, task_of
from theory.margins.shared_mean import means
from theory.margins.sigmoid_task import SigmoidTask
from theory.margins.threshold import as_double
from theory.reading import square_root

STEPS = 12  # from 53 bits, which each doubles


def binary_cross_entropy(parts: Sequence[ExactPart], source: str) -> tuple[str, Any]:
    """The law's name and the minimum; raises ValueError if it is not known."""
    part = parts[0]
    if source == "multilabel" and _uncorrelated(part):
        return "K binary tasks", _independent(part)
    if source == "multi" and all(map(pairwise_uniform, parts)):
        return "tasks of sigmoids", sum(ball(part.task_weights[0]) * _balanced(part.alone) for part in parts)
    if source == "single" and pairwise_uniform(part):
        return "tasks of sigmoids", _balanced(part)
    if source == "multilabel" and all(row.sum() == 1 for row, n in zip(part.labels, part.counts, strict=True) if n > 0):
        part = replace(part, labels=part.labels.argmax(axis=1)[:, None])
        if pairwise_uniform(part):
            return "tasks of sigmoids", _balanced(part)
    raise ValueError(
        "no closed form or law is known for this problem of binary cross-entropy; covered are label-balanced or "
        "pairwise uniform tasks, class-balanced tasks of Problem (4), sets of one label each, and hard labels each in "
        "half of the samples, every pair of them in a quarter"
    )


def _uncorrelated(part: ExactPart) -> bool:
    weighted = part.labels * np.array(part.counts, dtype=np.int64)[:, None]
    joint, N = weighted.T @ part.labels, part.samples
    return part.smoothing == 0 and np.array_equal(4 * joint, N * (1 + np.eye(len(joint), dtype=np.int64)))


def _independent(part: ExactPart) -> Any:
    weight = part.task_weights[0] * part.samples
    p = part.tau / ball(weight).sqrt() if 16 * part.product < weight else ball(Fraction(1, 2))
    return part.classes[0] * ball(weight) * entropy(p, 1 - p) / part.divisor


def _balanced(part: ExactPart) -> Any:
    """min F between D and the point of its x."""
    N, tau = part.samples, part.tau
    bias = None if part.lambda_b is None else part.lambda_b * part.divisor
    tasks = [task_of(part, K, c) for K, c in zip(part.classes, part.task_weights, strict=True)]
    x, shared = _found(part, tasks, bias)
    squares = N * sum((task.c * v * v / task.classes for task, v in zip(tasks, x, strict=True)), flint().arb(0))
    if not squares <= tau * tau:
        x = [v * tau / squares.sqrt() for v in x]
    lower = sum(task.dual(v) for task, v in zip(tasks, x, strict=True))
    if bias:
        lower -= sum(task.c * (N * v) ** 2 / (4 * ball(bias) * task.classes) for task, v in zip(tasks, x, strict=True))
    upper, means_squared = flint().arb(0), flint().arb(0)
    for task, v in zip(tasks, x, strict=True):
        a, m = task.margin(v).mid(), task.mean(v).mid()
        b = m if bias is not None and not shared else flint().arb(0)
        if bias and shared:
            b = (-N * v / (2 * ball(bias) * task.classes)).mid()
        mu = m - b if shared else flint().arb(0)
        upper += task.loss(a, mu + b) + tau * (task.weight / task.classes).sqrt() * (task.classes - 1) * a
        upper += task.c * task.classes * b * b * ball(bias or Fraction(0))
        means_squared += task.c * task.classes * mu * mu
    upper += tau * (N * means_squared).sqrt()
    return lower.lower().union(upper.upper()) / part.divisor


def _found(part: ExactPart, tasks: Sequence[Task], bias: Fraction | None) -> tuple[list[Any], bool]:
    """x, and whether the heads take part of the mean: in floating point, then by Newton's method."""
    arb = flint().arb
    if bias == 0:
        return [arb(0)] * len(tasks), False
    rough = [
        SigmoidTask.of(K, c, part.smoothing, part.product, part.samples)
        for K, c in zip(part.classes, part.task_weights, strict=True)
    ]
    share = Fraction(0) if bias is None else part.samples / (2 * bias)
    means_found = means(rough, part.samples, 2 * square_root(part.product), as_double(share))
    x = [arb(v) for v in means_found.x]
    if means_found.size == 0:
        return [_root(task, v, ball(share / task.classes)) for task, v in zip(tasks, x, strict=True)], False
    if len(tasks) == 1:
        return [part.tau * (tasks[0].classes / tasks[0].weight).sqrt()], True
    return _together(part, tasks, x), True


def _root(task: Task, x: Any, beta: Any) -> Any:
    """m(x) + β x = 0."""
    for _ in range(STEPS if task.classes > 2 else 0):
        moved = (x - (task.mean(x) + beta * x) / (task.slope(x) + beta)).mid()
        if not moved.is_finite():
            break
        x = moved
    return x


def _together(part: ExactPart, tasks: Sequence[Task], x: list[Any]) -> list[Any]:
    """m_t(x_t) + β x_t/K_t = 0 and Σ c^t x_t²/K_t = τ²/N, in x and β."""
    beta = next(-task.classes * task.mean(v) / v for task, v in zip(tasks, x, strict=True) if task.classes > 2).mid()
    for _ in range(STEPS):
        excess = -(part.tau**2) / part.samples
        falls, turn, residuals, slopes = flint().arb(0), flint().arb(0), [], []
        for task, v in zip(tasks, x, strict=True):
            K = task.classes
            residuals.append(task.mean(v) + beta * v / K if K > 2 else flint().arb(0))
            slopes.append(task.slope(v) + beta / K)
            excess += task.c * v * v / K
            turn += 2 * task.c * v * residuals[-1] / (K * slopes[-1])
            falls += 2 * task.c * v * v / (K**2 * slopes[-1])
        step = (excess - turn) / falls
        moved = [
            (v - (r + v * step / task.classes) / slope).mid()
            for task, v, r, slope in zip(tasks, x, residuals, slopes, strict=True)
        ]
        if not all(v.is_finite() for v in moved):
            break
        x, beta = moved, (beta + step).mid()
    return x
