"""Bounds on the global minimum in ball arithmetic, without assumptions on rounding. Beyond the paper: theory.md."""

from verify.certification.rigorous.enclosure import Enclosure
from verify.certification.rigorous.verdict import Proven, proven
from verify.certification.rigorous.work import require_feasible, require_feasible_solution

__all__ = ["Enclosure", "Proven", "proven", "require_feasible", "require_feasible_solution"]
