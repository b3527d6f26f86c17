"""Bounds on the global minimum that assume nothing of floating point: ball arithmetic. Beyond the paper: theory.md."""

from verify.certification.rigorous.enclosure import Enclosure
from verify.certification.rigorous.verdict import Proven, proven
from verify.certification.rigorous.work import require_feasible, require_feasible_solution

__all__ = ["Enclosure", "Proven", "proven", "require_feasible", "require_feasible_solution"]
