"""Newton's method with a trust region on the columns of the standard form, to machine precision."""

from ufm.solvers.newton.column_solution import solve_newton

__all__ = ["solve_newton"]
