"""The parts of a point that figures use: heads, features, and which heads are zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from ufm.support.validation import to_numpy
from verify._metrics.directions import ZERO_SHARE, head_cosines
from verify.reading.form import Float
from verify.reading.sources import own_features


def heads_of(point: Any) -> list[Float]:
    """T arrays (K_t, d): of a ``ufm.Solution``, of a ``theory.Prediction``, or given as a list of such arrays.

    Raises TypeError for anything else, ValueError for arrays that do not fit together or hold no number.
    """
    given = getattr(point, "W", point)
    heads = given() if callable(given) else given
    if not isinstance(heads, (list, tuple)) or not heads:
        raise TypeError(
            f"point must be a solution, a prediction or a list of heads (K_t, d), got {type(point).__name__}"
        )
    given = [np.asarray(to_numpy(head)) for head in heads]
    if any(head.dtype.kind not in "iuf" for head in given):
        raise ValueError(f"heads must be real numbers, got {', '.join(str(head.dtype) for head in given)}")
    arrays = [head.astype(np.float64) for head in given]
    if any(head.ndim != 2 or not head.size for head in arrays) or len({head.shape[1] for head in arrays}) > 1:
        shapes = ", ".join(str(head.shape) for head in arrays)
        raise ValueError(f"heads must be matrices (K_t, d) with one d, got shapes {shapes}")
    if not all(np.isfinite(head).all() for head in arrays):
        raise ValueError("heads must be finite numbers, got NaN or infinity")
    return arrays


def features_of(point: Any) -> list[Float]:
    """Arrays (d, columns): one, or one a task where tasks have features of their own."""
    given = getattr(point, "H", None)
    features = given() if callable(given) else given
    if features is None:
        return []
    parts = features if isinstance(features, (list, tuple)) else [features]
    return [np.asarray(to_numpy(part), dtype=np.float64) for part in parts]


def live_heads(point: Any) -> list[Float]:
    """``heads_of``, in which heads of a solution that count as zero are zero: √(λ_W c^t) ‖w_k^t‖ ≤ 10⁻⁶ √F.

    Their direction would be rounding noise. Heads without a problem are divided by their largest entry, so that their
    squares are finite.
    """
    heads, problem = heads_of(point), getattr(point, "problem", None)
    if problem is None:
        largest = max(np.abs(head).max() for head in heads) or 1.0
        return [head / largest for head in heads]
    least = ZERO_SHARE * np.sqrt(point.objective / (problem.lambda_W * np.asarray(problem.task_weights)))
    return [
        np.where(np.linalg.norm(head, axis=1, keepdims=True) <= norm, 0.0, head)
        for head, norm in zip(heads, least, strict=True)
    ]


def rank_of(point: Any) -> int:
    """Of the stacked heads: singular values above 10⁻⁶ of the largest; 0 of heads that are zero."""
    sigma = np.linalg.svd(np.concatenate(live_heads(point)), compute_uv=False)
    return int((sigma > ZERO_SHARE * sigma[0]).sum())


def cosines_of(point: Any) -> Float:
    """(R, R) cosines between rows of the stacked heads; NaN where a row is zero.

    NaN too between tasks of Problem (4): each may rotate alone, so what is measured there means nothing. A prediction
    has its cosines in closed form.
    """
    if callable(getattr(point, "W", None)):
        return np.asarray(point.cosines, dtype=np.float64)
    problem, W = getattr(point, "problem", None), np.concatenate(live_heads(point))
    if problem is None:
        return head_cosines(W, float(np.abs(W).max(initial=0.0)))
    cosines = head_cosines(W, 0.0)
    if own_features(problem):
        task = np.repeat(np.arange(len(problem.classes)), problem.classes)
        cosines[task[:, None] != task[None, :]] = np.nan
    return cosines
