"""Rows on the objective: the certificate, the closed-form minimum, and balance, which every critical point has."""

from __future__ import annotations

import numpy as np

from theory import Prediction
from verify.certification.certificate import INCONCLUSIVE, Certificate
from verify.comparison.checks.measurement import qualified
from verify.comparison.checks.row import (
    NOT_APPLICABLE,
    Row,
    geometry_tolerance,
    judged,
    not_applicable,
    share,
    vanishing_tolerance,
)
from verify.reading.form import Float
from verify.reading.label_sums import column_blocks
from verify.reading.samples import Samples

DUALITY = "duality gap, beyond the paper"
BALANCE = "every critical point, beyond the paper"


def certificate_rows(certificate: Certificate, tolerance: float) -> list[Row]:
    """The gap closes, and the scaled residual's spectral norm is at most τ."""
    measured = [
        ("relative duality gap at most 0", certificate.relative_gap, tolerance, 0.0),
        ("spectral ratio σ/τ at most 1", certificate.spectral_ratio, geometry_tolerance(tolerance), 1.0),
    ]
    if certificate.verdict == INCONCLUSIVE and certificate.dim < certificate.sufficient_dim:
        note = f"d = {certificate.dim} < {certificate.sufficient_dim}: the bound need not be attained"
        return [
            not_applicable(check, slack, DUALITY, note, measured=value, expected=expected)
            for check, value, slack, expected in measured
        ]
    return [
        judged(check, value, slack, DUALITY, expected=expected, one_sided=True)
        for check, value, slack, expected in measured
    ]


def bracket_row(prediction: Prediction, certificate: Certificate, tolerance: float) -> Row:
    """D ≤ predicted minimum ≤ F, at every point of every dimension; measured is by how much of F it is broken."""
    below = certificate.lower_bound - prediction.objective
    above = prediction.objective - certificate.objective
    broken = share(max(below, above, 0.0), certificate.objective)
    check = "closed-form minimum between lower bound and objective"
    return judged(check, broken, tolerance, qualified(prediction.citation, prediction))


def objective_row(prediction: Prediction, certificate: Certificate, tolerance: float) -> Row:
    """F at the point is the closed-form minimum."""
    check, slack = "objective", tolerance * abs(prediction.objective)
    return judged(
        check, certificate.objective, slack, qualified(prediction.citation, prediction), expected=prediction.objective
    )


def balance_rows(samples: tuple[Samples, ...], objective: float, tolerance: float) -> list[Row]:
    """λ_W Σ_t c^t ‖W^t‖² = λ_H ‖H‖², and λ_W W̃ᵀW̃ = λ_H H̃H̃ᵀ along every singular direction.

    Deviations are relative to the sum of the two penalties, and to the larger matrix; the worst of the tasks.
    """
    checks = ("penalties of W and H balanced", "penalties balanced along every singular direction")
    slack = geometry_tolerance(tolerance)
    totals, directions = [], []
    for sample in samples:
        heads, features = _gram_of_heads(sample), _gram_of_features(sample)
        penalty_W, penalty_H = float(np.trace(heads)), float(np.trace(features))
        if share(penalty_W + penalty_H, objective) > vanishing_tolerance(tolerance) ** 2:
            totals.append(abs(penalty_W - penalty_H) / (penalty_W + penalty_H))
            size = max(float(np.linalg.norm(heads)), float(np.linalg.norm(features)))
            directions.append(float(np.linalg.norm(heads - features)) / size)
    if not totals:
        return [not_applicable(check, slack, BALANCE, "heads and features are zero") for check in checks]
    return [judged(check, max(v), slack, BALANCE) for check, v in zip(checks, (totals, directions), strict=True)]


def _gram_of_heads(samples: Samples) -> Float:
    """(d, d) λ_W W̃ᵀW̃, W̃ = diag(√c) W."""
    form, W = samples.form, samples.point.W
    return form.lambda_W * (W.T * form.rows_c) @ W


def _gram_of_features(samples: Samples) -> Float:
    """(d, d) λ_H H̃H̃ᵀ, H̃ = H diag(√w)."""
    form, point = samples.form, samples.point
    weight = (form.feature_weight / point.share)[point.index]
    total = np.zeros((len(point.H), len(point.H)))
    for block in column_blocks(point.index, len(point.H)):
        features = point.H[:, block]
        total += (features * weight[block]) @ features.T
    return form.lambda_H * total


def without_verdict(row: Row, note: str) -> Row:
    """The same measurement where the theorem's hypotheses do not hold."""
    return Row(row.check, row.measured, row.expected, row.tolerance, NOT_APPLICABLE, row.source, row.note or note)
