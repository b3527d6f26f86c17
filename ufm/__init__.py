"""Unconstrained feature models of multi-task neural collapse: problems, solvers, solutions.

Names are imported on first use: PyTorch takes a second or two to load, and printing a command's help needs none of it.
"""

import logging
from typing import TYPE_CHECKING

from ufm.support.lazy_names import lazy_names

if TYPE_CHECKING:
    from ufm._solve import solve
    from ufm._solve_many import solve_many
    from ufm._version import __version__ as __version__
    from ufm.outcome import Outcome
    from ufm.problems.multi_label import MultiLabel
    from ufm.problems.multi_source import MultiSource
    from ufm.problems.problem_settings import Lambdas, LossSettings, ProblemSettings
    from ufm.problems.regression import Regression
    from ufm.problems.single_source import SingleSource
    from ufm.problems.soft_labels import SoftLabels
    from ufm.solution import Solution, load
    from ufm.solvers.options import Convex, Gradient, Newton, Projection
    from ufm.solvers.run_point import RunPoint

# name → module, imported when first asked for
_LATER = {
    "Convex": "ufm.solvers.options",
    "Gradient": "ufm.solvers.options",
    "Lambdas": "ufm.problems.problem_settings",
    "LossSettings": "ufm.problems.problem_settings",
    "MultiLabel": "ufm.problems.multi_label",
    "MultiSource": "ufm.problems.multi_source",
    "Newton": "ufm.solvers.options",
    "Outcome": "ufm.outcome",
    "ProblemSettings": "ufm.problems.problem_settings",
    "Projection": "ufm.solvers.options",
    "Regression": "ufm.problems.regression",
    "RunPoint": "ufm.solvers.run_point",
    "SingleSource": "ufm.problems.single_source",
    "SoftLabels": "ufm.problems.soft_labels",
    "Solution": "ufm.solution",
    "__version__": "ufm._version",
    "load": "ufm.solution",
    "solve": "ufm._solve",
    "solve_many": "ufm._solve_many",
}

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
    "Projection",
    "Regression",
    "RunPoint",
    "SingleSource",
    "SoftLabels",
    "Solution",
    "load",
    "solve",
    "solve_many",
]

logging.getLogger("ufm").addHandler(logging.NullHandler())  # silent unless whoever imports it listens

if not TYPE_CHECKING:  # a type checker sees the names above, and no other
    __getattr__, __dir__ = lazy_names(globals(), _LATER)
