"""Unconstrained feature models of multi-task neural collapse: problems, solvers, solutions."""

from ufm._solve import solve
from ufm.problems.multi_label import MultiLabel
from ufm.problems.multi_source import MultiSource
from ufm.problems.single_source import SingleSource
from ufm.solution import Solution
from ufm.storage import load

__all__ = ["MultiLabel", "MultiSource", "SingleSource", "Solution", "load", "solve"]
