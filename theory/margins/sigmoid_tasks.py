"""Balanced tasks of sigmoids that share features: thresholds, margins, means and the minimum.

Σ_t c^t N [ ℓ(on_t) + (K_t−1) ℓ(off_t) ] + τ Σ_t √(c^t N/K_t) (K_t−1) a_t + τ √N M + λ_b Σ_t c^t K_t b_t²
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from theory.feature_space import Float
from theory.margins.shared_mean import Means, means
from theory.margins.sigmoid_task import SigmoidTask
from theory.margins.threshold import Threshold, as_double, threshold
from theory.reading import SumProblem


@dataclass(frozen=True, eq=False)
class SigmoidTasks:
    """One feature space: its tasks, thresholds with the margins a_t, and means."""

    problem: SumProblem
    tasks: tuple[SigmoidTask, ...]
    rows: tuple[Threshold, ...]
    means: Means

    @property
    def margins(self) -> Float:
        """(T,) a_t."""
        return np.array([row.margin for row in self.rows])


def solve(problem: SumProblem, number: int = 1) -> SigmoidTasks:
    """The tasks that share features; ``number`` names the only task of a problem by itself."""
    epsilon, product = Fraction(problem.label_smoothing), problem.lambda_H * problem.lambda_W
    tasks = tuple(
        SigmoidTask.of(K, Fraction(c), epsilon, product, problem.samples)
        for K, c in zip(problem.classes, problem.task_weights, strict=True)
    )
    found = means(tasks, problem.samples, problem.tau, _bias_share(problem))
    rows = []
    for t, (task, x) in enumerate(zip(tasks, found.x, strict=True)):
        what = f"task {t + 1 if len(tasks) > 1 else number}"
        row = threshold(what, task.classes, _hard_threshold(problem, t), problem)
        rows.append(replace(row, margin=task.margin(x) if row.below else 0.0))
    return SigmoidTasks(problem, tasks, tuple(rows), found)


def _bias_share(problem: SumProblem) -> float:
    """N/(2λ_b): 0 without bias, ∞ of a free one."""
    if problem.lambda_b is None:
        return 0.0
    return as_double(problem.samples / (2 * problem.lambda_b)) if problem.lambda_b > 0 else math.inf


def _hard_threshold(problem: SumProblem, t: int) -> Fraction:
    """c^t N / (4 K_t)."""
    return Fraction(problem.task_weights[t]) * problem.samples / (4 * problem.classes[t])


def minimum(solved: SigmoidTasks) -> float:
    """min F, in the problem's reduction."""
    problem, found = solved.problem, solved.means
    N, tau = problem.samples, problem.tau
    terms = [tau * math.sqrt(N) * found.size]
    for task, a, x, b in zip(solved.tasks, solved.margins.tolist(), found.x, found.bias, strict=True):
        K, c = task.classes, task.weight
        terms += [c * N * task.loss(x), tau * math.sqrt(c * N / K) * (K - 1) * a]
        terms.append(float(problem.lambda_b or 0) * c * K * b * b)
    return math.fsum(terms) / problem.divisor
