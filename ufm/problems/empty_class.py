"""A warning about labels that seem to count from 1: then class 0 has no sample."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def warn_of_empty_class_0(name: str, labels: NDArray[np.int64], counted: Sequence[bool] | None = None) -> None:
    """Warns (UserWarning) of a task (column) with labels > 0 only, whose class 0 is empty.

    counted  whether a column's numbers were given, not made of names
    """
    for t, column in enumerate(labels.T):
        if counted is not None and not counted[t]:
            continue
        least = column[column >= 0].min()
        if least > 0:
            where = f"{name}[:, {t}]" if labels.shape[1] > 1 else name
            warnings.warn(
                f"{where} has no sample of class 0, which is counted as an empty class; subtract {least} if labels "
                f"count from {least}, or give classes=(K_1, …, K_T)",
                UserWarning,
                stacklevel=3,
            )
