"""SNC4: how far features are from the scaled sum of the heads of their labels."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import direction_distances, largest_norm, unit_columns
from verify._metrics.property import Property
from verify.reading.form import Float, Form
from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples

SUM_OF_HEADS = Property(
    name="features along the sum of their heads",
    statement="h̃ = Σ_t w_{k_t}^t, normalized, for every label (k_1, …, k_T)",
    source="Theorem 3.1 (4); Theorem 5.1 (4); Section 5.2 for task-balanced counts",
    codes=("SNC4", "NC_m"),
    deviations=direction_distances,
)


def summed_heads(form: Form, W: Float, weights: Float) -> Float:
    """(d, m) Σ of the heads of every label's own rows: Σ_t weights[t, l] w_{k_t}^t, or weights[0, l] Σ_{k∈S} w_k.

    weights  (T, m)
    """
    return np.asarray(W.T @ (form.indicators * np.repeat(weights, form.classes, axis=0)))


def general_weights(form: Form) -> Float:
    """(T, m) √(c^t K_t), the weights of the general form (B.2, eq. 17)."""
    weights = np.sqrt(form.task_weights * np.array(form.classes))
    return np.broadcast_to(weights[:, None], (len(weights), len(form.labels)))


def sum_directions(form: Form, W: Float) -> Float:
    """(d, m) s/‖s‖, s = Σ_t √(c^t K_t) w_{k_t}^t; NaN where heads cancel to rounding."""
    weights = general_weights(form)
    return unit_columns(summed_heads(form, W, weights), float(weights[:, 0].sum()) * largest_norm(W.T))


def distance_from_summed_heads(samples: Samples) -> float:
    """Ave over samples of ‖h̃ − s/‖s‖‖, h̃ = (h − μ_G)/‖h − μ_G‖, s = Σ_t √(c^t K_t) w_{k_t}^t (SNC4).

    For equal K_t and c^t, s/‖s‖ is Table 5's; the weights are those of the general form (B.2, eq. 17). The sum is over
    the tasks in which a sample has a label. NaN where a feature equals μ_G or a sum of heads is zero.
    """
    form, point = samples.form, samples.point
    targets = sum_directions(form, point.W)
    size = largest_norm(point.H)
    total = 0.0
    for block in column_blocks(point.index, len(point.H)):
        features, own = point.H[:, block], targets[:, point.index[block]]
        distances = SUM_OF_HEADS.deviations(features, samples.centre, size, own)
        total += float(np.sum(samples.weight[block] * distances))
    return total
