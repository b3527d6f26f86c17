"""Verification: duality gaps, neural-collapse metrics, and comparison with the theorems."""

from verify.certificate import Certificate, certify
from verify.checks.row import Row
from verify.compare import Report, compare
from verify.label_set_decoding import decode_label_sets
from verify.metrics import metrics

__all__ = ["Certificate", "Report", "Row", "certify", "compare", "decode_label_sets", "metrics"]
