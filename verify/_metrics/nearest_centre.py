"""SNC5 / MNC4: how often the heads and the nearest class centre decide differently."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from verify._metrics.labelled_alike import labelled_alike
from verify._metrics.property import Property
from verify.reading.form import Float, Form
from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples

ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of the terms that are summed, before any cancels
TIE = ROUNDING  # of the numbers compared: closer than this is equal


def disagreement_rate(samples: Samples) -> float:
    """Fraction of samples whose tuple of head decisions is not the nearest class centre's (SNC5; per task MNC4).

    (argmax_k ⟨w_k^t, h⟩ + b_k^t)_t against argmin over the label tuples that occur of ‖h − μ‖. A sample with labels in
    some tasks only is decided in these, against the centres of the label tuples that have labels in the same tasks.
    """
    N = samples.form.counts.sum()
    parts = labelled_alike(samples)
    return sum(float(part.form.counts.sum() / N) * _rate(part) for part in parts)


def _rate(samples: Samples) -> float:
    """``disagreement_rate`` where every label is there."""
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

    What is compared does not depend on what all features or all heads of a task have in common: with x = h − o about
    the origin o (d,), ν = μ − o, and w̄, b̄ the means of a task's rows,

        ½‖ν‖² − ⟨ν, x⟩   of the centres,      ⟨w_k − w̄, x⟩ + ⟨w_k − w̄, o⟩ + b_k − b̄   of the classes.

    Equal means closer than ``tie`` of ‖ν‖ (‖ν‖ + ‖x‖) and of ‖w_k − w̄‖ ‖x‖ + |the rest|, their largest; beside that,
    μ, o and ⟨w_k − w̄, o⟩ are known to ``ROUNDING`` of the numbers that they come from.
    """
    x = H - origin[:, None]
    heads, offsets = centred_heads(form, W, b, origin)
    logits = heads @ x + offsets[:, None]
    decided = np.stack([np.argmax(logits[rows], axis=0) for rows in form.blocks], axis=1)
    moved = centres - origin[:, None]
    distance = 0.5 * np.einsum("ij,ij->j", moved, moved)[:, None] - moved.T @ x
    wrong: NDArray[np.bool_] = np.any(decided != form.labels[np.argmin(distance, axis=0)], axis=1)
    doubtful = np.flatnonzero(wrong)
    if len(doubtful):
        lengths = np.linalg.norm(x[:, doubtful], axis=0)
        near = _within(-distance[:, doubtful], distance_slack(moved, centres, lengths, tie))
        at_origin = float(np.linalg.norm(origin))
        for t, rows in enumerate(form.blocks):
            own, rest = float(np.linalg.norm(heads[rows], axis=1).max()), float(np.abs(offsets[rows]).max())
            terms = own * at_origin + float(np.abs(b[rows]).max())
            slack = tie * (own * lengths + rest) + ROUNDING * terms
            near &= _within(logits[rows][:, doubtful], slack)[form.labels[:, t]]
        wrong[doubtful] = ~near.any(axis=0)
    return wrong


def centred_heads(form: Form, W: Float, b: Float, origin: Float) -> tuple[Float, Float]:
    """(R, d) w_k − w̄ and (R,) ⟨w_k − w̄, o⟩ + b_k − b̄, each task's rows less their mean."""
    blocks = list(zip(form.blocks, form.classes, strict=True))
    heads, offsets = (
        np.concatenate([v[rows] - np.add.reduce(v[rows], axis=0) / k for rows, k in blocks]) for v in (W, b)
    )
    return heads, offsets + heads @ origin


def distance_slack(moved: Float, centres: Float, lengths: Float, tie: float = TIE) -> Float:
    """(n,) how close to the least ½‖ν‖² − ⟨ν, x⟩ is equal to it: ν (d, m) = μ − o, lengths (n,) ‖x‖.

    ``tie`` of the terms, and what rounding of μ and o, a part of ‖μ‖, makes of them.
    """
    span = float(np.linalg.norm(moved, axis=0).max())
    size = float(np.linalg.norm(centres, axis=0).max())
    return np.asarray((tie * span + ROUNDING * size) * (span + lengths))


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
