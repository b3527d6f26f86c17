"""The subcommands, one dataclass each; ``run`` returns the exit status."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

import ufm
from ufm.support.writable import require_file
from verify._metrics import tracked
from verify.certification.certificate import certify
from verify.certification.rigorous import require_feasible_solution
from verify.cli.falsify_command import Falsify
from verify.cli.figure_command import Figure
from verify.cli.findings_command import FindingsCommand
from verify.cli.label_printing import told_to
from verify.cli.landscape_command import Landscape
from verify.cli.many_processes import launched, own_device, processes
from verify.cli.problem_options import ProblemOptions, with_names
from verify.cli.solver_options import SolverOptions
from verify.cli.sweep_command import SweepCommand
from verify.cli.theorem_command import Theorem
from verify.main_job import prepare_report, print_summary, write_report
from verify.main_job.case import JobResult, run_case
from verify.main_job.problems import FIRST_ORDER_TOLERANCE, run_main_job


@dataclass(frozen=True)
class Verify:
    """Solve, certify and compare with the theorems; without a problem, the main job over all of them."""

    problem: ProblemOptions = field(default_factory=ProblemOptions)
    solver: SolverOptions = field(default_factory=SolverOptions)
    report: Path = Path("report")
    """Folder for report.html, report.txt, report.json and the figures."""
    objective_tolerance: float | None = None
    """Relative tolerance of the objective in the comparison, the geometry's is its square root; 1e-9 for newton,
    1e-5 for the other methods."""

    def run(self) -> int:
        """0 where every check passed, 1 where one failed."""
        console = Console()
        problem, reading = self.problem.stated(told_to(console)) if self.problem.given else (None, None)
        if problem is None and (self.solver != SolverOptions() or self.objective_tolerance is not None):
            raise ValueError("solver flags and --objective-tolerance need a problem: --classes … or --labels …")
        prepare_report(self.report)  # before the work, not after
        if problem is not None:
            name = " ".join(self.problem.file_names) or "the problem of the command line"
            tolerance = self.objective_tolerance
            if tolerance is None and self.solver.method != "newton":
                tolerance = FIRST_ORDER_TOLERANCE
            case = run_case(name, problem, tolerance=tolerance, reading=reading, **self.solver.arguments())
            result = JobResult((case,))
        else:
            with console.status("solving") as status:
                result = run_main_job(lambda name: status.update(name))
        try:
            page = write_report(result, self.report)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            if problem is not None:
                console.print(str(case.report), markup=False, highlight=False, soft_wrap=True)
            print_summary(result, console)
        console.print(f"report: {page}", markup=False, highlight=False, soft_wrap=True)
        return 0 if result.passed else 1


@dataclass(frozen=True)
class Solve:
    """Solve one problem, print the solution and its certificate, and keep it with --save; by torchrun with --method
    gradient in many processes, which share the features."""

    problem: ProblemOptions = field(default_factory=ProblemOptions)
    solver: SolverOptions = field(default_factory=SolverOptions)
    save: Path | None = None
    """File for the solution (safetensors); read it with ufm.load."""
    rigorous: bool = False
    """Also prove bounds on the minimum in ball arithmetic (python-flint)."""

    def run(self) -> int:
        """0 where the solver converged, 1 where it did not, 130 where Ctrl-C ended it."""
        if self.save is not None:
            require_file(self.save, "--save", "solution.safetensors")  # before the work, not after
        with processes(self.solver.method, self.solver.device) as first:
            return self._solved(first)

    def _solved(self, first: bool) -> int:
        console = Console(quiet=not first)
        problem, reading = self.problem.stated(told_to(console))
        if self.rigorous:
            require_feasible_solution(problem, self.solver.dim, every_sample=self.solver.method == "gradient")
        options = self.solver.arguments()
        if launched():
            options |= {"distributed": True, "device": own_device(self.solver.device)}
        elif self.solver.method == "gradient":
            options["metrics"] = tracked(problem)
        solution = ufm.solve(with_names(problem, reading), **options)  # a file keeps the names
        if first:
            self._told(solution, problem, console)
        if solution.outcome is ufm.Outcome.INTERRUPTED:
            return 130
        return 0 if solution.converged else 1

    def _told(self, solution: ufm.Solution, problem: Any, console: Console) -> None:
        """Saved, certified and printed."""
        try:
            if self.save is not None:
                solution.save(self.save)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            for part in (problem, solution, certify(problem, solution, rigorous=self.rigorous)):
                console.print(str(part), markup=False, highlight=False, soft_wrap=True)
        if self.save is not None:
            console.print(f"saved: {self.save}", markup=False, highlight=False, soft_wrap=True)


COMMANDS: dict[str, Any] = {
    "verify": Verify,
    "solve": Solve,
    "falsify": Falsify,
    "figure": Figure,
    "findings": FindingsCommand,
    "landscape": Landscape,
    "sweep": SweepCommand,
    "theorem": Theorem,
}
