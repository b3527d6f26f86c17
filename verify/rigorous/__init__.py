"""Bounds on the global minimum that assume nothing of floating point: ball arithmetic. Beyond the paper: theory.md."""

from verify.rigorous.enclosure import Enclosure
from verify.rigorous.verdict import Proven, proven
from verify.rigorous.work import require_feasible, require_feasible_solution

__all__ = ["Enclosure", "Proven", "proven", "require_feasible", "require_feasible_solution"]
