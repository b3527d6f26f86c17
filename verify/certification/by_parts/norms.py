"""σ and a proven σ̄ ≥ ‖diag(√c) δ diag(a/√w)‖_2 of a δ given part by part: X Xᵀ = Σ X_p X_pᵀ over the parts p.

As in ``dual_value._norms``. Sums over P parts add P u to what each part's product is off by: within a part of n columns
γ_{w + log₂ n}, w = 256, in all γ_{w + log₂ n + P} min(‖|X|‖_1 ‖|X|‖_∞, ‖X‖_F²) of norm, or relatively to σ² at most

    (w + log₂ n + P + 4) u ‖X‖_F² / σ²  ≤  (w + log₂ n + P + 4) R u,

9e-11 for R = 2,000 and m = 100,000, and so half of that of σ, whatever the spectrum: only the largest singular value
is asked of X Xᵀ, and to that squaring costs no digits. Narrower products than w would wait for memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import frexp, isfinite, ldexp, sqrt

import numpy as np

from verify.certification.by_parts.parts import Part
from verify.certification.dual_value import SMALLEST
from verify.certification.norm_bound import gram, gram_bound
from verify.losses.rounding import UNIT, gamma
from verify.reading.form import Float
from verify.reading.outline import Outline

LEAST = frexp(SMALLEST)[1]
WIDEST = 256  # columns of a product


@dataclass(frozen=True)
class Gram:
    """4^exponent G ≈ X Xᵀ, X = diag(√c) δ diag(a/√w), R × R."""

    G: Float
    exponent: int


class Norms:
    """Sums over the parts of a feasible δ: those of norms, and Σ_l a_l B_tl of ``dual_value``.

    sizes  (T,) Σ_l a_l B_tl
    """

    def __init__(self, outline: Outline) -> None:
        R = sum(outline.classes)
        self.outline, self.root = outline, np.sqrt(outline.rows_c)
        self.sizes = np.zeros(len(outline.classes))
        self._one, self._infinity, self._at_tops = SMALLEST, np.zeros(R), np.zeros(R)
        self._G, self._exponent, self._finite = np.zeros((R, R)), LEAST, True
        self._parts = self._widest = 0

    def add(self, part: Part, deviation: Float) -> None:
        """Of a part: δ (R, n)."""
        form, masses = part.form, np.abs(deviation)
        blocks = form.block_sums(masses)
        column = form.loss_weight / np.sqrt(form.feature_weight)
        tops = np.sqrt(form.task_weights)[:, None] * (column * blocks)
        self.sizes += blocks @ form.loss_weight
        self._one = np.fmax(self._one, float(np.add.reduce(tops, axis=0).max()))
        self._infinity += self.root * (masses @ column)
        self._at_tops += np.bincount(form.tops.ravel(), weights=tops.ravel(), minlength=len(self._at_tops))
        self._parts, self._widest = self._parts + 1, max(self._widest, len(column))
        np.multiply(deviation, column, out=masses)
        masses *= self.root[:, None]
        self._add_gram(masses)

    def _add_gram(self, X: Float) -> None:
        """In units of the power of four that no entry's square has exceeded so far; X is overwritten."""
        largest = max(float(X.max()), -float(X.min()))
        self._finite = self._finite and isfinite(largest)
        if not (self._finite and largest):
            return
        exponent = max(self._exponent, frexp(largest)[1])
        if exponent > self._exponent:
            self._G = np.ldexp(self._G, 2 * (self._exponent - exponent))
            self._exponent = exponent
        self._G += gram(np.ldexp(X, -exponent, out=X), WIDEST)

    @property
    def gram(self) -> Gram:
        """Of what was added so far."""
        return Gram(self._G, self._exponent)

    def bounds(self, moved: float = 0.0) -> tuple[float, float]:
        """σ as computed and σ̄; both infinite or NaN where they overflow. ``moved`` is a norm to allow for besides."""
        form, m = self.outline, len(self.outline.counts)
        size = sqrt(self._one) * sqrt(max(float(self._infinity.max()), SMALLEST))
        size *= 1.0 + gamma(len(self.root) * m + 16)
        if not (self._finite and isfinite(size)):
            return np.inf, np.inf
        operations = min(self._widest, WIDEST) + self._widest.bit_length() + self._parts
        sigma, bound = gram_bound(self._G, ldexp(size, -self._exponent) ** 2, m, operations)
        slack = gamma(12) * size + moved
        if form.shift_blind:
            at_tops = max(float(self._at_tops.max()), SMALLEST)
            slack += gamma(max(form.classes) + 4) * sqrt(self._one) * sqrt(at_tops)
        return ldexp(sigma, self._exponent), (ldexp(bound, self._exponent) + slack) * (1.0 + 8 * UNIT)
