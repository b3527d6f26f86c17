"""``ufm findings``: the page of findings, computed afresh."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from verify.cli.page import Page
from verify.cli.terminal import Terminal

INTERRUPTED = 130


@dataclass(frozen=True)
class FindingsCommand:
    """Put the claims to the test, enclose the minima, draw the curves, map the landscapes; write it all as a page."""

    page: ClassVar[Page] = Page(
        takes="about three minutes with the default --budget and --points, less with smaller ones",
        writes="findings.html, findings.md, findings.json, figures and counterexamples in the folder of --output",
        status=(
            "0: all intervals meet, all curves are certified, every search tested something; 1: otherwise; "
            "2: bad input; 130: Ctrl-C, with what was finished written"
        ),
        examples=(
            ("ufm findings", "The page docs/findings holds, in the folder findings."),
            ("ufm findings --budget 20 --points 3 --output quick", "A short look."),
        ),
    )

    output: Path = Path("findings")
    """Folder for findings.html, findings.md, findings.json, figures and counterexamples; files of an earlier page there
    are replaced. Default: findings."""
    budget: int = 200
    """Problems solved in each search for a counterexample. Default: 200."""
    points: int = 9
    """Certified minima along each curve. Default: 9."""
    seed: int = 0
    """Seed of the searches. Default: 0."""

    def run(self) -> int:
        """0 if all intervals meet, all curves are certified and every search tested something; 1 otherwise.

        130 after Ctrl-C, with the finished parts written.
        """
        from ufm.support import validation
        from ufm.support.writable import open_folder
        from verify.findings import (
            FILES,
            FindingsInterrupted,
            run_findings,
            write_findings,
        )  # needs hypothesis and sympy
        from verify.report.as_html import require_page_libraries

        budget = validation.whole_number("--budget", self.budget, 1)
        points = validation.whole_number("--points", self.points, 2)
        seed = validation.whole_number("--seed", self.seed, 0)
        require_page_libraries()
        folder = open_folder(self.output, *FILES, what="--output")  # before the work, not after
        terminal = Terminal()
        with terminal.status("searching") as status:
            try:
                findings = run_findings(
                    budget=budget, seed=seed, points=points, started=lambda name: status.update(name)
                )
            except FindingsInterrupted as interrupted:
                findings = interrupted.findings
                if not findings.searched:
                    raise
        try:
            page = write_findings(findings, folder)
        finally:  # a disk may have filled up meanwhile: what was found is told all the same
            terminal.result(findings.lead)
        terminal.written("page", page)
        terminal.then(f"open {page} in a browser")
        if findings.interrupted:
            return INTERRUPTED
        return 0 if findings.sound else 1
