"""The page: verdict, summary, curve, one section per case, and what it was computed with."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from verify.comparison.checks.row import FAILED, PASSED
from verify.main_job import summary
from verify.main_job.case import JobResult
from verify.main_job.case_section import case_section
from verify.report import numbers
from verify.report.as_html import figure
from verify.report.figure_files import FigureFile
from verify.report.style import STYLE
from verify.report.tables import Cell, table, verdict

TITLE = "Neural collapse in multi-task learning: verification report"
_WIDTHS = {
    "case": "name",
    "theorem": "short",
    "regime": "words",
    "certificate": "short",
    "K_t": "short",
    "λ_H, λ_W, λ_b": "short",
}


def page(
    result: JobResult,
    figures: Sequence[Sequence[FigureFile]],
    curve: FigureFile | None,
    environment: Mapping[str, str],
) -> str:
    """One self-contained HTML page: no script, no file or address outside it. ``figures`` are those of each case."""
    outcome = verdict(summary.outcome(result)).kind
    parts = [
        f"<h1>{TITLE}</h1>",
        f'<p class="headline {outcome}">{html.escape(summary.headline(result))}</p>',
        '<p class="quiet">Every problem is solved, its solution certified by a duality gap, and what it shows held '
        "against the theorem that covers it. λ’s stand beside the sum of cross-entropies unless a case says mean. "
        "σ/τ is at most 1 at a global minimum. A check whose hypothesis does not hold reads “not applicable”.</p>",
    ]
    if result.cases:
        parts.append(f"<section><h2>Summary</h2>\n{_summary_table(result)}</section>")
    if result.curve is not None and curve is not None:
        parts.append(_curve_section(result, curve))
    for number, (case, files) in enumerate(zip(result.cases, figures, strict=True), start=1):
        parts.append(case_section(number, case, files))
    about = " · ".join(f"{html.escape(name)} {html.escape(value)}" for name, value in environment.items())
    parts.append(f"<footer>{about}</footer>")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{TITLE}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )


def _summary_table(result: JobResult) -> str:
    header = [Cell(name, _kind(name)) for name in summary.HEADER]
    lines = []
    for number, case in enumerate(result.cases, start=1):
        line = summary.line(case)
        cells = [Cell(text, _kind(name)) for name, text in zip(summary.HEADER, line.cells, strict=True)]
        lines.append([verdict(line.verdict), Cell(line.name, "name", f"case-{number}"), *cells[2:]])
    return table(header, lines)


def _kind(name: str) -> str:
    return "number" if name in summary.NUMERIC else _WIDTHS.get(name, "")


def _curve_section(result: JobResult, file: FigureFile) -> str:
    curve = result.curve
    assert curve is not None
    word = PASSED if curve.passed else FAILED
    header = [Cell(name, "number") for name in ("n^{11}", "measured cosine", "relative gap")]
    lines = [
        [
            Cell(numbers.count(int(n)), "number"),
            Cell(numbers.value(float(c)), "number"),
            Cell(numbers.small(float(g)), "number"),
        ]
        for n, c, g in zip(curve.solved_n_same, curve.solved_cosine, curve.relative_gap, strict=True)
    ]
    return (
        f'<section id="curve"><h2>{summary.CURVE_NAME}: task correlation '
        f'<span class="verdict {word}">{word}</span></h2>\n{figure(file)}\n{table(header, lines)}</section>'
    )
