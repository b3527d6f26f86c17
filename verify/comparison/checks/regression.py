"""Rows on regression: NRC1 to NRC3."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import largest_norm
from verify._metrics.measured import Undefined
from verify._metrics.property import Property
from verify._metrics.regression_features import PRINCIPAL, ROW_SPACE, principal_components, row_space
from verify._metrics.regression_heads import ROOT_COVARIANCE, root_covariance
from verify.comparison.checks.heads import ALL_ZERO
from verify.comparison.checks.measurement import Measurement
from verify.comparison.checks.row import Row, judged, not_applicable, worst
from verify.comparison.checks.row_space import over_columns
from verify.reading.form import Float


def regression_rows(at: Measurement) -> list[Row]:
    """NRC1 and NRC2 as the largest distance over the largest feature, NRC3 as the largest difference of entries.

    Not applicable if nothing could fail: if the directions span the whole space, or for a single output. NRC1 is not
    applicable either if features without bias span more than they vary along, as with no more samples than outputs:
    principal components are about the mean.
    """
    if at.problem.source != "regression":
        return []
    (part,) = at.parts
    if not part.live_tasks:
        checks = (PRINCIPAL, ROW_SPACE, ROOT_COVARIANCE)
        return [not_applicable(told.name, at.geometry, at.source(told), ALL_ZERO) for told in checks]
    fraction = part.form.counts / part.form.counts.sum()
    centred = part.logits - (part.logits @ fraction)[:, None]
    ranks = [np.linalg.matrix_rank(Z, tol=at.geometry * np.abs(part.logits).max()) for Z in (centred, part.logits)]
    apart = "the mean of the features lies outside of what they vary along" if ranks[0] < ranks[1] else ""
    return [
        _features(at, PRINCIPAL, principal_components(part.samples), apart),
        _features(at, ROW_SPACE, row_space(part.point.W)),
        _heads(at),
    ]


def _features(at: Measurement, told: Property, basis: Float, note: str = "") -> Row:
    (part,) = at.parts
    H = part.point.H
    measured = over_columns(part, lambda H, _: told.deviations(H, basis)) / largest_norm(H)
    alone = "the features have no other directions" if basis.shape == (len(H), len(H)) else note
    return _row(at, told, measured, alone)


def _heads(at: Measurement) -> Row:
    (part,) = at.parts
    W = np.sqrt(part.form.rows_c)[:, None] * part.point.W
    alone = "of a single output both sides are 1" if len(W) == 1 else ""
    try:
        deviations = ROOT_COVARIANCE.deviations(W @ W.T, root_covariance(part.form))
    except Undefined as why:
        return _row(at, ROOT_COVARIANCE, np.nan, str(why))
    return _row(at, ROOT_COVARIANCE, worst(deviations.ravel()), alone)


def _row(at: Measurement, told: Property, measured: float, note: str) -> Row:
    """Judged if the theorem claims it and no note excludes it; measured in any case."""
    if note or not at.claims(told):
        note = note or at.unclaimed(told)
        return not_applicable(told.name, at.geometry, at.source(told), note, measured=measured)
    return judged(told.name, measured, at.geometry, at.source(told))
