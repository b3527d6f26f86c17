"""NC4: how often a head decides for the nearest class centre."""

from __future__ import annotations

import numpy as np

from verify._metrics.class_statistics import TaskClasses
from verify._metrics.nearest_centre import disagreements
from verify.reading.label_sums import column_blocks


def nearest_centre_agreement(task: TaskClasses) -> float:
    """Fraction of samples with argmax_k ⟨w_k, h⟩ + b_k = argmin_k ‖h − μ_k‖ (NC4 of Papyan, Han and Donoho, PNAS 2020).

    μ_k over the classes with samples, of this task alone: of several tasks 1 − SNC5 is about all of them at once, and
    about centres of label tuples. A tie of either kind agrees.
    """
    height = max(len(task.features), len(task.W), len(task.shares))
    wrong = 0.0
    for block in column_blocks(task.index, height):
        H = task.features[:, task.columns[block]]
        differ = disagreements(task.form, task.W, task.b, H, task.means, task.centre)
        wrong += float(np.sum(task.weight[block][differ]))
    return 1.0 - wrong
