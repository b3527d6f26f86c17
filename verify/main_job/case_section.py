"""One case on the page, folded under its line."""

from __future__ import annotations

from collections.abc import Sequence

import theory
from ufm.support.display import Summary
from verify.main_job import summary
from verify.main_job.case import Case
from verify.main_job.space import case_space
from verify.plot.metric_names import shown
from verify.report import numbers
from verify.report.blocks import Cards, Line, Name, Paragraph, Picture, Section, Table, Verdict, table
from verify.report.figure_files import FigureFile


def case_sections(number: int, case: Case, figures: Sequence[FigureFile]) -> list[Section]:
    """Problem, certificate and solution; then theory, every row of the comparison, metrics and figures."""
    report = case.report
    stated = [case.problem._summary(), report.certificate._summary()]
    if case.reading is not None:
        read = case.reading._summary(paths=False)
        stated.insert(0, Summary(read.title, [(Name(name), Name(value)) for name, value in read.rows]))
    names = tuple(map(shown, report.metrics))
    metrics = table(names, [map(numbers.metric, report.metrics.values())], names)
    seen = case_space(case)
    return [
        Section(
            f"{number}. {summary.one_line(case.name)}",
            (Cards(tuple(stated)), Paragraph(_solved(case))),
            verdict=Verdict(summary.case_verdict(case)),
            anchor=f"case-{number}",
            line=_line(case),
        ),
        *_theory(case),
        Section(report.title, (report.table(),), 3),
        Section("Collapse metrics", (metrics, *map(Picture, figures)), 3),
        *([] if seen is None else [Section("Heads and features in space", (seen,), 3)]),
    ]


def _line(case: Case) -> Line:
    cells = summary.cells(case)
    return Line(
        "case",
        {name: cells[name] for name in summary.NUMBERS},
        {name: cells[name] for name in summary.WORDS},
        frozenset(("theorem", "regime", "loss", "certificate")),
    )


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
    told = [
        ("source", prediction.citation),
        ("regime", prediction.regime),
        ("objective", f"{prediction.objective:.15g}"),
        ("properties", ", ".join(prediction.properties)),
        ("feature dimension d", f"at least {prediction.required_dim}; rank of the heads {prediction.rank}"),
        *((row.name, row.verdict) for row in prediction.hypotheses),
    ]
    beyond = "" if prediction.within_theorem else " (beyond the paper)"
    predicted = Cards((Summary(f"{prediction.theorem}{beyond}", told),))
    return [Section("Prediction", (predicted, _thresholds(prediction)), 3)]


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
