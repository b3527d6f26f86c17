"""MNC3: how far class means are from the heads of their classes."""

from __future__ import annotations

import numpy as np

from verify.form import Float
from verify.metrics.directions import largest_norm, unit_columns
from verify.metrics.samples import Samples


def squared_distances_to_heads(samples: Samples) -> Float:
    """(m,) ‖μ̃_k − w̃_k‖² over the classes with samples, μ̃ = (μ − μ_G)/‖μ − μ_G‖; NaN where either is zero.

    MNC3 of Table 6 is their average over k and t.
    """
    W = samples.point.W
    means = unit_columns(samples.means - samples.centre[:, None], largest_norm(samples.means))
    heads = unit_columns(W[samples.form.labels[:, 0]].T, largest_norm(W.T))
    return np.asarray(np.sum((means - heads) ** 2, axis=0))
