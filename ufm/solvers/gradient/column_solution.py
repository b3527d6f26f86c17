"""The first-order solver as ``ufm.solve`` calls it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.problems.standard_form import StandardForm
from ufm.solvers.column_solution import ColumnSolution
from ufm.solvers.gradient.minimize import minimize
from ufm.solvers.options import Gradient


def solve_gradient(form: StandardForm, counts: NDArray[np.int64], options: Gradient, **where: Any) -> ColumnSolution:
    """See ``minimize``."""
    result = minimize(form, counts, **where, **vars(options))
    return ColumnSolution(
        result.W,
        result.H,
        result.b,
        result.objective,
        result.converged,
        result.outcome,
        result.status,
        result.history,
        sample_column=result.sample_column,
    )
