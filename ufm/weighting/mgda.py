"""MGDA: the shortest convex combination of the tasks' gradients.

    w = argmin { ‖Σ_t w_t ∇L_t‖² : w ≥ 0, Σ_t w_t = 1 }

With w = u / Σ u this is the non-negative least squares problem min_{u ≥ 0} uᵀ G u + (Σ u − 1)²: for u = s w its least
value over s is q / (1 + q) with q = wᵀ G w, which grows with q. An active-set method solves it exactly, where
Frank-Wolfe steps only come near. Source: Désidéri, C. R. Acad. Sci. 2012; Sener & Koltun, NeurIPS 2018.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import nnls
from torch import Tensor

from ufm.weighting.task_weighting import TaskWeighting


class MGDA(TaskWeighting):
    """w of least wᵀ G w on the simplex; the mean where all gradients vanish."""

    gradients = True

    def weights(self, losses: Tensor, gramian: Tensor | None = None) -> Tensor:
        """Non-negative least squares on [√G; 1ᵀ] u ≈ [0; 1], G in units of its mean diagonal."""
        assert gramian is not None
        G = gramian.cpu().numpy()
        size = np.trace(G) / self.tasks
        if size == 0.0:
            return self.zeros(self.tasks) + 1.0 / self.tasks
        values, vectors = np.linalg.eigh(G / size)
        root = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
        u, _ = nnls(np.vstack([root, np.ones(self.tasks)]), np.eye(self.tasks + 1)[-1])
        return torch.as_tensor(u / u.sum(), device=self.device)
