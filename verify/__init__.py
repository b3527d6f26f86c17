"""Verification: duality gaps, neural-collapse metrics, and comparison with the theorems."""

from verify.certificate import Certificate, certify
from verify.metrics import metrics

__all__ = ["Certificate", "certify", "metrics"]
