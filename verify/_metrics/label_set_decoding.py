"""One-nearest-neighbour decoding of label sets: a feature carries the label set whose mean is nearest."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify._metrics.nearest_centre import distance_slack
from verify.reading.form import Float, Int, Problem
from verify.reading.label_sums import column_blocks
from verify.reading.point import read_array
from verify.reading.read import read
from verify.reading.samples import Samples


def decode_label_sets(problem: Problem, solution: Any, features: Any = None) -> Int:
    """(n, K) 0/1 indicators of argmin_S ‖h − μ_S‖, over the label sets that occur, for every feature h.

    Of label sets equally near to rounding, the first in the problem's order.

    problem    a ufm.MultiLabel
    solution   as ``ufm.solve`` returns, or anything with .W, .H and, at will, .b, .labels; its H gives the means μ_S
    features   (d, n), such as a trained network's on test data; default the solution's own H, column by column

    Raises TypeError or ValueError naming the field. Source: Li et al. (ICML 2024), one-nearest-neighbour decoding.
    """
    if getattr(problem, "source", None) != "multilabel":
        raise TypeError(f"problem must be a ufm.MultiLabel, whose labels are sets, got {type(problem).__name__}")
    (samples,) = read(problem, solution).samples
    form, point = samples.form, samples.point
    H = point.H if features is None else read_array("features", features, 2)
    if len(H) != len(point.H):
        raise ValueError(f"features has {len(H)} rows but the solution has d = {len(point.H)}; it must be (d, n)")
    return form.labels[nearest_label_sets(samples, H)]


def decoding_error(samples: Samples) -> float:
    """Fraction of samples whose nearest label-set mean is of another label set than their own (NN_decoding_error)."""
    wrong = nearest_label_sets(samples, samples.point.H) != samples.point.index
    return float(np.sum(samples.weight[wrong]))


def nearest_label_sets(samples: Samples, H: Float) -> Int:
    """(n,) columns of the form nearest to the columns of H (d, n).

    Distances are compared as ½‖μ − o‖² − ⟨μ − o, h − o⟩ about the centre o, which the order does not depend on.
    """
    origin = samples.centre[:, None]
    moved = samples.means - origin
    squares = 0.5 * np.einsum("ij,ij->j", moved, moved)
    nearest = np.empty(H.shape[1], dtype=np.int64)
    for block in column_blocks(np.zeros(H.shape[1], dtype=np.int64), max(len(H), moved.shape[1])):
        x = H[:, block] - origin
        distance = squares[:, None] - moved.T @ x
        slack = distance_slack(moved, samples.means, np.linalg.norm(x, axis=0))
        nearest[block] = np.argmax(distance <= distance.min(axis=0) + slack, axis=0)
    return nearest
