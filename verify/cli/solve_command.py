"""``ufm solve``: one problem, its solution and its certificate."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import ufm
from verify.cli.devices import require_device
from verify.cli.page import Page
from verify.cli.problem_options import ProblemOptions, with_names
from verify.cli.solver_options import SolverOptions

if TYPE_CHECKING:
    from verify.cli.terminal import Terminal


@dataclass(frozen=True)
class Solve:
    """Solve one problem and print the solution and its certificate.

    Started by torchrun with --method gradient, many processes share the features:
    torchrun --nproc-per-node 2 -m ufm solve … --method gradient.
    """

    page: ClassVar[Page] = Page(
        takes="less than a second for a few classes; minutes for thousands of label tuples, or with --method gradient",
        writes="nothing, unless --save or --checkpoint names a file",
        status="0: the solver converged; 1: it did not; 2: bad input; 130: Ctrl-C ended it",
        examples=(
            ("ufm solve --classes 3 3 --samples 10", "Two tasks of three classes, every label pair ten times."),
            (
                "ufm solve --classes 10 5 --samples 30 20 --multi-source --save solution.safetensors",
                "Two tasks with samples of their own; the solution is kept.",
            ),
            ("ufm solve --classes 4 --samples 5 --rigorous", "With bounds on the minimum proven in ball arithmetic."),
            (
                "ufm solve --classes 3 3 --samples 10 --method gradient --optimizer lbfgs",
                "Every sample's feature free, by a first-order method.",
            ),
        ),
    )

    problem: ProblemOptions = field(default_factory=ProblemOptions)
    solver: SolverOptions = field(default_factory=SolverOptions)
    save: Path | None = None
    """File for the solution (safetensors), which ufm.load reads. Default: it is printed only."""
    rigorous: bool = False
    """Also prove bounds on the minimum in ball arithmetic (python-flint)."""

    def run(self) -> int:
        """0 if the solver converged, 1 if it did not, 130 if Ctrl-C ended it."""
        from ufm.support.writable import require_file
        from verify.cli.many_processes import processes

        require_device(self.solver.device)
        if self.save is not None:
            require_file(self.save, "--save", "solution.safetensors")  # before the work, not after
        with processes(self.solver.method, self.solver.device) as first:
            return self._solved(first)

    def _solved(self, first: bool) -> int:
        from verify._metrics import tracked
        from verify.certification.rigorous import require_feasible_solution
        from verify.cli.label_printing import told_to
        from verify.cli.many_processes import launched, own_device
        from verify.cli.terminal import Terminal

        terminal = Terminal(speaks=first)
        problem, reading = self.problem.stated(told_to(terminal))
        if self.rigorous:
            require_feasible_solution(problem, self.solver.dim, every_sample=self.solver.method == "gradient")
        options = self.solver.arguments()
        if launched():
            options |= {"distributed": True, "device": own_device(self.solver.device)}
        elif self.solver.method == "gradient":
            options["metrics"] = tracked(problem)
        solution = ufm.solve(with_names(problem, reading), **options)  # a file keeps the names
        if not first:
            return 0  # torchrun ends the first process, which is still at work, when another fails
        self._told(solution, problem, terminal)
        if solution.outcome is ufm.Outcome.INTERRUPTED:
            return 130
        return 0 if solution.converged else 1

    def _told(self, solution: ufm.Solution, problem: Any, terminal: Terminal) -> None:
        """Saves, certifies and prints the solution."""
        from verify.certification.certificate import certify
        from verify.cli.terminal import shell_words

        try:
            if self.save is not None:
                solution.save(self.save)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            terminal.tell(problem)
            terminal.result(solution)
            terminal.result(certify(problem, solution, rigorous=self.rigorous))
        if self.save is None:
            terminal.then("--save solution.safetensors keeps it", "ufm verify with the same flags compares it")
        else:
            terminal.written("saved", self.save)
            terminal.then(
                shell_words("ufm", "certify", self.save),
                shell_words("ufm", "figure", "heads", self.save),
                f"ufm.load({str(self.save)!r}) in Python",
            )
