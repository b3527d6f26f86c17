"""The cosine between two correlated tasks against their correlation: closed form as a line, certified minima as points.

Figures 3(c) and 60 of the paper have K = 2 (Theorem 5.1); Figures 61 and 62 have K = 3 and K = 10, which the paper only
measures: there the line is the law of K classes, beyond the paper (docs/theory.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

import theory
import ufm
from ufm.losses import DEFAULT, LossName
from verify.certification.many import certify_many
from verify.comparison.checks.row import OBJECTIVE_TOLERANCE, geometry_tolerance

# figure of the paper → K, N
FIGURES = {"3(c)": (2, 8000), "60": (2, 8000), "61": (3, 18_000), "62": (10, 50_000)}
LAMBDA = 5e-4


@dataclass(frozen=True)
class CosineCurve:
    """cos(w_k^1, w_k^2) of two tasks of K classes against n^{11}, at fixed N = K n^{11} + K(K − 1) n^{12}.

    n_same (theory) and cosine are the line; solved_n_same, solved_cosine and relative_gap are the points.
    """

    samples: int
    lambda_H: float
    lambda_W: float
    n_same: NDArray[np.float64]
    cosine: NDArray[np.float64]
    solved_n_same: NDArray[np.int64]
    solved_cosine: NDArray[np.float64]
    relative_gap: NDArray[np.float64]
    tolerance: float
    classes: int = 2
    loss: str = DEFAULT

    @property
    def deviation(self) -> float:
        """Largest distance of a point from the line."""
        return float(np.max(np.abs(self._law() - self.solved_cosine)))

    def _law(self) -> NDArray[np.float64]:
        return _line(self.classes, self.samples, self.solved_n_same, self.lambda_H, self.lambda_W, self.loss)

    @property
    def passed(self) -> bool:
        """Whether points are certified, on the line, and increasing (Theorem 5.1 (3)) unless heads are parallel."""
        certified = bool(np.all(self.relative_gap <= OBJECTIVE_TOLERANCE))
        law = self._law()
        flat = (np.diff(law) == 0) & (np.abs(law[1:]) == 1)
        return certified and self.deviation <= self.tolerance and bool(np.all(flat | (np.diff(self.solved_cosine) > 0)))


def cosine_curve(
    classes: int = 2,
    samples: int = 8000,
    points: int = 9,
    lambda_H: float = LAMBDA,
    lambda_W: float = LAMBDA,
    loss: LossName = DEFAULT,
) -> CosineCurve:
    """Solves and certifies ``points`` problems of N = samples, task-balanced with n^{11} = n^{kk} and n^{12} = n^{kl}.

    λ's multiply beside the SUM of losses. Raises ValueError if K does not divide N, of a loss whose line theory does
    not know, or λ's so large that some of the problems have zero heads, which have no cosine.
    """
    per_class, rest = divmod(samples, classes)
    if rest:
        raise ValueError(f"samples={samples} must be a multiple of classes={classes}")
    wanted = np.linspace(per_class / 20, per_class * 19 / 20, points)
    n_different = ((per_class - wanted) / (classes - 1)).round().astype(np.int64)
    n_same = per_class - (classes - 1) * n_different
    zero = np.isnan(_line(classes, samples, n_same, lambda_H, lambda_W, loss))
    if zero.any():
        raise ValueError(
            f"lambda_H={lambda_H:g} and lambda_W={lambda_W:g} are past every threshold at "
            f"n^{{11}} = {n_same[zero][0]:,}, where heads are zero and have no cosine; smaller ones would do, "
            f"such as {LAMBDA:g}"
        )
    problems = [
        ufm.SingleSource.correlated(
            classes,
            n_same=int(same),
            n_different=int(different),
            lambda_H=lambda_H,
            lambda_W=lambda_W,
            lambda_b=LAMBDA,
            loss=loss,
        )
        for same, different in zip(n_same, n_different, strict=True)
    ]
    solutions = ufm.solve_many(problems)
    gaps = [certificate.relative_gap for certificate in certify_many(problems, solutions)]
    cosines = []
    for solution in solutions:
        w, v = (head[0].numpy() for head in solution.W)
        cosines.append(w @ v / np.sqrt((w @ w) * (v @ v)))
    line = np.linspace(per_class / 200, per_class * 199 / 200, 400)
    return CosineCurve(
        samples=samples,
        lambda_H=lambda_H,
        lambda_W=lambda_W,
        n_same=line,
        cosine=_line(classes, samples, line, lambda_H, lambda_W, loss),
        solved_n_same=n_same,
        solved_cosine=np.array(cosines),
        relative_gap=np.array(gaps),
        tolerance=geometry_tolerance(OBJECTIVE_TOLERANCE),
        classes=classes,
        loss=loss,
    )


def _line(
    classes: int, samples: int, n_same: NDArray[np.generic], lambda_H: float, lambda_W: float, loss: str
) -> NDArray[np.float64]:
    n_different = (samples / classes - n_same.astype(np.float64)) / (classes - 1)
    if classes == 2 and loss == DEFAULT:
        return theory.task_correlation_cosine(n_same, n_different, lambda_H, lambda_W)
    cosine: NDArray[np.float64] = theory.class_correlation_cosine(
        classes, n_same, n_different, lambda_H, lambda_W, loss=loss
    )
    return cosine
