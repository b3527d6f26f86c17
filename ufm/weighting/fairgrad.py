"""FairGrad: the step that is fairest to all tasks, in the sense of α-fairness.

    G w = w^{−1/α},  w > 0:      the step d = Σ_t w_t ∇L_t maximizes Σ_t ⟨∇L_t, d⟩^{1−α} / (1 − α) on a ball

A task with ∇L_t = 0 — of several sources, one without a sample in the batch — has no part in the maximum: w_t = 0.
α = 1 is proportional fairness; larger α lifts the tasks that gain least. Source: Ban & Ji, ICML 2024, eq. 4.

w is also the least point of the convex function ½ wᵀ G w − Σ_t w_t^{1−1/α} / (1 − 1/α). ``torchjd`` gives a first
answer by least squares, which stops short where gradients differ in size by orders of magnitude; Newton's method on the
convex function finishes.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.support import validation
from ufm.weighting.task_weighting import TaskWeighting

MOST_ALPHA = 10.0  # beyond, w^{−1/α} is so flat that Newton's method needs hundreds of steps
STEPS = 200
ACCURACY = 1e-12


class FairGrad(TaskWeighting):
    """α: 1, at most 10. ModuleNotFoundError without the extra ``fairgrad``; RuntimeError where all gradients vanish."""

    gradients = True

    def __init__(self, tasks: int, *, alpha: float = 1.0, seed: int = 0, device: torch.device | str = "cpu") -> None:
        super().__init__(tasks, seed=seed, device=device)
        self.alpha = validation.positive("alpha", alpha, 1.0)
        if self.alpha > MOST_ALPHA:
            raise ValueError(f"alpha must be at most {MOST_ALPHA:g}, got {alpha!r}; 1 is a usual choice")
        try:
            from torchjd.aggregation import FairGradWeighting
        except ModuleNotFoundError:
            raise ModuleNotFoundError(
                "weighting='fairgrad' needs torchjd: pip install 'ufm-toolkit[fairgrad]'", name="torchjd"
            ) from None
        self.first_answer = FairGradWeighting(alpha=self.alpha)

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """In units of G's mean diagonal σ, since w of σ G is σ^{−α/(1+α)} times that of G."""
        assert gramian is not None
        G = gramian.cpu()
        moved = torch.nonzero(torch.diagonal(G) > 0)[:, 0]
        if not len(moved):
            raise RuntimeError(
                "weighting='fairgrad': every task's gradient is zero, and G w = w^{−1/α} has no solution"
            )
        G = G[moved][:, moved]
        size = float(torch.trace(G)) / len(moved)
        first = self.first_answer(G / size).numpy()
        w = self.zeros(self.tasks)
        found = _newton((G / size).numpy(), self.alpha, first) * size ** (-self.alpha / (1.0 + self.alpha))
        w[moved.to(w.device)] = torch.as_tensor(found, device=w.device)
        return w


def _newton(G: NDArray[np.float64], alpha: float, w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Steps w − (G + diag(w^{−1/α−1}/α))⁻¹ (G w − w^{−1/α}), shortened where w would not stay positive."""
    w = np.maximum(w, 1e-6 * np.diag(G) ** (-alpha / (1.0 + alpha)))  # the answer of each task alone
    for _ in range(STEPS):
        power = w ** (-1.0 / alpha)
        residual = G @ w - power
        if np.all(np.abs(residual) <= ACCURACY * (power + np.abs(G) @ w)):
            return w
        # in these units the Hessian is at least I/α; where gradients differ by orders of magnitude, only if rounding
        # is kept from making eigenvalues of G negative
        unit = np.sqrt(w / power)
        values, V = np.linalg.eigh(unit[:, None] * G * unit)
        step = unit * (V @ ((V.T @ (unit * residual)) / (np.maximum(values, 0.0) + 1.0 / alpha)))
        w = w - step * min(1.0, 0.9 / max(float(np.max(step / w)), 1e-300))
    raise RuntimeError(f"weighting='fairgrad': G w = w^(-1/alpha) was not solved in {STEPS} steps for G = {G.tolist()}")
