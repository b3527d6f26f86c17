"""F at the best features: a function of the heads alone, its gradient and the duality gap, chunk by chunk of columns.

    φ(Ŵ, b̂) = min_Ĥ F,      ∂φ/∂Ŵ = Ŵ − S Ŵ,  S = G Gᵀ (R × R),      ∂φ/∂b̂ = e Σ_l c n ∂ℓ + ρ b̂.

φ depends on Ŵ through M = Ŵ Ŵᵀ, in which it is convex, and needs no feature: the R × m numbers a of ``features`` are
all that is kept from one evaluation to the next, as its start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ufm.losses import LOSSES
from ufm.problems.standard_form import StandardForm
from ufm.solvers.objective import SMALLEST, Objective
from ufm.solvers.projection.features import NEAR, STEPS, Features, best_features

ENTRIES = 200_000  # of a chunk's arrays, which stay in reach of the processor
OF_ROWS = 4  # of R: a narrower chunk's S would cost more to add than to compute
LARGE = 20_000_000  # R × m from which chunks are computed in float32 as long as that does not show


@dataclass(frozen=True)
class Evaluation:
    """φ and what was found on the way.

    gradient      ∂φ/∂(Ŵ, b̂), flat; centred (see ``Objective.gradient``) under a free bias
    S             (R, R) G Gᵀ
    gap           F − D(θ G), θ = min(1, 1/‖G‖_2), to second order, relative to F: as D, of no meaning at a dimension
                  below the sufficient one; or that of ``polar_gap``
    residual      (‖∇φ‖ ‖x‖ + ‖∇φ‖²) / F
    excess        max(‖G‖_2 − 1, 0)
    second_order  Σ c n ∂ℓᵀ (∂²ℓ)⁺ ∂ℓ
    products      M r, in units of one for all columns
    narrow        whether the dimension is below the sufficient one
    """

    value: float
    gradient: Tensor
    S: Tensor
    gap: float
    residual: float
    excess: float
    second_order: float
    products: float
    narrow: bool

    @property
    def missed(self) -> float:
        """What is to be at most the tolerance: the gap, below the sufficient dimension the residual."""
        return self.residual if self.narrow else self.gap


class Reduced:
    """φ of a form over the flat heads x = (Ŵ, b̂), float64.

    a  (R, m) the start of the features' a, which every evaluation overwrites; chunks are computed in its precision,
       sums over them in float64
    """

    def __init__(self, form: StandardForm, dim: int, device: torch.device | str, a: Tensor | None = None) -> None:
        self.form, self.dim, self.device = form, dim, device
        if a is None:
            dtype = torch.float32 if form.rows * form.columns >= LARGE else torch.float64
            a = torch.zeros(form.rows, form.columns, dtype=dtype, device=device)
        self.a = a
        width = max(1, ENTRIES // form.rows, form.rows // OF_ROWS)
        self.spans = [slice(start, min(start + width, form.columns)) for start in range(0, form.columns, width)]
        self.c = torch.as_tensor(form.row_weights(), dtype=torch.float64, device=device)[:, None]
        self.unit_W = torch.sqrt(2.0 * form.lambda_W * self.c)
        n_omega = torch.as_tensor(form.multiplicity * form.omega, dtype=torch.float64, device=device)
        self.unit_H = torch.sqrt(2.0 * form.lambda_H * n_omega)
        self.e, self.rho = self._bias_units()
        self.nothing = max(SMALLEST, form.nothing())
        self.narrow = dim < form.needed_dim

    def _bias_units(self) -> tuple[Tensor, Tensor]:
        """e and ρ of ``Objective``, from the curvature that minimizers are seen to have."""
        form = self.form
        if form.lambda_b is None:
            return torch.zeros_like(self.c), torch.ones_like(self.c)
        tasks = zip(form.losses, form.blocks(), form.task_loss_weights(), strict=True)
        found = [LOSSES[loss].bias_curvature(form.targets[rows], n, form.omega, form.tau) for loss, rows, n in tasks]
        curvature = torch.as_tensor(np.concatenate(found), dtype=torch.float64, device=self.device)[:, None]
        total = float((form.multiplicity * form.omega).sum())
        reach = form.tau * torch.sqrt(self.c * total)  # as ``Objective``: a class that never occurs has no other
        e = 1.0 / torch.sqrt(2.0 * form.lambda_b * self.c + torch.where(curvature > 0.0, curvature, reach))
        return e, 2.0 * form.lambda_b * self.c * e**2

    def split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Views Ŵ (R, d), b̂ (R, 1) of x."""
        W_hat, b_hat = x.split_with_sizes([self.form.rows * self.dim, self.form.rows])
        return W_hat.view(self.form.rows, self.dim), b_hat.view(-1, 1)

    def scale(self, W: Tensor, b: Tensor) -> Tensor:
        """x of the problem's own W (R, d), b (R, 1)."""
        return torch.cat([(W * self.unit_W).reshape(-1), torch.where(self.e > 0.0, b / self.e, 0.0).reshape(-1)])

    def unscale(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """W (R, d), b (R, 1) in the problem's own units."""
        W_hat, b_hat = self.split(x)
        return W_hat / self.unit_W, b_hat * self.e

    @property
    def single(self) -> bool:
        """Whether chunks are computed in float32."""
        return self.a.dtype == torch.float32

    def refine(self) -> None:
        """From now on in float64."""
        self.a = self.a.double()

    def chunk(self, span: slice) -> Objective:
        """The objective of some columns, in the bias's unit of all."""
        index = np.arange(span.start, span.stop)
        form = self.form.take_columns(index)
        return Objective(form, self.dim, self.device, (self.e, self.rho), self.a.dtype)

    def evaluate(self, x: Tensor, tolerance: float = NEAR, steps: int = STEPS) -> Evaluation:
        """φ and its gradient, with features found to ``tolerance`` in ``steps`` Newton steps at most; infinite where
        numbers overflow, in float32 after another try in float64.
        """
        W_hat, b_hat = self.split(x)
        M = W_hat @ W_hat.T
        times_M, bias = M.to(self.a.dtype).matmul, b_hat.to(self.a.dtype)
        S, slope_b, curvature_b = torch.zeros_like(M), torch.zeros_like(b_hat), torch.zeros_like(b_hat)
        losses: list[float] = []
        penalty = cross = second_order = products = 0.0
        for span in self.spans:
            objective = self.chunk(span)
            found = best_features(objective, times_M, bias, self.a[:, span], tolerance, steps)
            self.a[:, span] = found.a
            losses.append(found.loss)
            penalty += inner(found.a, found.product)
            cross += inner(found.G, found.product)
            second_order += objective.excess(found)
            S += found.G @ found.G.T
            slope_b += self.slope_of_bias(objective, found.residual)
            curvature_b += self.curvature_of_bias(objective, found, M)
            products += found.products * (span.stop - span.start) / self.form.columns
        factors = float(M.diagonal().sum()) + penalty
        value = math.fsum(losses) + 0.5 * (factors + float((self.rho * b_hat * b_hat).sum()))
        if not math.isfinite(value + float(S.sum())):
            self.a.zero_()
            if not self.single:
                nothing = (torch.zeros_like(x), torch.zeros_like(S))
                return Evaluation(math.inf, *nothing, math.inf, math.inf, 0.0, 0.0, products, self.narrow)
            self.refine()
            return self.evaluate(x, tolerance, steps)
        g_b = slope_b + self.rho * b_hat
        if self.form.lambda_b == 0.0:
            g_b = objective.centred(g_b)
        gradient = torch.cat([(W_hat - S @ W_hat).reshape(-1), g_b.reshape(-1)])
        excess = max(0.0, math.sqrt(max(0.0, float(torch.linalg.eigvalsh(S)[-1]))) - 1.0)
        theta = 1.0 / (1.0 + excess)
        gap = 0.5 * factors + theta * cross + self.gap_of_bias(g_b - (1.0 - theta) * slope_b, curvature_b)
        if theta < 1.0:  # where no curvature is left, excess may be infinite
            gap += 0.5 * (1.0 - theta) ** 2 * second_order
        norm = float(gradient.norm())
        residual = norm * (float(x.norm()) + norm)
        size = max(value, self.nothing)
        return Evaluation(value, gradient, S, gap / size, residual / size, excess, second_order, products, self.narrow)

    def slope_of_bias(self, objective: Objective, residual: Tensor) -> Tensor:
        """(R, 1) a chunk's part of ∂φ/∂b̂."""
        return self.e * (objective.c_n * residual).sum(1, keepdim=True, dtype=torch.float64)

    def curvature_of_bias(self, objective: Objective, at: Features, M: Tensor) -> Tensor:
        """(R, 1) about a chunk's part of φ's curvature in a free b̂, otherwise 0."""
        if self.form.lambda_b != 0.0:
            return torch.zeros_like(self.e)
        D = objective.diagonal(at)
        D = D / (1.0 + D * M.diagonal().to(D.dtype)[:, None])
        return self.e**2 * (D / objective.E**2).sum(1, keepdim=True, dtype=torch.float64)

    def gap_of_bias(self, slope: Tensor, curvature: Tensor) -> float:
        """What a slope in b̂ adds to the duality gap.

        Of a free bias no penalty says what it costs, but about half of φ's own curvature.
        """
        stiff = 0.5 * curvature.clamp_min(SMALLEST) if self.form.lambda_b == 0.0 else self.rho
        return 0.5 * float((slope.square() / stiff).sum())

    def features(self, x: Tensor) -> Tensor:
        """H (d, m) in the problem's own units, as the last evaluation, at x, left it."""
        W_hat, _ = self.split(x)
        H = torch.empty(self.dim, self.form.columns, dtype=torch.float64, device=x.device)
        for span in self.spans:
            H[:, span] = W_hat.T @ self.a[:, span].double() / self.unit_H[span]
        return H


def inner(left: Tensor, right: Tensor) -> float:
    """⟨left, right⟩, summed up in float64."""
    return float((left * right).sum(dtype=torch.float64))
