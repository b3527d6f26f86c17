"""Verification: duality gaps, neural-collapse metrics, comparison with the theorems, and the landscape around them."""

from typing import TYPE_CHECKING

from ufm.support.lazy_names import lazy_names

if TYPE_CHECKING:
    from verify import claims, plot, strategies
    from verify._metrics import Metrics, metrics, tracked
    from verify._metrics.label_set_decoding import decode_label_sets
    from verify.certification.certificate import Certificate, certify
    from verify.certification.many import certify_many
    from verify.comparison.checks.row import Row
    from verify.comparison.compare import Report, compare
    from verify.comparison.cosine_curve import CosineCurve, cosine_curve
    from verify.falsification import ClaimError, Finding, falsify, replay
    from verify.landscape import CriticalPoints, Curvature, critical_points, curvature
    from verify.sweeping import Study, Sweep, SweepInterrupted, sweep

# name → module, imported when first asked for
_LATER = {
    "Metrics": "verify._metrics",
    "metrics": "verify._metrics",
    "tracked": "verify._metrics",
    "decode_label_sets": "verify._metrics.label_set_decoding",
    "Certificate": "verify.certification.certificate",
    "certify": "verify.certification.certificate",
    "certify_many": "verify.certification.many",
    "Row": "verify.comparison.checks.row",
    "Report": "verify.comparison.compare",
    "compare": "verify.comparison.compare",
    "CosineCurve": "verify.comparison.cosine_curve",
    "cosine_curve": "verify.comparison.cosine_curve",
    "ClaimError": "verify.falsification",
    "Finding": "verify.falsification",
    "falsify": "verify.falsification",
    "replay": "verify.falsification",
    "CriticalPoints": "verify.landscape",
    "Curvature": "verify.landscape",
    "critical_points": "verify.landscape",
    "curvature": "verify.landscape",
    "Study": "verify.sweeping",
    "Sweep": "verify.sweeping",
    "SweepInterrupted": "verify.sweeping",
    "sweep": "verify.sweeping",
    "claims": "verify.claims",
    "plot": "verify.plot",
    "strategies": "verify.strategies",
}

__all__ = [
    "Certificate",
    "ClaimError",
    "CosineCurve",
    "CriticalPoints",
    "Curvature",
    "Finding",
    "Metrics",
    "Report",
    "Row",
    "Study",
    "Sweep",
    "SweepInterrupted",
    "certify",
    "certify_many",
    "claims",
    "compare",
    "cosine_curve",
    "critical_points",
    "curvature",
    "decode_label_sets",
    "falsify",
    "metrics",
    "plot",
    "replay",
    "strategies",
    "sweep",
    "tracked",
]

if not TYPE_CHECKING:  # a type checker sees the names above, and no other
    __getattr__, __dir__ = lazy_names(globals(), _LATER)
