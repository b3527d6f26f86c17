"""The singular values and left singular vectors of weighted targets, however many columns there are.

    Ỹᵀ = Q L,  L (R, R) upper triangular, a block of columns after the other;   L = V S Uᵀ  gives  Ỹ = U S (QV)ᵀ

to an absolute error of rounding in the largest singular value. Smaller ones than that are taken as zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.feature_space import Float, simplex
from theory.margins.modes import Mode
from theory.margins.target_columns import blocks, root_weights, weighted_columns
from theory.reading import SumProblem

ROUNDING = 8 * float(np.finfo(np.float64).eps)  # of the largest singular value, times √R: below is zero


@dataclass(frozen=True, eq=False)
class MeanDirection:
    """Where the mean target lies: unit (R,), σ² = N ‖√c ȳ‖², s² of the deviations there, and how far it is from apart.

    coupling  ‖Ỹ_c Ỹ_cᵀ u − s² u‖ over the squared norm ‖Ỹ_c‖_F² of the deviations: zero, to rounding, where the mean
              is an eigenvector of their Gram matrix
    """

    unit: Float
    sigma: float
    deviation: float
    coupling: float

    @property
    def apart(self) -> bool:
        """Whether a penalized bias leaves a direction to the mean alone, to rounding."""
        return self.coupling <= ROUNDING * math.sqrt(len(self.unit))


def singular_modes(problem: SumProblem, centre: Float, mean: MeanDirection | None = None) -> list[Mode]:
    """One mode per singular value of diag(√c)(Y − centre)diag(√n) that is not zero; ``mean`` as one of its own."""
    triangle = np.zeros((0, sum(problem.classes)))
    for chosen in blocks(problem):
        block = weighted_columns(problem, chosen, centre)
        if mean is not None:
            block -= np.outer(mean.unit, mean.unit @ block)
        triangle = np.concatenate([triangle, block.T])
        if len(triangle) > triangle.shape[1]:
            triangle = np.asarray(np.linalg.qr(triangle, mode="r"))
    _, values, rows = np.linalg.svd(triangle, full_matrices=False)
    modes = numbered(values, rows.T)
    if mean is not None and mean.sigma > 0:
        square, level = Fraction(mean.deviation) ** 2, Fraction(mean.sigma) ** 2
        modes.append(Mode("the mean", square, mean.unit[:, None], level))
    return modes


def numbered(values: Float, U: Float, unit: Fraction = Fraction(1)) -> list[Mode]:
    """Modes "direction 1", … of singular values (d,) and vectors (R, d) that are not zero to rounding."""
    least = ROUNDING * np.sqrt(len(U)) * values.max(initial=0.0)
    kept = [i for i, s in enumerate(values.tolist()) if s > least]
    return [
        Mode(f"direction {place}", Fraction(float(values[i])) ** 2, U[:, [i]], unit=unit)
        for place, i in enumerate(kept, start=1)
    ]


def mean_direction(problem: SumProblem, centre: Float) -> MeanDirection:
    """Of the mean target ``centre``; of size zero where that is rounding beside the targets."""
    weighted = root_weights(problem) * centre
    length = float(np.linalg.norm(weighted))
    unit = weighted / length if length > 0 else weighted
    image, squares = np.zeros(len(unit)), 0.0
    for chosen in blocks(problem):
        block = weighted_columns(problem, chosen, centre)
        image += block @ (unit @ block)
        squares += float(np.sum(block * block))
    sigma = length * np.sqrt(problem.samples)
    if sigma * sigma <= (ROUNDING**2) * squares:
        return MeanDirection(np.zeros(len(unit)), 0.0, 0.0, 0.0)
    along = max(0.0, float(unit @ image))
    if along <= ROUNDING * squares * np.sqrt(len(unit)):
        along = 0.0
    coupling = float(np.linalg.norm(image - along * unit)) / squares if squares > 0 else 0.0
    return MeanDirection(unit, float(sigma), float(np.sqrt(along)), coupling)


def class_modes(problem: SumProblem, samples: NDArray[np.int64]) -> list[Mode]:
    """One task of one-hot labels less their mean, n_k samples (K,) of each class.

    D (I − vvᵀ), D = diag(√n), v = √(n/N), does not tell classes of one count apart: differences within them have
    s² = c n_k, and what remains has one row and column per distinct count.
    """
    counts, group = np.unique(samples, return_inverse=True)
    unit = 1 - Fraction(problem.label_smoothing)
    weight = Fraction(problem.task_weights[0]) * unit**2
    sizes = np.bincount(group)
    modes = []
    for i, n in enumerate(counts.tolist()):
        if n > 0 and sizes[i] > 1:
            basis = np.zeros((len(samples), sizes[i] - 1))
            basis[group == i] = simplex(int(sizes[i]))
            modes.append(Mode(f"classes of {int(n):,} samples", weight * int(n), basis, unit=unit))
    v = np.sqrt(sizes * counts / problem.samples)
    reduced = np.sqrt(float(weight) * counts)[:, None] * (np.eye(len(counts)) - np.outer(v, v))
    U, values, _ = np.linalg.svd(reduced)
    return modes + numbered(values, (U / np.sqrt(sizes)[:, None])[group], unit)
