"""Verification: duality gaps, neural-collapse metrics, comparison with the theorems, and the landscape around them."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from verify.certificate import Certificate, certify
from verify.checks.row import Row
from verify.compare import Report, compare
from verify.label_set_decoding import decode_label_sets
from verify.metrics import metrics

if TYPE_CHECKING:
    from verify.landscape import CriticalPoints, Curvature, critical_points, curvature

# name → module, imported when first asked for
_LATER = {
    "CriticalPoints": "verify.landscape",
    "Curvature": "verify.landscape",
    "critical_points": "verify.landscape",
    "curvature": "verify.landscape",
}

__all__ = [
    "Certificate",
    "CriticalPoints",
    "Curvature",
    "Report",
    "Row",
    "certify",
    "compare",
    "critical_points",
    "curvature",
    "decode_label_sets",
    "metrics",
]


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
