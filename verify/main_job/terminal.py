"""The verdict and the summary in a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from verify.comparison.checks.row import FAILED, NOT_APPLICABLE, PASSED
from verify.comparison.curve_figure import curve_caption
from verify.main_job import summary
from verify.main_job.case import Case, JobResult
from verify.report import numbers

WIDE = 120  # columns from which a line holds a case
_COLOURS = {PASSED: "green", FAILED: "bold red", NOT_APPLICABLE: "dim", summary.NOT_CERTIFIED: "yellow"}
_SHOWN = ("verdict", "case", "theorem", "K_t", "N", "objective F", "rel. gap", "σ/τ", "checks", "s")


def print_summary(result: JobResult, console: Console) -> None:
    """One line per case in a wide terminal, a few short ones in a narrow one; then what failed, and the verdict."""
    if console.width >= WIDE:
        console.print(_table(result))
    else:
        for case in result.cases:
            _print_block(case, console)
    if result.curve is not None:
        word = PASSED if result.curve.passed else FAILED
        text = Text.assemble((word, _COLOURS[word]), f"  {summary.CURVE_NAME}: {curve_caption(result.curve)}")
        console.print(text)
    for case in result.cases:
        for row in case.report.failures:
            console.print(
                Text.assemble(
                    ("failed", _COLOURS[FAILED]),
                    f"  {summary.one_line(case.name)}: {row.check}, measured {numbers.value(row.measured)}, "
                    f"expected {numbers.value(row.expected)} ± {numbers.small(row.tolerance)} ({row.source})",
                )
            )
    console.print(Text(summary.headline(result), style=_COLOURS[summary.outcome(result)]))


def _table(result: JobResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in _SHOWN:
        right = name in summary.NUMERIC or name == "s"
        fold = name in ("case", "theorem", "K_t")
        table.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=not fold)
    for case in result.cases:
        line = summary.line(case)
        cells = dict(zip(summary.HEADER, line.cells, strict=True))
        cells |= {"checks": _checks(case, short=True), "s": cells["seconds"]}
        style = {"verdict": _COLOURS[line.verdict]}
        # Text: a name in brackets is a name, not markup
        table.add_row(*(Text(cells[name], style=style.get(name, "")) for name in _SHOWN))
    return table


def _print_block(case: Case, console: Console) -> None:
    line = summary.line(case)
    cells = dict(zip(summary.HEADER, line.cells, strict=True))
    console.print(Text.assemble((line.verdict, _COLOURS[line.verdict]), f"  {line.name}"))
    regime = "" if case.report.prediction is None else f": {cells['regime']}"
    details = (
        f"{cells['theorem']}{regime}",
        f"K_t = {cells['K_t']}; N = {cells['N']}; F = {cells['objective F']}",
        f"{cells['certificate']}; relative gap {cells['rel. gap']}; σ/τ = {cells['σ/τ']}",
        f"{_checks(case)}; {cells['seconds']} s",
    )
    for detail in details:
        console.print(Padding(Text(detail), (0, 0, 0, 2), expand=False))


def _checks(case: Case, short: bool = False) -> str:
    passed, failed, neither = (summary.tally(case, verdict) for verdict in (PASSED, FAILED, NOT_APPLICABLE))
    if short:
        return f"{passed}/{passed + failed}"
    return f"{passed} passed, {failed} failed, {neither} not applicable"
