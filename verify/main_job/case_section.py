"""One case on the page."""

from __future__ import annotations

import html
from collections.abc import Sequence

import theory
from verify.main_job import summary
from verify.main_job.case import Case
from verify.report import numbers
from verify.report.as_html import figure
from verify.report.figure_files import FigureFile
from verify.report.tables import Cell, described, table, verdict

_ROWS_HEADER = [
    Cell("verdict"),
    Cell("check"),
    Cell("measured", "number"),
    Cell("expected", "number"),
    Cell("tolerance", "number"),
    Cell("source"),
    Cell("note"),
]


def case_section(number: int, case: Case, figures: Sequence[FigureFile]) -> str:
    """Problem, solution, certificate, theory, every row of the comparison, metrics, figures."""
    report = case.report
    line = summary.line(case)
    parts = [
        f"<h2>{number}. {html.escape(line.name)} {_word(line.verdict)}</h2>",
        "" if case.reading is None else described(case.reading),
        f'<div class="columns">{described(case.problem)}{described(report.certificate)}</div>',
        f"<h3>Solution</h3><p>{html.escape(_solved(case))}</p>",
        _theory(case),
        "<h3>Comparison</h3>",
        _rows(case),
        "<h3>Collapse metrics</h3>",
        _metrics(report.metrics),
        *(figure(file) for file in figures),
    ]
    return f'<section id="case-{number}">' + "\n".join(parts) + "</section>"


def _word(word: str) -> str:
    cell = verdict(word)
    return f'<span class="{cell.kind}">{html.escape(cell.text)}</span>'


def _solved(case: Case) -> str:
    solution = case.solution
    ended = "" if solution.converged else " Not converged."
    return (
        f"Method {solution.method}, d = {solution.dim}, F = {numbers.objective(solution.objective)}, "
        f"{numbers.seconds(case.seconds)} s. Status: {solution.status}.{ended}"
    )


def _theory(case: Case) -> str:
    prediction, not_covered = case.report.prediction, case.report.not_covered
    if not_covered is not None:
        return f"<h3>No theorem covers this problem</h3>{_failures(not_covered)}"
    if prediction is None:
        return ""
    return f"<h3>Prediction</h3>{described(prediction)}<h3>Thresholds</h3>{_thresholds(prediction)}"


def _failures(reason: theory.NotCovered) -> str:
    header = [Cell("theorem"), Cell("hypothesis that fails"), Cell("asked"), Cell("found")]
    lines = [
        [Cell(theorem, "short"), Cell(row.name), Cell(row.statement), Cell(row.found)]
        for theorem, rows in reason.failures.items()
        for row in rows
    ]
    return table(header, lines)


def _thresholds(prediction: theory.Prediction) -> str:
    header = [Cell("part"), *(Cell(name, "number") for name in ("λ_Hλ_W", "", "threshold", "margin a"))]
    lines = [
        [
            Cell(row.what),
            Cell(f"{row.product:.6g}", "number"),
            Cell("<" if row.below else "≥", "number"),
            Cell(f"{row.value:.6g}", "number"),
            Cell(numbers.value(row.margin), "number"),
        ]
        for row in prediction.thresholds
    ]
    return table(header, lines)


def _rows(case: Case) -> str:
    lines = [
        [
            verdict(row.verdict),
            Cell(row.check, "name"),
            Cell(numbers.value(row.measured), "number"),
            Cell(numbers.value(row.expected), "number"),
            Cell(numbers.small(row.tolerance), "number"),
            Cell(row.source, "words"),
            Cell(row.note, "words"),
        ]
        for row in case.report.rows
    ]
    return table(_ROWS_HEADER, lines)


def _metrics(metrics: dict[str, float]) -> str:
    header = [Cell(name.replace("_", "-"), "number") for name in metrics]
    return table(header, [[Cell(numbers.metric(v), "number") for v in metrics.values()]])
