"""The page: verdict, plain words, curve, each case, how to read it, and what it was computed with."""

from __future__ import annotations

from collections.abc import Sequence

from verify.comparison.checks.row import FAILED, PASSED
from verify.comparison.cosine_curve import CosineCurve
from verify.comparison.curve_plane import curve_plane
from verify.main_job import summary
from verify.main_job.case import JobResult
from verify.main_job.case_section import case_sections
from verify.report import numbers
from verify.report.blocks import Formula, Page, Paragraph, Picture, Section, Verdict, table
from verify.report.figure_files import FigureFile

TITLE = "Neural collapse in multi-task learning: verification report"
OBJECTIVE = Formula(
    r"F(W,H,b)=\sum_{t=1}^{T}c^t\sum_{l}n_l\,\ell_t(W^t h_l+b^t;\,y_l^t)+\lambda_H\sum_{l}n_l\,\omega_l\,\|h_l\|^2"
    r"+\lambda_W\sum_{t=1}^{T}c^t\,\|W^t\|^2+\lambda_b\sum_{t=1}^{T}c^t\,\|b^t\|^2",
    "F(W, H, b) = Σ_t c^t Σ_l n_l ℓ_t(W^t h_l + b^t; y_l^t) + λ_H Σ_l n_l ω_l ‖h_l‖² + λ_W Σ_t c^t ‖W^t‖² "
    "+ λ_b Σ_t c^t ‖b^t‖²",
)
READING = (
    Paragraph("Every problem is to minimize"),
    OBJECTIVE,
    Paragraph(
        "over heads W^t (K_t, d), features h_l in R^d of n_l samples with the same labels l, and biases b^t; c^t are "
        "task weights, ω_l is 1 where tasks share their samples and c^t where each has its own. λ’s stand beside the "
        "sum of losses unless a case says mean; λ_b is 0 where the bias is free, and “none” where there is none."
    ),
    Paragraph(
        "The relative gap is (F − D) / F for a lower bound D of F over all points: where it is below the tolerance, "
        "the solution is a global minimum. σ/τ is at most 1 at a global minimum; it compares the largest singular "
        "value of the loss’s gradient with what the penalties outweigh. Checks are those that passed out of those "
        "that apply: one whose hypothesis does not hold reads “not applicable”. Seconds are wall-clock time of the "
        "solver alone."
    ),
)


def page(result: JobResult, figures: Sequence[Sequence[FigureFile]], curve: FigureFile | None) -> Page:
    """``figures`` are those of each case."""
    sections: list[Section] = []
    for number, (case, files) in enumerate(zip(result.cases, figures, strict=True), start=1):
        sections += case_sections(number, case, files)
    if result.curve is not None and curve is not None:
        sections.append(_curve_section(result.curve, curve))
    if sections:
        sections.append(Section("How to read this page", READING, anchor="reading"))
    return Page(
        TITLE,
        summary.headline(result),
        tuple(sections),
        told=summary.told(result),
        verdict=Verdict(summary.outcome(result)),
        tally=summary.verdicts(result),
    )


def _curve_section(curve: CosineCurve, file: FigureFile) -> Section:
    header = ("n^{11}", "measured cosine", "relative gap")
    rows = [
        (numbers.count(int(n)), numbers.value(float(c)), numbers.small(float(g)))
        for n, c, g in zip(curve.solved_n_same, curve.solved_cosine, curve.relative_gap, strict=True)
    ]
    word = Verdict(PASSED if curve.passed else FAILED)
    blocks = (Picture(file, curve_plane(curve)), table(header, rows, header))
    return Section(f"{summary.CURVE_NAME}, task correlation", blocks, verdict=word, anchor="curve")
