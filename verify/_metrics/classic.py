"""Metrics of neural collapse beyond Tables 5 and 6, as reported by other papers and programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from verify._metrics.class_statistics import TaskClasses, classes_of_tasks
from verify._metrics.decision_agreement import nearest_centre_agreement
from verify._metrics.effective_rank import effective_rank
from verify._metrics.measured import ZERO_VECTOR, Undefined
from verify._metrics.simplex_means import heads_angles, heads_norms, means_angles, means_norms, self_duality
from verify._metrics.variability_ratios import distance_normalized_variance, pinv_variability, trace_ratio
from verify.reading.form import Source
from verify.reading.samples import Samples

OF_TASKS: dict[str, Callable[[TaskClasses], float]] = {
    "pinv_NC1": pinv_variability,
    "trace_NC1": trace_ratio,
    "CDNV": distance_normalized_variance,
    "means_cosine": means_angles,
    "means_equinorm": means_norms,
    "heads_cosine": heads_angles,
    "heads_equinorm": heads_norms,
    "self_duality": self_duality,
    "centre_agreement": nearest_centre_agreement,
}
NO_CLASS: dict[Source, str] = {
    "soft": "soft labels have no classes",
    "regression": "real targets have no classes",
    "multilabel": "a sample has a set of labels, not one class",
}


def classic(source: Source, parts: tuple[Samples, ...]) -> tuple[dict[str, float], dict[str, str]]:
    """The values by name, means over tasks, and the reason for each NaN."""
    values, reasons = {}, {}
    tasks = () if source in NO_CLASS else classes_of_tasks(parts)
    for name, measure in OF_TASKS.items():
        values[name], reason = mean_or_reason(measure, tasks) if tasks else (np.nan, NO_CLASS[source])
        if reason:
            reasons[name] = reason
    values["effective_rank"], reason = mean_or_reason(effective_rank, parts)
    return values, reasons | ({"effective_rank": reason} if reason else {})


def mean_or_reason(measure: Callable[[Any], float], parts: tuple[Any, ...]) -> tuple[float, str]:
    """The mean and "", or NaN and the reason."""
    try:
        value = float(sum(measure(part) for part in parts) / len(parts))
    except Undefined as why:
        return np.nan, str(why)
    return value, ZERO_VECTOR if np.isnan(value) else ""
