import io

import pytest
from reported_results import HOSTILE, case, curve, failing, result
from rich.console import Console

from verify.main_job import print_summary
from verify.main_job.case import JobResult


def printed(of, width):
    stream = io.StringIO()
    print_summary(of, Console(file=stream, width=width, color_system=None))
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 80, 119, 120, 200])
def test_summary_fits_and_is_complete(width):
    text = printed(result(), width)
    assert max(map(len, text.splitlines())) <= width
    flat = "".join(text.split())
    for each in result().cases:
        assert f"{each.report.certificate.objective:.12g}" in flat
    assert flat.endswith("Passed:6casesandFigure3(c)")


@pytest.mark.parametrize("width", [60, 150])
def test_a_name_in_brackets_is_no_markup(width):
    assert "[red]" in printed(JobResult((case(HOSTILE),)), width)


@pytest.mark.parametrize("width", [80, 150])
def test_failures_are_listed(width):
    bad = failing(case("balanced"))
    text = " ".join(printed(JobResult((bad,), curve()), width).split())
    assert f"failed balanced: {bad.report.rows[0].check}, measured –" in text
    assert text.endswith("Failed: balanced (of 1 case and Figure 3(c))")


def test_empty_result():
    assert "Nothing was checked" in printed(JobResult(()), 80)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("correlated", "both pairs of labels below threshold"),
        (HOSTILE, "heads neither parallel nor opposite (beyond the paper)"),
        ("rank one", "labels that differ past their threshold (past the threshold)"),
    ],
)
def test_a_law_below_its_thresholds_is_not_called_past_them(name, words):
    flat = " ".join(printed(JobResult((case(name),)), 80).split())
    assert f"{words} K_t =" in flat
