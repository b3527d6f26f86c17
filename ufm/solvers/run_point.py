"""The point of a run that metrics see while it moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor


@dataclass(frozen=True)
class RunPoint:
    """A point on the way of a run of ``method="gradient"``, in the problem's own units.

    W             list of T tensors (K_t, d), on the run's device and in its precision; a copy, as H and b are
    H             (d, N), a column per sample
    b             list of T tensors (K_t,)
    labels        (N, T) the label tuple of each column; for MultiLabel (N, K) the indicators of its label set
    task_weights  (T,) the weights in effect, which a ``weighting`` changes
    task          for MultiSource, whose tasks are solved one by one, the 0-based number of the task; else 0
    """

    W: list[Tensor]
    H: Tensor
    b: list[Tensor]
    labels: NDArray[np.int64]
    task_weights: NDArray[np.float64]
    task: int = 0


Metrics = Callable[[RunPoint], Mapping[str, float]]
