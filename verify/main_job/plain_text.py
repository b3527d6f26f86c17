"""The report as plain text, aligned."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from verify.comparison.checks.row import FAILED, PASSED
from verify.comparison.cosine_curve import CosineCurve
from verify.comparison.curve_figure import curve_caption
from verify.main_job import summary
from verify.main_job.case import Case, JobResult
from verify.main_job.page import TITLE
from verify.report import numbers


def as_text(result: JobResult, environment: Mapping[str, str]) -> str:
    """The same tables as the page, without figures."""
    parts = [f"{TITLE}\n{'=' * len(TITLE)}\n\n{summary.headline(result)}"]
    if result.cases:
        parts.append("Summary\n-------\n" + _summary(result.cases))
    if result.curve is not None:
        parts.append(_curve(result.curve))
    parts += [_case(number, case) for number, case in enumerate(result.cases, start=1)]
    parts.append("\n".join(f"{name} {value}" for name, value in environment.items()))
    return "\n\n".join(parts) + "\n"


def aligned(header: Sequence[str], lines: Sequence[Sequence[str]], right: frozenset[str] = frozenset()) -> str:
    """Columns as wide as their longest cell; those named in ``right`` are flush right."""
    widths = [max(len(line[i]) for line in (header, *lines)) for i in range(len(header))]

    def padded(line: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(header, line, widths, strict=True)
        )
        return "  ".join(cells).rstrip()

    return "\n".join(padded(line) for line in (header, *lines))


def _summary(cases: Sequence[Case]) -> str:
    return aligned(summary.HEADER, [summary.line(case).cells for case in cases], summary.NUMERIC)


def _curve(curve: CosineCurve) -> str:
    header = ("n^{11}", "measured cosine", "relative gap")
    lines = [
        (numbers.count(int(n)), numbers.value(float(c)), numbers.small(float(g)))
        for n, c, g in zip(curve.solved_n_same, curve.solved_cosine, curve.relative_gap, strict=True)
    ]
    title = f"{summary.CURVE_NAME}: {PASSED if curve.passed else FAILED}"
    caption = textwrap.fill(curve_caption(curve), 100)
    return f"{title}\n{'-' * len(title)}\n{caption}\n{aligned(header, lines, frozenset(header))}"


def _case(number: int, case: Case) -> str:
    report = case.report
    line = summary.line(case)
    title = f"{number}. {line.name}: {line.verdict}"
    blocks = [
        f"{title}\n{'-' * len(title)}",
        *([] if case.reading is None else [str(case.reading)]),
        str(case.problem),
        f"{case.solution}\n  seconds  {numbers.seconds(case.seconds)}",
        str(report.certificate),
    ]
    if report.prediction is not None:
        blocks.append(str(report.prediction))
    blocks.append(str(report))
    width = max((len(name) for name in report.metrics), default=0)
    measured = [f"  {name:<{width}}  {numbers.metric(v)}" for name, v in report.metrics.items()]
    blocks.append("\n".join(["Collapse metrics", *measured]))
    return "\n\n".join(blocks)
