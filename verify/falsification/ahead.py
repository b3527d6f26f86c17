"""Problems drawn in advance, so that those of one shape are solved and certified together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ufm._solve import check_scales
from ufm.solution import Problem
from ufm.solvers.batch.groups import FEWEST
from ufm.solvers.batch.shape import Shape
from verify.falsification.trial import Options
from verify.solved import Solved, solved_together

Shapes = tuple[Shape, ...]
NEWTON = "newton"
PER_TRIED, MOST = 4, 256  # problems that wait: so many for each one tried, and at most


class Ahead:
    """Distinct problems by name in the order drawn, with what is known of them before their turn."""

    def __init__(self, options: Options, check: Callable[[], None]) -> None:
        self.options, self.check = options, check
        self.waiting: dict[Any, Problem] = {}
        self._shapes: dict[Any, Shapes | None] = {}
        self._found: dict[Any, Solved] = {}

    def most(self, tried: int) -> int:
        """How many may wait: none among the first FEWEST, where most counterexamples are, nor by another method or in
        another dimension than a batch has.
        """
        batches = self.options.method == NEWTON and self.options.dim is None and tried >= FEWEST
        return min(PER_TRIED * tried, MOST) if batches else 0

    def add(self, name: Any, problem: Problem) -> None:
        """Adds a problem at the end."""
        self.waiting[name] = problem
        self._shapes[name] = _shapes(problem)

    def next(self) -> tuple[Any, Problem, Solved | None]:
        """The first one, and what was found of it together with all that wait and have its shape, if it was."""
        name, problem = next(iter(self.waiting.items()))
        shapes = self._shapes[name]
        if name not in self._found and shapes is not None:
            alike = [other for other in self.waiting if self._shapes[other] == shapes]
            if len(alike) >= FEWEST:
                self._found |= zip(alike, self._together([self.waiting[other] for other in alike]), strict=True)
        del self.waiting[name], self._shapes[name]
        return name, problem, self._found.pop(name, None)

    def _together(self, problems: list[Problem]) -> list[Solved]:
        return solved_together(
            problems,
            [self.options.seed] * len(problems),
            self.options.tolerance,
            solver_tolerance=self.options.solver_tolerance,
            progress=lambda done, total: self.check(),
        )


def _shapes(problem: Problem) -> Shapes | None:
    """Of its standard forms; None if a batch does not suit one of them, or there is none: its turn will tell."""
    try:
        check_scales(problem)
        forms = problem.standard_forms()
    except (ValueError, TypeError):
        return None
    dim = max(form.sufficient_dim for form in forms)
    shapes = tuple(Shape.of(form, dim) for form in forms)
    return shapes if all(shape.suits for shape in shapes) else None
