"""Missing labels: the number that marks them, and checks that every task and every sample has at least one label."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.problems.standard_form import MISSING
from ufm.support import validation


def refuse_nan(labels: Any) -> None:
    """Raises ValueError, with what to do, if labels are NaN, the usual mark of a missing label in tables of floats."""
    array = validation.full_array("labels", labels)
    wrong = np.isnan(array) if array.dtype.kind == "f" else np.zeros(0)
    if wrong.any():
        where = np.argwhere(wrong)[0].tolist()
        raise ValueError(f"labels{where} = nan; if it stands for no label, replace it by -1 and pass missing=-1")


def absent_labels(labels: NDArray[np.int64], missing: Any) -> NDArray[np.bool_]:
    """(N, T) whether a label equals ``missing``, the integer that stands for no label; None if none is missing."""
    if missing is None:
        if (labels == MISSING).any():
            row, task = np.argwhere(labels == MISSING)[0].tolist()
            raise ValueError(f"labels[{row}, {task}] = -1; missing=-1 marks it as no label")
        return np.zeros(labels.shape, dtype=bool)
    try:
        return np.asarray(labels == validation.whole_number("missing", missing, -(2**63), 2**63 - 1))
    except (TypeError, ValueError) as error:
        words = f"missing must be the integer that stands for no label, such as -1, got {missing!r}"
        raise type(error)(words) from None


def refuse_class(missing: int | str | None, classes: tuple[int, ...]) -> None:
    """Raises ValueError if ``missing`` is a class too: such a sample could be labelled or not."""
    if missing is not None and not isinstance(missing, str) and 0 <= missing < max(classes):
        task = int(np.argmax(classes))
        raise ValueError(
            f"missing={missing} is one of task {task}'s classes 0 … {classes[task] - 1}; let an integer that is no "
            "class stand for no label, such as -1"
        )


def require_labelled(labels: NDArray[np.int64]) -> None:
    """Raises ValueError if a task or a sample has no label at all."""
    present = labels != MISSING
    if not present.any(axis=0).all():
        task = int(np.argmin(present.any(axis=0)))
        raise ValueError(f"labels[:, {task}]: task {task} has no label at all; leave the task out")
    if not present.any(axis=1).all():
        row = int(np.argmin(present.any(axis=1)))
        raise ValueError(f"labels[{row}] has no label in any task, so no loss; leave such samples out")
