"""The trust region's metric with one A per task and one B, where the losses' curvature is about the same all over.

    ‖z‖²_M = Σ_t ⟨dŴ^t, dŴ^t A_t⟩ + ⟨dĤ, B dĤ⟩ + ‖db̂‖²,
    A_t = I + Σ_l D_tl ĥ_l ĥ_lᵀ,   B = I + Σ_r D_r ŵ_r ŵ_rᵀ,

D_tl the mean over the task's rows and D_r that over the columns of D = c n E² diag ∂²ℓ. For squared error with every
label there all are equal, and these are the blocks of ``metric`` itself; a few d × d matrices serve any number of rows
and columns.
Source: Tong, Ma, Chi, Accelerating ill-conditioned low-rank matrix estimation via scaled gradient descent, JMLR 2021.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from ufm.solvers.newton.label_metric import LabelMetric
from ufm.solvers.newton.large import large
from ufm.solvers.newton.metric import Metric, inverse
from ufm.solvers.objective import Linearization, Objective


@dataclass(frozen=True)
class SharedMetric:
    """A_t⁻¹ (T, d, d) and B⁻¹ (d, d) of the module's equation."""

    inverse_A: Tensor
    inverse_B: Tensor

    @classmethod
    def at(cls, objective: Objective, at: Linearization) -> SharedMetric:
        """M at one point."""
        D = objective.diagonal(at)
        means = torch.stack([rows.mean(0) for rows in D.split(objective.form.classes)])
        A = (at.H_hat * means[:, None]) @ at.H_hat.T
        B = (at.W_hat.T * D.mean(1)) @ at.W_hat
        for blocks in (A, B):
            blocks.diagonal(dim1=-2, dim2=-1).add_(1.0)
        return cls(inverse(A), inverse(B))

    def solve(self, objective: Objective, r: Tensor) -> Tensor:
        """M⁻¹ r."""
        W_hat, H_hat, b_hat = objective.split(r)
        offsets = pairwise(objective.form.offsets)
        dW = torch.cat([W_hat[i:j] @ A for (i, j), A in zip(offsets, self.inverse_A, strict=True)])
        return objective.join(dW, self.inverse_B @ H_hat, b_hat)


def metric_at(
    objective: Objective, at: Linearization, *, far: bool, steady: bool
) -> Metric | SharedMetric | LabelMetric | None:
    """The region's metric: on large problems, while ``steady``, that of labels, or one A per task and one B; on others
    ``far`` from a minimum, and where a loss is a parabola, stiff everywhere, while ``steady``.
    """
    if steady and large(objective.form):
        return LabelMetric.at(objective, at) if LabelMetric.fits(objective.form) else SharedMetric.at(objective, at)
    if not objective.partly_quadratic:
        return Metric.at(objective, at) if far else None
    if not steady:
        return None
    own = None if objective.form.labelled is None else Metric.at(objective, at)
    return SharedMetric.at(objective, at) if own is None else own
