"""Counts that fall geometrically from the first class to the last. Source: Table 4, Appendix D.8."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def tail(largest: int, profile: NDArray[np.float64]) -> NDArray[np.int64]:
    """max(1, round(n · profile)), n samples of the largest."""
    return np.maximum(1, np.rint(largest * profile)).astype(np.int64)


def class_profile(classes: int, ratio: float) -> NDArray[np.float64]:
    """(K,) r^{k/(K − 1)}: 1 for the first class, r for the last."""
    return np.asarray(ratio ** (np.arange(classes) / (classes - 1)))


def tuple_profile(profiles: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """(K_1, …, K_T) Π_t of the tasks' profiles."""
    product = np.ones(())
    for profile in profiles:
        product = np.multiply.outer(product, profile)
    return np.asarray(product)
