"""``ufm landscape``: the known critical points of a problem, each classified."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from verify.cli.page import Page
from verify.cli.problem_options import ProblemOptions


@dataclass(frozen=True)
class Landscape:
    """List the known critical points of a problem with their curvature: one minimum, and strict saddles."""

    page: ClassVar[Page] = Page(
        takes="seconds for a few classes",
        writes="nothing",
        status="0: each is a certified global minimum or a strict saddle with a way down; 1: otherwise; 2: bad input",
        examples=(
            ("ufm landscape --classes 3 3 --samples 10", "Two tasks of three classes."),
            (
                "ufm landscape --classes 2 --n-same 3 --n-different 1 --dim 1",
                "With fewer dimensions than theorems need.",
            ),
        ),
    )

    problem: ProblemOptions = field(default_factory=ProblemOptions)
    dim: int | None = None
    """Feature dimension d; a smaller one may have local minima. Default: what the theorems need."""
    seed: int = 0
    """Seed of the random starts. Default: 0."""

    def run(self) -> int:
        """0 if each is a certified global minimum or a strict saddle with a lower point found, 1 otherwise."""
        from verify.cli.label_printing import told_to
        from verify.cli.terminal import Terminal
        from verify.landscape import critical_points

        terminal = Terminal()
        problem, _ = self.problem.stated(told_to(terminal))
        with terminal.status("looking for critical points"):
            found = critical_points(problem, dim=self.dim, seed=self.seed)
        terminal.result(found)
        terminal.then("ufm verify with the same flags compares the minimum with its theorem")
        return 0 if found.benign else 1
