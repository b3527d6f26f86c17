"""Class means and heads as simplexes: angles, norms and self-duality, task by task.

Source: Papyan, Han and Donoho, PNAS 2020.
"""

from __future__ import annotations

import numpy as np

from verify._metrics.class_statistics import TaskClasses
from verify._metrics.measured import Undefined
from verify._metrics.simplex_angles import ANGLES
from verify._metrics.simplex_norms import NORMS
from verify.reading.form import Float

SHARED = "several tasks share these features; self-duality is of one task and its own"
ZERO_MEAN = "a class mean is the mean of all samples to rounding, so it has no direction"


def means_angles(task: TaskClasses) -> float:
    """Ave_{k≠l} |cos(μ_k − μ_G, μ_l − μ_G) + 1/(K' − 1)| over the K' classes with samples: equiangularity."""
    task.require_two()
    return float(np.mean(ANGLES.deviations(_means(task).T)))


def means_norms(task: TaskClasses) -> float:
    """Std_k ‖μ_k − μ_G‖ / Ave_k ‖μ_k − μ_G‖ over the classes with samples: equinorm, a coefficient of variation."""
    task.require_two()
    if np.linalg.norm(task.centred) <= np.sqrt(len(task.shares)) * _nothing(task).max():
        raise Undefined("class means are equal to rounding")
    return float(NORMS.deviations(task.centred.T).std())


def heads_angles(task: TaskClasses) -> float:
    """Ave_{k≠l} |cos(w_k, w_l) + 1/(K − 1)| over the K rows of the head."""
    return float(np.mean(ANGLES.deviations(task.W)))


def heads_norms(task: TaskClasses) -> float:
    """Std_k ‖w_k‖ / Ave_k ‖w_k‖ over the K rows of the head."""
    return float(NORMS.deviations(task.W).std()) if task.W.any() else np.nan


def self_duality(task: TaskClasses) -> float:
    """‖W/‖W‖ − Mᵀ/‖M‖‖ in Frobenius norms, M = [μ_k − μ_G] over the classes with samples and W their rows (NC3).

    Undefined where several tasks share their features: there class means are along the heads of all tasks with which
    labels are correlated. Between 0 and 2.
    """
    if not task.alone:
        raise Undefined(SHARED)
    W, M = task.W[task.form.labels[:, 0]], task.centred.T
    if np.linalg.norm(M) <= np.linalg.norm(_nothing(task)) or not W.any():
        return np.nan
    return float(np.linalg.norm(W / np.linalg.norm(W) - M / np.linalg.norm(M)))


def _means(task: TaskClasses) -> Float:
    """(d, K') μ_k − μ_G; ``Undefined`` where one is zero to rounding."""
    if (np.linalg.norm(task.centred, axis=0) <= _nothing(task)).any():
        raise Undefined(ZERO_MEAN)
    return task.centred


def _nothing(task: TaskClasses) -> Float:
    """(K',) how long μ_k − μ_G may be by rounding alone."""
    return task.negligible * (1.0 + 1.0 / np.sqrt(task.shares))
