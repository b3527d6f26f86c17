"""SNC4: how far features are from the scaled sum of the heads of their labels."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import largest_norm, unit_columns
from verify.reading.form import Float, Form
from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples


def summed_heads(form: Form, W: Float, weights: Float) -> Float:
    """(d, m) Σ of the heads of every label's own rows: Σ_t weights[t, l] w_{k_t}^t, or weights[0, l] Σ_{k∈S} w_k.

    weights  (T, m)
    """
    return np.asarray(W.T @ (form.indicators * np.repeat(weights, form.classes, axis=0)))


def distance_from_summed_heads(samples: Samples) -> float:
    """Ave over samples of ‖h̃ − s/‖s‖‖, h̃ = (h − μ_G)/‖h − μ_G‖, s = Σ_t √(c^t K_t) w_{k_t}^t (SNC4).

    For equal K_t and c^t, s/‖s‖ is Table 5's; the weights are those of the general form (B.2, eq. 17). NaN where
    a feature equals μ_G or a sum of heads is zero.
    """
    form, point = samples.form, samples.point
    weights = np.sqrt(form.task_weights * np.array(form.classes))
    sums = summed_heads(form, point.W, np.broadcast_to(weights[:, None], (len(weights), len(form.labels))))
    targets = unit_columns(sums, float(weights.sum()) * largest_norm(point.W.T))
    size = largest_norm(point.H)
    total = 0.0
    for block in column_blocks(point.index, len(point.H)):
        features = unit_columns(point.H[:, block] - samples.centre[:, None], size)
        distances = np.linalg.norm(features - targets[:, point.index[block]], axis=0)
        total += float(np.sum(samples.weight[block] * distances))
    return total
