"""``ufm verify``: the main job, or one problem compared with its theorem."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from verify.cli.devices import require_device
from verify.cli.page import Page
from verify.cli.problem_options import ProblemOptions
from verify.cli.solver_options import SolverOptions

if TYPE_CHECKING:
    from verify.cli.terminal import Terminal
    from verify.main_job.case import JobResult

REPORT = Path("report")


@dataclass(frozen=True)
class Verify:
    """Solve, certify and compare with the theorems. Without a problem: all theorems, in every regime."""

    page: ClassVar[Page] = Page(
        takes="half a minute for all theorems; seconds for a problem of a few classes",
        writes="report.html, report.txt, report.json and figures/ in the folder of the report",
        status="0: every check passed; 1: one failed, or a minimum is not certified; 2: bad input",
        examples=(
            ("ufm verify", "Every theorem, below, at and above its thresholds."),
            ("ufm verify --classes 3 3 --samples 10", "Two tasks of three classes, every label pair ten times."),
            ("ufm verify --classes 2 --n-same 30 --n-different 10", "Two correlated tasks of two classes."),
            ("ufm verify --labels labels.csv --lambda-H 0.05", "Your own labels, one column a task."),
            ('ufm verify --counts "30 10; 10 30" --loss squared-error', "A table of numbers of samples."),
        ),
    )

    problem: ProblemOptions = field(default_factory=ProblemOptions)
    solver: SolverOptions = field(default_factory=SolverOptions)
    report: Path | None = None
    """Folder for the report. Default: report, or report-2, report-3, … where that holds an earlier one."""
    overwrite: bool = False
    """Replace the report that is in the folder."""
    objective_tolerance: float | None = None
    """Relative tolerance of the objective in the comparison; the geometry's is its square root. Default: 1e-9 for
    newton, 1e-5 for the other methods."""

    def run(self) -> int:
        """0 if every check passed, 1 if one failed."""
        from verify.cli.label_printing import told_to
        from verify.cli.report_folder import report_folder
        from verify.cli.terminal import Terminal
        from verify.main_job import prepare_report, write_report
        from verify.main_job.case import JobResult, run_case
        from verify.main_job.problems import FIRST_ORDER_TOLERANCE, run_main_job

        terminal = Terminal()
        require_device(self.solver.device)
        problem, reading = self.problem.stated(told_to(terminal)) if self.problem.given else (None, None)
        if problem is None and (self.solver != SolverOptions() or self.objective_tolerance is not None):
            raise ValueError("solver flags and --objective-tolerance need a problem: --classes … or --labels …")
        folder, word = report_folder(self.report, REPORT, "report.html", self.overwrite, "--report")
        prepare_report(folder)  # before the work, not after
        if word:
            terminal.tell(word)
        if problem is not None:
            name = " ".join(self.problem.file_names) or "the problem of the command line"
            tolerance = self.objective_tolerance
            if tolerance is None and self.solver.method != "newton":
                tolerance = FIRST_ORDER_TOLERANCE
            with terminal.status("solving"):
                case = run_case(name, problem, tolerance=tolerance, reading=reading, **self.solver.arguments())
            result = JobResult((case,))
        else:
            with terminal.status("solving") as status:
                result = run_main_job(lambda name: status.update(name))
        try:
            with terminal.status("writing the report"):
                page = write_report(result, folder)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            if problem is not None:
                terminal.tell(case.report)
            _print(result, terminal)
        terminal.written("report", page)
        terminal.then(f"open {page} in a browser")
        return 0 if result.passed else 1


def _print(result: JobResult, terminal: Terminal) -> None:
    from rich.console import Console

    from verify.cli.verbosity import quiet
    from verify.main_job import print_summary
    from verify.main_job.summary import headline

    if quiet.get():
        terminal.result(headline(result))
    else:
        print_summary(result, Console())
