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
    """w of least wᵀ G w on the simplex of the tasks present; the mean of those whose gradients vanish, if any do."""

    gradients = True

    def weights(self, losses: Tensor, gramian: Tensor | None = None, present: Tensor | None = None) -> Tensor:
        """On the CPU."""
        assert gramian is not None
        rows = np.arange(self.tasks) if present is None else np.flatnonzero(present.cpu().numpy())
        w = self.zeros(self.tasks)
        w[rows] = torch.as_tensor(shortest_combination(gramian.cpu().numpy()[np.ix_(rows, rows)]), device=self.device)
        return w


def shortest_combination(G: NDArray[np.float64]) -> NDArray[np.float64]:
    """w (T,) of a Gramian (T, T): non-negative least squares on [√G'; 2^{−k}ᵀ] y ≈ [0; 1].

    y_t = 2^{k_t} u_t and G'_ts = 2^{−k_t − k_s} G_ts with G'_tt about 1: of gradients of unlike sizes the small ones,
    which decide, keep their digits.
    """
    diagonal = np.diag(G)
    if not diagonal.all():
        return np.asarray((diagonal == 0.0) / np.sum(diagonal == 0.0), dtype=np.float64)
    k = np.frexp(diagonal)[1] // 2
    values, vectors = np.linalg.eigh(np.ldexp(np.ldexp(G, -k[:, None]), -k))
    root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    tasks, ones = len(G), np.ldexp(1.0, k.min() - k)
    y, _ = nnls(np.vstack([root, ones]), np.eye(tasks + 1)[-1], maxiter=STEPS * tasks)
    u = np.ldexp(y, k.min() - k)
    return np.asarray(u / u.sum(), dtype=np.float64)
