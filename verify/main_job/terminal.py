"""The verdict and the summary in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from verify.comparison.checks.row import FAILED, NOT_APPLICABLE, PASSED
from verify.comparison.curve_figure import curve_caption
from verify.main_job import summary
from verify.main_job.case import Case, JobResult
from verify.report import numbers
from verify.report.as_terminal import COLOURS, coloured, terminal_table
from verify.report.blocks import Table, Verdict, table

WIDE = 120  # columns from which a line holds a case


def print_summary(result: JobResult, console: Console) -> None:
    """One line per case in a wide terminal, a few short ones in a narrow one; then what failed, and the verdict."""
    if console.width >= WIDE:
        console.print(terminal_table(_table(result)))
    else:
        for case in result.cases:
            _print_block(case, console)
    if result.curve is not None:
        word = Verdict(PASSED if result.curve.passed else FAILED)
        console.print(coloured(word) + f"  {summary.CURVE_NAME}: {curve_caption(result.curve)}")
    for case in result.cases:
        for row in case.report.failures:
            console.print(
                coloured(Verdict(row.verdict))
                + f"  {summary.one_line(case.name)}: {row.check}, measured {numbers.value(row.measured)}, "
                f"expected {numbers.value(row.expected)} ± {numbers.small(row.tolerance)} ({row.source})"
            )
    console.print(Text(summary.headline(result), style=COLOURS[summary.outcome(result)]))


def _table(result: JobResult) -> Table:
    shown = ("verdict", "case", "theorem", "K_t", "N", "objective F", "rel. gap", "σ/τ", "checks", "s")
    rows = []
    for case in result.cases:
        cells = summary.cells(case)
        cells["s"] = cells["seconds"]
        rows.append([cells[name] for name in shown])
    return table(shown, rows, shown[4:])


def _print_block(case: Case, console: Console) -> None:
    cells = summary.cells(case)
    console.print(coloured(cells["verdict"]) + f"  {cells['case']}")
    regime = "" if case.report.prediction is None else f": {cells['regime']}"
    details = (
        f"{cells['theorem']}{regime}",
        f"K_t = {cells['K_t']}; N = {cells['N']}; F = {cells['objective F']}",
        f"{cells['loss']}; λ_H, λ_W, λ_b = {cells['λ_H, λ_W, λ_b']}",
        f"{cells['certificate']}; relative gap {cells['rel. gap']}; σ/τ = {cells['σ/τ']}",
        f"{_checks(case)}; {cells['seconds']} s",
    )
    for detail in details:
        console.print(Padding(Text(detail), (0, 0, 0, 2), expand=False))


def _checks(case: Case) -> str:
    passed, failed, neither = (summary.tally(case, verdict) for verdict in (PASSED, FAILED, NOT_APPLICABLE))
    return f"{passed} passed, {failed} failed, {neither} not applicable"
