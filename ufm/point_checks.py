"""Whether the arrays of a solution are a point of its problem: shapes, kinds and ranges, before they are trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import Tensor

from ufm.problems.any_problem import Problem
from ufm.problems.multi_label import MultiLabel
from ufm.problems.multi_source import MultiSource
from ufm.problems.single_source import SingleSource
from ufm.problems.standard_form import MISSING
from ufm.problems.targeted import Targeted
from ufm.support import validation


def check_heads(classes: Sequence[int], W: Sequence[Any], b: Sequence[Any]) -> int:
    """Returns d of finite heads W^t (K_t, d) and b^t (K_t,), one of each per task; else raises ValueError."""
    if not len(W) == len(b) == len(classes):
        raise ValueError(f"there are {len(W)} W and {len(b)} b, one of each is needed for {len(classes)} tasks")
    dim = int(W[0].shape[1]) if W[0].ndim == 2 else 0
    if dim < 1:
        raise ValueError(f"W[0] must have shape (K, d) with d ≥ 1, got {tuple(W[0].shape)}")
    for t, k in enumerate(classes):
        _check_floats(f"W[{t}]", W[t], (k, dim))
        _check_floats(f"b[{t}]", b[t], (k,))
    return dim


def check_point(problem: Problem, W: Sequence[Any], b: Sequence[Any], H: Any, labels: Any, counts: Any) -> None:
    """Raises ValueError naming the array unless these are a point of ``problem``, as ``ufm.Solution`` describes it.

    H (d, columns) of finite floats, labels (columns, T) within the classes, or indicators (columns, K), counts
    (columns,) ≥ 1; for a MultiSource problem a list of T of each.
    """
    dim = check_heads(problem.classes, W, b)
    if not isinstance(problem, MultiSource):
        sizes = problem.classes
        if isinstance(problem, MultiLabel):
            sizes = (2,) * problem.classes[0]
        elif isinstance(problem, Targeted):
            sizes = (len(problem.counts),)
        least = MISSING if isinstance(problem, SingleSource) else 0
        _check_columns("", dim, H, labels, counts, sizes, least)
        return
    for name, parts in (("H", H), ("labels", labels), ("counts", counts)):
        if not isinstance(parts, (list, tuple)) or len(parts) != len(problem.classes):
            raise ValueError(f"{name} must be a list of {len(problem.classes)}, one per task")
    for t, k in enumerate(problem.classes):
        _check_columns(f"[{t}]", dim, H[t], labels[t], counts[t], (k,))


def _check_columns(of: str, dim: int, H: Any, labels: Any, counts: Any, sizes: tuple[int, ...], least: int = 0) -> None:
    columns = len(labels) if isinstance(labels, np.ndarray) and labels.ndim else 0
    if not columns:
        raise ValueError(f"labels{of} must be integers of shape (columns, {len(sizes)}), got none")
    _check_floats(f"H{of}", H, (dim, columns))
    for name, array, shape in ((f"labels{of}", labels, (columns, len(sizes))), (f"counts{of}", counts, (columns,))):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "iu" or array.shape != shape:
            kind = getattr(array, "dtype", type(array).__name__)
            raise ValueError(f"{name} must be integers of shape {shape}, got {kind} {getattr(array, 'shape', '')}")
    validation.check_range(f"labels{of}", labels, sizes, least)
    if (counts < 1).any():
        raise ValueError(f"counts{of} must be ≥ 1, got {counts[counts < 1][0]}")


def _check_floats(name: str, tensor: Any, shape: tuple[int, ...]) -> None:
    if not isinstance(tensor, Tensor) or not tensor.is_floating_point() or tuple(tensor.shape) != shape:
        kind = getattr(tensor, "dtype", type(tensor).__name__)
        raise ValueError(f"{name} must be floats of shape {shape}, got {kind} {tuple(getattr(tensor, 'shape', ()))}")
    if not bool(tensor.isfinite().all()):
        raise ValueError(f"{name} holds numbers that are not finite, as after divergence")
