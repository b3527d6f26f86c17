"""Variable projection: the heads alone, features eliminated (``column_solution``)."""

from ufm.solvers.projection.column_solution import solve_projection

__all__ = ["solve_projection"]
