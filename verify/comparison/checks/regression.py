"""Rows on regression: NRC1 to NRC3."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from verify._metrics.directions import largest_norm
from verify._metrics.measured import Undefined
from verify._metrics.property import Property
from verify._metrics.regression_features import PRINCIPAL, ROW_SPACE, principal_components, row_space
from verify._metrics.regression_heads import ROOT_COVARIANCE, root_covariance
from verify.comparison.checks.heads import ALL_ZERO
from verify.comparison.checks.measurement import Measurement, Part
from verify.comparison.checks.row import Row, judged, not_applicable, worst
from verify.comparison.checks.row_space import over_columns
from verify.reading.form import Float


def regression_rows(at: Measurement) -> list[Row]:
    """NRC1 and NRC2 as the largest distance over the largest feature, NRC3 as the largest difference of entries."""
    if at.problem.source != "regression":
        return []
    (part,) = at.parts
    rows = [
        _row(at, PRINCIPAL, lambda: _distance(part, PRINCIPAL, principal_components(part.samples))),
        _row(at, ROW_SPACE, lambda: _distance(part, ROW_SPACE, row_space(part.point.W))),
    ]
    if len(part.point.W) == 1:
        note = "of a single output both sides are 1"
        return [*rows, not_applicable(ROOT_COVARIANCE.name, at.geometry, at.source(), note, measured=0.0)]
    return [*rows, _row(at, ROOT_COVARIANCE, lambda: _heads(part))]


def _row(at: Measurement, told: Property, measured: Callable[[], float]) -> Row:
    """Judged where the theorem claims it and something is not zero; else measured all the same."""
    note = "" if at.claims(told) else at.unclaimed(told)
    note = note if at.parts[0].live_tasks else ALL_ZERO
    try:
        value = np.nan if note == ALL_ZERO else measured()
    except Undefined as why:
        value, note = np.nan, str(why)
    if note:
        return not_applicable(told.name, at.geometry, at.source(told), note, measured=value)
    return judged(told.name, value, at.geometry, at.source(told))


def _distance(part: Part, told: Property, basis: Float) -> float:
    return over_columns(part, lambda H, _: told.deviations(H, basis)) / largest_norm(part.point.H)


def _heads(part: Part) -> float:
    W = np.sqrt(part.form.rows_c)[:, None] * part.point.W
    return worst(ROOT_COVARIANCE.deviations(W @ W.T, root_covariance(part.form)).ravel())
