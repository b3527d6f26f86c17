"""The row on the weaker form of NC4 that holds at every critical point: features are W⁺ of the logits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verify._metrics.directions import largest_norm
from verify.comparison.checks.measurement import Measurement, Part
from verify.comparison.checks.row import Row, judged, not_applicable, worst
from verify.reading.form import Float, Int
from verify.reading.label_sums import column_blocks

SOURCE = "every critical point, beyond the paper"
ALL_ZERO = "every feature is zero"


def least_squares_row(at: Measurement) -> Row:
    """max ‖h − W⁺ z*‖ over the features that are not zero, W as measured and z* predicted, relative to the largest."""
    check = "features equal W⁺ of the logits, scale included"
    alive = [part for part in at.parts if part.live_columns.any()]
    if not alive:
        return not_applicable(check, at.geometry, SOURCE, ALL_ZERO)
    return judged(check, worst(_deviation(part, at) for part in alive), at.geometry, SOURCE)


def _deviation(part: Part, at: Measurement) -> float:
    """As above. Where W lacks measurable directions, H is compared in the others: W⁺ would magnify their error."""
    form, rows = part.form, part.live_rows
    root_c = np.sqrt(form.rows_c[rows])
    scaled = root_c[:, None] * part.point.W[rows]
    U, S, Vt = np.linalg.svd(scaled, full_matrices=False)
    kept = _measurable_directions(part, root_c, at)
    if kept == 0 or kept > len(S) or S[kept - 1] == 0:
        return np.nan
    directions = Vt[:kept].T
    expected = directions @ ((U[:, :kept].T @ (root_c[:, None] * part.logits[rows])) / S[:kept, None])
    partial = kept < form.sufficient_dim
    size = largest_norm(expected)

    def deviation(H: Float, labels: Int) -> Float:
        live = part.live_columns[labels]
        H, labels = H[:, live], labels[live]
        seen = directions @ (directions.T @ H) if partial else H
        return np.asarray(np.linalg.norm(seen - expected[:, labels], axis=0))

    return over_columns(part, deviation) / size if size > 0 else np.nan


def _measurable_directions(part: Part, root_c: Float, at: Measurement) -> int:
    """Singular values of the predicted diag(√c) W whose penalty a point within the tolerance must have."""
    rows = part.live_rows
    squares = np.linalg.eigvalsh(root_c[:, None] * part.gram[np.ix_(rows, rows)] * root_c)
    shares = 2.0 * part.form.lambda_W * len(squares) * squares / at.certificate.objective
    return int(np.count_nonzero(shares > at.geometry))


def over_columns(part: Part, deviation: Callable[[Float, Int], Float]) -> float:
    """Largest deviation over the columns of H, NaN where any is."""
    largest = [0.0]
    for block in column_blocks(part.point.index, max(len(part.point.H), len(part.point.W))):
        values = deviation(part.point.H[:, block], part.point.index[block])
        if len(values):
            largest.append(float(values.max()))
    return worst(largest)
