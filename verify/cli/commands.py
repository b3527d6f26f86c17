"""The table of commands that do not need networks: their lines on the top help page, and their modules."""

from __future__ import annotations

from verify.cli.groups import CHECK, OWN, PAPER, SEARCH
from verify.cli.page import Command

_MAIN_JOB = ("torch", "verify.main_job", "verify.main_job.problems", "verify.cli.file_problems")

COMMANDS: dict[str, Command] = {
    "verify": Command(
        CHECK,
        "Put the theorems, or your own problem, to the test; write a report.",
        "verify.cli.verify_command",
        "Verify",
        _MAIN_JOB,
    ),
    "theorem": Command(
        CHECK,
        "Print a theorem with its derivation, as LaTeX or text.",
        "verify.cli.theorem_command",
        "Theorem",
        (),
    ),
    "solve": Command(
        OWN,
        "Solve a problem of yours and certify its minimum.",
        "verify.cli.solve_command",
        "Solve",
        ("torch", "ufm._solve", "verify.certification.certificate", "verify.cli.file_problems"),
    ),
    "landscape": Command(
        OWN,
        "List a problem's critical points: one minimum, and strict saddles.",
        "verify.cli.landscape_command",
        "Landscape",
        ("torch", "verify.landscape", "verify.cli.file_problems"),
    ),
    "falsify": Command(
        SEARCH,
        "Search for a certified counterexample to a claim.",
        "verify.cli.falsify_command",
        "Falsify",
        ("torch", "verify.falsification"),
    ),
    "sweep": Command(
        SEARCH,
        "Solve thousands of problems into one table.",
        "verify.cli.sweep_command",
        "SweepCommand",
    ),
    "findings": Command(
        SEARCH,
        "Compute the page of findings afresh.",
        "verify.cli.findings_command",
        "FindingsCommand",
    ),
    "figure": Command(
        PAPER,
        "Draw a figure of the paper, or a sweep's phase diagram.",
        "verify.cli.figure_command",
        "Figure",
        ("torch", "verify.comparison.curve_figure"),
    ),
}
