"""The page: verdict, summary, curve, each case, and what it was computed with."""

from __future__ import annotations

from collections.abc import Sequence

from verify.comparison.checks.row import FAILED, PASSED
from verify.comparison.cosine_curve import CosineCurve
from verify.main_job import summary
from verify.main_job.case import JobResult
from verify.main_job.case_section import case_sections
from verify.report import numbers
from verify.report.blocks import Page, Picture, Section, Verdict, table
from verify.report.figure_files import FigureFile

TITLE = "Neural collapse in multi-task learning: verification report"
NOTE = (
    "Every problem is solved, its solution certified by a duality gap, and what it shows held against the theorem that "
    "covers it. λ’s stand beside the sum of losses unless a case says mean; λ_b is 0 where the bias is "
    "free, and “none” where there is none. σ/τ is at most 1 at a global "
    "minimum. A check whose hypothesis does not hold reads “not applicable”."
)


def page(result: JobResult, figures: Sequence[Sequence[FigureFile]], curve: FigureFile | None) -> Page:
    """``figures`` are those of each case."""
    sections: list[Section] = []
    if result.cases:
        sections.append(Section("Summary", (summary.summary_table(result.cases),)))
    if result.curve is not None and curve is not None:
        sections.append(_curve_section(result.curve, curve))
    for number, (case, files) in enumerate(zip(result.cases, figures, strict=True), start=1):
        sections += case_sections(number, case, files)
    outcome = Verdict(summary.outcome(result))
    return Page(TITLE, summary.headline(result), tuple(sections), NOTE, outcome)


def _curve_section(curve: CosineCurve, file: FigureFile) -> Section:
    header = ("n^{11}", "measured cosine", "relative gap")
    rows = [
        (numbers.count(int(n)), numbers.value(float(c)), numbers.small(float(g)))
        for n, c, g in zip(curve.solved_n_same, curve.solved_cosine, curve.relative_gap, strict=True)
    ]
    word = Verdict(PASSED if curve.passed else FAILED)
    blocks = (Picture(file), table(header, rows, header))
    return Section(f"{summary.CURVE_NAME}, task correlation", blocks, verdict=word, anchor="curve")
