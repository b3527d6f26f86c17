"""Newton's method on many standard forms at once, those of one shape in batched operations."""

from ufm.solvers.batch.groups import Task, minimize_all
from ufm.solvers.batch.shape import Shape

__all__ = ["Shape", "Task", "minimize_all"]
