"""The shape that standard forms must share to be one batch."""

from __future__ import annotations

from dataclasses import dataclass

from ufm.losses import LOSSES, LossName
from ufm.problems.standard_form import StandardForm

LARGEST = 5_000  # multiplications of a product Ŵ Ĥ: beyond, its own matrix product is faster than many at once
NONE, FREE, PENALIZED = "none", "free", "penalized"  # kinds of bias


@dataclass(frozen=True)
class Shape:
    """Of standard forms whose arrays may be stacked, and feature dimension d.

    bias      "none", "free" (λ_b = 0) or "penalized"
    complete  whether every column has a label in every task
    """

    classes: tuple[int, ...]
    losses: tuple[LossName, ...]
    columns: int
    dim: int
    bias: str
    complete: bool

    @classmethod
    def of(cls, form: StandardForm, dim: int) -> Shape:
        """The shape of one form."""
        bias = NONE if form.lambda_b is None else PENALIZED if form.lambda_b else FREE
        return cls(form.classes, form.losses, form.columns, dim, bias, form.labelled is None)

    @property
    def rows(self) -> int:
        """R."""
        return sum(self.classes)

    @property
    def variables(self) -> int:
        """R d + d m + R, the length of x."""
        return self.dim * (self.rows + self.columns) + self.rows

    @property
    def suits(self) -> bool:
        """Whether a batch is worth it: not for large products, nor for parabolas with labels missing, whose steps need
        more than conjugate gradients.
        """
        if not self.complete and any(LOSSES[loss].quadratic for loss in self.losses):
            return False
        return self.rows * self.columns * self.dim <= LARGEST
