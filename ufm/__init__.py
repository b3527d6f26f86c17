"""Unconstrained feature models of multi-task neural collapse: problems, solvers, solutions."""

from ufm.multi_label import MultiLabel
from ufm.multi_source import MultiSource
from ufm.single_source import SingleSource
from ufm.solution import Solution
from ufm.solve import solve
from ufm.storage import load

__all__ = ["MultiLabel", "MultiSource", "SingleSource", "Solution", "load", "solve"]
