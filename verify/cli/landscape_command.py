"""``ufm landscape``: the known critical points of a problem, and what each of them is."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console

from verify.cli.label_printing import told_to
from verify.cli.problem_options import ProblemOptions
from verify.landscape import critical_points


@dataclass(frozen=True)
class Landscape:
    """List the known critical points of a problem with their curvature: one minimum, and strict saddles."""

    problem: ProblemOptions = field(default_factory=ProblemOptions)
    dim: int | None = None
    """Feature dimension d; by default what the theorems need. A smaller one may have local minima."""
    seed: int = 0
    """Of the random starts."""

    def run(self) -> int:
        """0 where each is a certified global minimum or a strict saddle with an exhibited way down, 1 otherwise."""
        console = Console()
        problem, _ = self.problem.stated(told_to(console))
        found = critical_points(problem, dim=self.dim, seed=self.seed)
        console.print(str(found), markup=False, highlight=False, soft_wrap=True)
        return 0 if found.benign else 1
