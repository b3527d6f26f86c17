"""One case on the page."""

from __future__ import annotations

from collections.abc import Sequence

import theory
from verify.main_job import summary
from verify.main_job.case import Case
from verify.plot.metric_names import shown
from verify.report import numbers
from verify.report.blocks import Paragraph, Picture, Section, Shown, Table, Verdict, table
from verify.report.figure_files import FigureFile


def case_sections(number: int, case: Case, figures: Sequence[FigureFile]) -> list[Section]:
    """Problem, solution, certificate, theory, every row of the comparison, metrics, figures."""
    report = case.report
    read = () if case.reading is None else (Shown((case.reading,)),)
    stated = (*read, Shown((case.problem, report.certificate)))
    word = Verdict(summary.case_verdict(case))
    names = tuple(map(shown, report.metrics))
    metrics = table(names, [map(numbers.metric, report.metrics.values())], names)
    return [
        Section(f"{number}. {summary.one_line(case.name)}", stated, verdict=word, anchor=f"case-{number}"),
        Section("Solution", (Paragraph(_solved(case)),), 3),
        *_theory(case),
        Section(report.title, (report.table(),), 3),
        Section("Collapse metrics", (metrics, *map(Picture, figures)), 3),
    ]


def _solved(case: Case) -> str:
    solution = case.solution
    ended = "" if solution.converged else " Not converged."
    return (
        f"Method {solution.method}, d = {solution.dim}, F = {numbers.objective(solution.objective)}, "
        f"{numbers.seconds(case.seconds)} s. Status: {solution.status}.{ended}"
    )


def _theory(case: Case) -> list[Section]:
    prediction, not_covered = case.report.prediction, case.report.not_covered
    if not_covered is not None:
        return [Section("No theorem covers this problem", (_failures(not_covered),), 3)]
    if prediction is None:
        return []
    return [
        Section("Prediction", (Shown((prediction,)),), 3),
        Section("Thresholds", (_thresholds(prediction),), 3),
    ]


def _failures(reason: theory.NotCovered) -> Table:
    rows = [(theorem, row.name, row.statement, row.found) for theorem, rows in reason.failures.items() for row in rows]
    return table(("theorem", "hypothesis that fails", "asked", "found"), rows, widths={"theorem": "short"})


def _thresholds(prediction: theory.Prediction) -> Table:
    header = ("part", "λ_Hλ_W", "", "threshold", "margin a")
    rows = [
        (row.what, f"{row.product:.6g}", "<" if row.below else "≥", f"{row.value:.6g}", numbers.value(row.margin))
        for row in prediction.thresholds
    ]
    return table(header, rows, header[1:])
