"""A problem and a point of it, read once and passed on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from verify.reading.form import Columns, Float, Form, Problem, columns_of, require_problem
from verify.reading.point import Point, read_point
from verify.reading.samples import Samples


@dataclass(frozen=True, eq=False)
class At:
    """A problem at a point, as seen by ``certify``, ``metrics``, ``compare`` and the claims.

    The point is a solution's, or W=, H=, b=, labels= as in ``verify.certify``. It is read once, on first access;
    ``read`` reads it at once. Instances compare by identity, so that computed results can be cached.
    """

    problem: Problem
    solution: Any = None
    W: Any = None
    H: Any = None
    b: Any = None
    labels: Any = None

    @cached_property
    def columns(self) -> tuple[Columns, ...]:
        """The problem's columns: of one form of Problem (3) or of pick-all-label, of T of Problem (4)."""
        if "points" not in vars(self):  # reading them looks at the problem first
            require_problem(self.problem)
        return columns_of(self.problem)

    @cached_property
    def forms(self) -> tuple[Form, ...]:
        """The forms of all these columns."""
        return tuple(columns.form() for columns in self.columns)

    @cached_property
    def points(self) -> tuple[Point, ...]:
        """The variables, form by form."""
        return read_point(self.problem, self.solution, self.W, self.H, self.b, self.labels)

    @cached_property
    def samples(self) -> tuple[Samples, ...]:
        """Each point with its form, and the statistics of its features."""
        return tuple(Samples(form, point) for point, form in zip(self.points, self.forms, strict=True))

    @property
    def heads(self) -> list[Float]:
        """T arrays (K_t, d)."""
        return [part.point.W[rows] for part in self.samples for rows in part.form.blocks]


def read(
    problem: Problem | At, solution: Any = None, *, W: Any = None, H: Any = None, b: Any = None, labels: Any = None
) -> At:
    """Reads a solution, or W=, H=, b=, labels= as in ``verify.certify``; an ``At`` is returned unchanged.

    Raises TypeError or ValueError, naming the field, for anything that is not such a point.
    """
    if not isinstance(problem, At):
        at = At(problem, solution, W, H, b, labels)
        _ = at.points  # refused here, before any work
        return at
    beside = {"solution": solution, "W": W, "H": H, "b": b, "labels": labels}
    given = [name for name, value in beside.items() if value is not None]
    if given:
        raise ValueError(f"the point has been read already; {', '.join(given)} cannot be given beside it")
    return problem
