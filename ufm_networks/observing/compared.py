"""An observed model compared with the theorem that covers its problem."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from ufm.support.frames import data_frame
from ufm_networks.measuring.point import NetworkPoint
from ufm_networks.metrics.second_pass import SECOND_PASS
from ufm_networks.metrics.streaming import VARIABILITY
from ufm_networks.report.counterpart import Part
from verify._metrics import Metrics
from verify._metrics.variability import COLLAPSE
from verify.comparison.checks.row import Row, judged, share
from verify.comparison.compare import Report, compare

OPEN = "the label means', not the samples'"


class Reports(dict[str, Report]):
    """One report per task of Problem (4), by name."""

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, by task."""
        return {task: report.to_dict() for task, report in self.items()}

    def to_frame(self) -> Any:
        """The rows of all reports as a pandas.DataFrame, with a first column ``task``."""
        return data_frame([{"task": task, **row.to_dict()} for task, report in self.items() for row in report.rows])

    def __str__(self) -> str:
        return "\n\n".join(f"{task}: {report}" for task, report in self.items())


def report_of_samples(part: Part, point: NetworkPoint) -> Report:
    """The report of the label means, with rows on single features, which would be 0 for means, from the samples."""
    f, several = part.form, len(point.means) > 1
    H = point.means[f]
    W, b = [point.W[t] for t in part.tasks], [point.b[t] for t in part.tasks]
    report = compare(part.problem, SimpleNamespace(W=W, b=b, H=[H] if several else H))
    source = part.problem.source
    of_samples = {name: point.metrics[name] for name in (VARIABILITY[source], *SECOND_PASS[source])}
    if several:
        of_samples = dict.fromkeys(of_samples, float("nan"))
        of_samples[VARIABILITY[source]] = float(np.average(point.spread[f], weights=point.counts[f]))
    metrics = Metrics({**report.metrics, **of_samples}, report.metrics.reasons)
    metrics.reasons.update({name: OPEN for name, value in of_samples.items() if np.isnan(value)})
    scatter = part.problem.lambda_H * float(point.counts[f] @ point.spread[f])
    collapse = float(np.sqrt(share(scatter, report.certificate.objective)))
    return replace(report, rows=tuple(_of_samples(row, of_samples, collapse) for row in report.rows), metrics=metrics)


def _of_samples(row: Row, metrics: dict[str, float], collapse: float) -> Row:
    """collapse  √(λ_H Σ_l n_l spread_l / F)"""
    if row.check == COLLAPSE.name:
        return judged(row.check, collapse, row.tolerance, row.source)
    if row.check not in metrics:
        return row
    value = metrics[row.check]
    return replace(row, measured=value, note=OPEN if np.isnan(value) else row.note)
