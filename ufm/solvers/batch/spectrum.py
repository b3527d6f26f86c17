"""Spectral norms of many small matrices."""

from __future__ import annotations

import torch
from torch import Tensor


def spectral_norms(G: Tensor) -> Tensor:
    """(B,) ‖G‖_2 of each of G (R, m, B), by the smaller Gram matrix; infinite where G is not finite."""
    each = G.permute(2, 0, 1)
    gram = each @ each.mT if each.shape[1] <= each.shape[2] else each.mT @ each
    finite = gram.isfinite().all(-1).all(-1)
    largest: Tensor = torch.linalg.eigvalsh(torch.where(finite[:, None, None], gram, 0.0))[:, -1]
    return torch.where(finite, largest.clamp_min(0.0).sqrt(), torch.inf)
