"""Squared error straight from the public fields: targets sample by sample, the objective, its optimality, its minimum.

Independent of ``theory`` and of the solvers: one-hot columns are built label by label, the minimum comes from an SVD,
here in numpy and in ``minimum_in_digits`` by mpmath, or, of a penalized bias, from cvxpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy
import mpmath
import numpy as np


@dataclass
class Program:
    """½ Σ c n ‖z + b − y‖² + λ_H Σ n ‖h‖² + λ_W Σ c ‖w‖² + λ_b Σ c ‖b‖², c (R,) a row each, all times a factor."""

    Y: np.ndarray
    n: np.ndarray
    c: np.ndarray
    factor: float
    divisor: float
    lambda_H: float
    lambda_W: float
    lambda_b: float | None

    def value(self, W: np.ndarray, H: np.ndarray, b: np.ndarray) -> float:
        loss = 0.5 * np.sum(self.c[:, None] * (W @ H + b[:, None] - self.Y) ** 2 * self.n) / self.divisor
        penalty = self.lambda_H * np.sum(self.n * H**2) + self.lambda_W * np.sum(self.c[:, None] * W**2)
        return self.factor * (loss + penalty + (self.lambda_b or 0.0) * np.sum(self.c * b**2))

    @property
    def tau(self) -> float:
        return 2.0 * self.divisor * np.sqrt(self.lambda_H * self.lambda_W)

    def residual(self, Z: np.ndarray, b: np.ndarray) -> float:
        """How far −Ṽ is from τ ∂‖Z̃‖_*, and b from stationary: 0 at a minimum."""
        root_c, root_n = np.sqrt(self.c)[:, None], np.sqrt(self.n)
        V = root_c * (self.Y - Z - b[:, None]) * root_n
        Z = root_c * Z * root_n
        U, s, Vt = np.linalg.svd(Z, full_matrices=False)
        kept = s > 1e-7 * max(1.0, np.linalg.norm(V))
        U, Vt = U[:, kept], Vt[kept]
        off = [np.linalg.norm(V, 2) / self.tau - 1.0, *(np.linalg.norm(V @ Vt.T - self.tau * U, axis=0) / self.tau)]
        if self.lambda_b is not None:
            scale = self.n.sum() + 2.0 * self.lambda_b * self.divisor
            slope = (self.Y - Z / root_c / root_n - b[:, None]) @ self.n - 2.0 * self.lambda_b * self.divisor * b
            off.append(np.abs(slope).max() / scale)
        return max(off)

    def minimum(self) -> float:
        """By an SVD in numpy, of a free bias or none."""
        s = np.linalg.svd(self.weighted(), compute_uv=False)
        tau = self.tau
        return self.factor * float(np.sum(0.5 * np.minimum(s, tau) ** 2 + tau * np.maximum(s - tau, 0))) / self.divisor

    def weighted(self) -> np.ndarray:
        Y = self.Y - (self.Y @ self.n / self.n.sum())[:, None] if self.lambda_b == 0 else self.Y
        return np.sqrt(self.c)[:, None] * Y * np.sqrt(self.n)

    def minimum_in_digits(self, digits: int = 50) -> Any:
        """By an SVD in mpmath; the targets and λ's are the doubles that they are."""
        with mpmath.workdps(digits):
            n = [mpmath.mpf(int(x)) for x in self.n]
            rows = [[mpmath.mpf(float(y)) for y in row] for row in self.Y]
            if self.lambda_b == 0:
                means = [mpmath.fsum(y * m for y, m in zip(row, n, strict=True)) / mpmath.fsum(n) for row in rows]
                rows = [[y - mean for y in row] for row, mean in zip(rows, means, strict=True)]
            scaled = [
                [mpmath.sqrt(mpmath.mpf(float(c))) * y * mpmath.sqrt(m) for y, m in zip(row, n, strict=True)]
                for c, row in zip(self.c, rows, strict=True)
            ]
            A = mpmath.matrix(scaled)
            squares = mpmath.eigsy(A * A.T, eigvals_only=True)
            tau = 2 * int(self.divisor) * mpmath.sqrt(mpmath.mpf(self.lambda_H) * mpmath.mpf(self.lambda_W))
            total = mpmath.mpf(0)
            for x in squares:
                s = mpmath.sqrt(max(x, 0))
                total += min(s, tau) ** 2 / 2 + tau * max(s - tau, 0)
            return self.factor * total / int(self.divisor)

    def minimum_by_cvxpy(self) -> float:
        Z, b = cvxpy.Variable(self.Y.shape), cvxpy.Variable(len(self.Y))
        root_c, root_n = np.sqrt(self.c)[:, None], np.sqrt(self.n)[None, :]
        weights = root_c @ root_n
        u = Z + cvxpy.reshape(b, (len(self.Y), 1), order="C") @ np.ones((1, self.Y.shape[1]))
        loss = 0.5 * cvxpy.sum_squares(cvxpy.multiply(weights, u - self.Y)) / self.divisor
        norm = self.tau / self.divisor * cvxpy.norm(cvxpy.multiply(weights, Z), "nuc")
        penalty = (self.lambda_b or 0.0) * cvxpy.sum(cvxpy.multiply(self.c, cvxpy.square(b)))
        constraints = [b == 0] if self.lambda_b is None else []
        program = cvxpy.Problem(cvxpy.Minimize(loss + norm + penalty), constraints)
        program.solve(solver="CLARABEL")
        return self.factor * float(program.value)


def programs(problem: Any) -> list[Program]:
    """One, or T of Problem (4)."""
    epsilon = problem.label_smoothing
    shared = (problem.lambda_H, problem.lambda_W, problem.lambda_b)

    def form(Y: Any, n: np.ndarray, c: Any, factor: float) -> Program:
        divisor = float(n.sum()) if problem.reduction == "mean" else 1.0
        return Program(np.array(Y).T, n.astype(float), np.array(c), factor, divisor, *shared)

    def one_hot(k: int, K: int) -> list[float]:
        return [(1 - epsilon) * (j == k) + epsilon / K for j in range(K)]

    rows_c = [c for c, K in zip(problem.task_weights, problem.classes, strict=True) for _ in range(K)]
    match problem.source:
        case "multi":
            tasks = zip(problem.classes, problem.labels, problem.counts, problem.task_weights, strict=True)
            return [form([one_hot(int(k), K) for (k,) in y], n, [1.0] * K, float(c)) for K, y, n, c in tasks]
        case "single":
            Y = [
                [y for k, K in zip(row, problem.classes, strict=True) for y in one_hot(int(k), K)]
                for row in problem.labels
            ]
        case "multilabel":
            K = problem.classes[0]
            Y = [[(1 - epsilon) * x + epsilon * sum(row) / K for x in row] for row in problem.labels.tolist()]
        case _:
            blocks = np.split(problem.targets, np.cumsum(problem.classes)[:-1], axis=1)
            Y = np.concatenate([(1 - epsilon) * p + epsilon * p.mean(axis=1, keepdims=True) for p in blocks], axis=1)
    return [form(Y, problem.counts, rows_c, 1.0)]
