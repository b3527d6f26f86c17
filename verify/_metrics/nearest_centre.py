"""SNC5 / MNC4: where the heads decide otherwise than the nearest class centre."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify._metrics.property import Property
from verify.reading.form import Float, Form
from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples

TIE = 64 * float(np.finfo(np.float64).eps)  # of the terms compared: closer than this is equal to rounding


def disagreement_rate(samples: Samples) -> float:
    """Fraction of samples whose tuple of head decisions is not the nearest class centre's (SNC5; per task MNC4).

    (argmax_k ⟨w_k^t, h⟩ + b_k^t)_t against argmin over the label tuples that occur of ‖h − μ‖.
    """
    form, point = samples.form, samples.point
    total = 0.0
    for block in column_blocks(point.index, max(len(point.H), len(point.W), len(form.labels))):
        wrong = disagreements(form, point.W, point.b, point.H[:, block], samples.means, samples.centre)
        total += float(np.sum(samples.weight[block][wrong]))
    return total


def disagreements(
    form: Form, W: Float, b: Float, H: Float, centres: Float, origin: Float, *, tie: float = TIE
) -> NDArray[np.bool_]:
    """(n,) whether the two decisions on a column of H (d, n) differ; a tie of either kind is no disagreement.

    Equal means closer than ``tie`` of the numbers compared.
    Distances are compared as ½‖μ − o‖² − ⟨μ − o, h − o⟩ about the origin o (d,), which the order does not depend on.
    """
    logits = W @ H + b[:, None]
    decided = np.stack([np.argmax(logits[rows], axis=0) for rows in form.blocks], axis=1)
    moved = centres - origin[:, None]
    squares = 0.5 * np.einsum("ij,ij->j", moved, moved)
    distance = squares[:, None] - moved.T @ (H - origin[:, None])
    nearest = form.labels[np.argmin(distance, axis=0)]
    wrong: NDArray[np.bool_] = np.any(decided != nearest, axis=1)
    doubtful = np.flatnonzero(wrong)
    if len(doubtful):
        lengths = np.linalg.norm(H[:, doubtful], axis=0)
        span = float(np.linalg.norm(centres, axis=0).max())
        near = _within(-distance[:, doubtful], tie * span * (span + lengths))
        slack = tie * (float(np.linalg.norm(W, axis=1).max()) * lengths + float(np.abs(b).max()))
        for t, rows in enumerate(form.blocks):
            near &= _within(logits[rows][:, doubtful], slack)[form.labels[:, t]]
        wrong[doubtful] = ~near.any(axis=0)
    return wrong


def _within(values: Float, slack: Float) -> NDArray[np.bool_]:
    """Entries of a column no more than its slack (n,) below the column's largest."""
    return np.asarray(values >= values.max(axis=0) - slack)


NEAREST_CENTRE = Property(
    name="nearest class centre on training features",
    statement="on training features the heads decide for the nearest class centre",
    source="Theorem 3.1 (5); Theorem 5.1 (5); Theorem 3.2 (4)",
    codes=("SNC5", "MNC4"),
    deviations=disagreements,
)
