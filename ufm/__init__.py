"""Unconstrained feature models of multi-task neural collapse: problems, solvers, solutions."""

from ufm._solve import solve
from ufm._solve_many import solve_many
from ufm.outcome import Outcome
from ufm.problems.multi_label import MultiLabel
from ufm.problems.multi_source import MultiSource
from ufm.problems.problem_settings import Lambdas, LossSettings, ProblemSettings
from ufm.problems.regression import Regression
from ufm.problems.single_source import SingleSource
from ufm.problems.soft_labels import SoftLabels
from ufm.solution import Solution, load
from ufm.solvers.options import Convex, Gradient, Newton
from ufm.solvers.run_point import RunPoint

__all__ = [
    "Convex",
    "Gradient",
    "Lambdas",
    "LossSettings",
    "MultiLabel",
    "MultiSource",
    "Newton",
    "Outcome",
    "ProblemSettings",
    "Regression",
    "RunPoint",
    "SingleSource",
    "SoftLabels",
    "Solution",
    "load",
    "solve",
    "solve_many",
]
