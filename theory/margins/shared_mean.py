"""Balanced tasks of sigmoids whose means share one singular value.

z^t = a_t (e_{k_t} − 1/K_t) + μ_t 1: margins have singular values of their own, but all means are constant over columns
and together have one, √N M with M² = Σ_t c^t K_t μ_t². With m_t = μ_t + b_t and x_t of ``theory.margins.sigmoid_task``

    μ_t = −x_t √N M/(τ K_t) where M > 0,   b_t = −x_t N/(2λ_b K_t),   Σ_t c^t x_t²/K_t ≤ τ²/N, equal where M > 0:

    m_t(x_t) + β x_t/K_t = 0,   β = N/(2λ_b) + √N M/τ.

Σ c^t x_t²/K_t decreases in β, so β is N/(2λ_b) (0 without bias) where that is small enough, and else its root. A free
bias is β = ∞: x_t = 0 and b_t = m_t(0). One task has x = ρ where M > 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from theory.margins.safeguarded_newton import decreasing_root
from theory.margins.sigmoid_task import SigmoidTask


@dataclass(frozen=True)
class Means:
    """x_t, μ_t, b_t and M.

    pull  √(N Σ c^t x_t²/K_t) of means that the heads have no part of; they have none while it is at most τ
    """

    x: tuple[float, ...]
    mu: tuple[float, ...]
    bias: tuple[float, ...]
    size: float
    pull: float


def means(tasks: Sequence[SigmoidTask], samples: int, tau: float, bias_share: float) -> Means:
    """At the minimum, all μ_t and b_t ≤ 0; ``bias_share`` is N/(2λ_b), 0 without bias and ∞ of a free one."""
    zero = (0.0,) * len(tasks)
    if math.isinf(bias_share):
        return Means(zero, zero, tuple(task.mean(0.0) for task in tasks), 0.0, 0.0)
    alone = tuple(task.excess(bias_share / task.classes)[0] for task in tasks)
    pull = math.sqrt(samples) * _length(tasks, alone)
    x = _shared(tasks, tau / math.sqrt(samples), bias_share)
    bias = tuple(0.0 - bias_share * v / task.classes for task, v in zip(tasks, x or alone, strict=True))
    if x is None:
        return Means(alone, zero, bias, 0.0, pull)
    mu = tuple(min(task.mean(v) - b, 0.0) for task, v, b in zip(tasks, x, bias, strict=True))
    size = math.sqrt(math.fsum(task.weight * task.classes * u * u for task, u in zip(tasks, mu, strict=True)))
    return Means(x, mu, bias, size, pull)


def _length(tasks: Sequence[SigmoidTask], x: Sequence[float]) -> float:
    """√(Σ c^t x_t²/K_t)."""
    return math.sqrt(math.fsum(task.weight * v * v / task.classes for task, v in zip(tasks, x, strict=True)))


def _shared(tasks: Sequence[SigmoidTask], bound: float, bias_share: float) -> tuple[float, ...] | None:
    """(T,) x_t where the heads take part of the mean, else None; ``bound`` is τ/√N."""
    if len(tasks) == 1:
        (task,) = tasks
        rho = task.rho
        shared = rho < task.largest and task.mean(rho) + bias_share / task.classes * rho < 0.0
        return (rho,) if shared else None
    if not _length(tasks, [task.excess(bias_share / task.classes)[0] for task in tasks]) > bound:
        return None

    def evaluate(log_beta: float) -> tuple[float, float]:
        """log( √(Σ c^t x_t²/K_t) / (τ/√N) ) and its derivative by log β."""
        beta = math.exp(log_beta)
        roots = [task.excess(beta / task.classes) for task in tasks]
        parts = list(zip(tasks, roots, strict=True))
        square = math.fsum(task.weight * x * x / task.classes for task, (x, _) in parts)
        slope = math.fsum(task.weight * x * fall * beta / task.classes**2 for task, (x, fall) in parts)
        return 0.5 * math.log(square) - math.log(bound), slope / square

    low = math.log(bias_share) if bias_share > 0 else -math.inf
    start = low + 1e-3 if bias_share > 0 else 0.0
    beta = math.exp(decreasing_root(evaluate, low, math.inf, start, scale=1.0))
    return tuple(task.excess(beta / task.classes)[0] for task in tasks)
