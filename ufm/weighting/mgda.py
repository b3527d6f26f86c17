"""MGDA: the shortest convex combination of the tasks' gradients.

    w = argmin { ‖Σ_t w_t ∇L_t‖² : w ≥ 0, Σ_t w_t = 1 }

With w = u / Σ u this is the non-negative least squares problem min_{u ≥ 0} uᵀ G u + (Σ u − 1)²: for u = s w its least
value over s is q / (1 + q) with q = wᵀ G w, which grows with q. An active-set method solves it exactly, where
Frank-Wolfe steps only come near. Of several sources, a task without a sample in the batch has no gradient to combine:
taken for 0 it would be the shortest combination by itself, and nothing would move. It is left out, w_t = 0.
Source: Désidéri, C. R. Acad. Sci. 2012; Sener & Koltun, NeurIPS 2018.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch import Tensor

from ufm.weighting.task_weighting import TaskWeighting

STEPS = 100  # a task; scipy's 3 are too few where gradients differ in size by orders of magnitude


class MGDA(TaskWeighting):
    """w of least wᵀ G w on the simplex of the tasks present; the mean where all their gradients vanish."""

    gradients = True

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """Non-negative least squares on [√G; 1ᵀ] u ≈ [0; 1], G in units of its mean diagonal."""
        assert gramian is not None
        rows = np.arange(self.tasks) if present is None else np.flatnonzero(present.cpu().numpy())
        w = self.zeros(self.tasks)
        w[rows] = torch.as_tensor(_shortest(gramian.cpu().numpy()[np.ix_(rows, rows)]), device=self.device)
        return w


def _shortest(G: NDArray[np.float64]) -> NDArray[np.float64]:
    """w (T,) of a Gramian (T, T)."""
    tasks = len(G)
    size = np.trace(G) / tasks
    if size == 0.0:
        return np.full(tasks, 1.0 / tasks)
    values, vectors = np.linalg.eigh(G / size)
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    u, _ = nnls(np.vstack([root, np.ones(tasks)]), np.eye(tasks + 1)[-1], maxiter=STEPS * tasks)
    return np.asarray(u / u.sum(), dtype=np.float64)
