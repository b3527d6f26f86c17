"""A dimension that is too small is reported as what it is, not as a failed check."""

import json
import re
import sys
from pathlib import Path

import pytest

import ufm
from verify.cli import main
from verify.main_job import summary
from verify.main_job.case import JobResult, run_case

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
PROBLEM = ["--classes", "3", "3", "--samples", "10", "--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]


def case(name, **options):
    return run_case(name, ufm.SingleSource.balanced((3, 3), 10, **LAMBDAS), **options)


@pytest.mark.parametrize("columns", ["80", "200"])
def test_the_summary_of_a_dimension_too_small(columns, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "argv", ["ufm", "verify", *PROBLEM, "--dim", "2"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 1
    printed = capsys.readouterr().out
    assert "Not certified: the problem of the command line (d = 2 < 4) (of 1 case)" in printed
    assert "Failed" not in printed
    assert re.search(r'class="headline [^"]*not-certified"', Path("report/report.html").read_text())
    assert json.loads(Path("report/report.json").read_text())["passed"] is False


def test_failed_and_not_certified_are_told_apart():
    narrow, good = case("narrow", dim=2), case("good")
    bad = case("bad", method="gradient", optimizer="lbfgs", steps=3)
    assert [summary.case_verdict(c) for c in (narrow, good, bad)] == ["not certified", "passed", "failed"]
    assert summary.headline(JobResult((good, narrow, bad))) == (
        "Failed: bad; not certified: narrow (d = 2 < 4) (of 3 cases)"
    )
    assert summary.headline(JobResult((good, narrow))) == "Not certified: narrow (d = 2 < 4) (of 2 cases)"
    outcomes = [summary.outcome(JobResult(cases)) for cases in ((good, narrow, bad), (good, narrow), (good,))]
    assert outcomes == ["failed", "not certified", "passed"]


def test_the_first_paragraph_claims_what_came_out():
    skewed = run_case("skewed", ufm.SingleSource([[5, 3], [2, 7]], **LAMBDAS))
    good, bad = case("good"), case("bad", method="gradient", optimizer="lbfgs", steps=3)
    assert skewed.report.prediction is None
    assert "So the solution is a certified global minimum" in summary.told(JobResult((good,)))
    assert "looks as theory says" in summary.told(JobResult((good,)))
    alone = summary.told(JobResult((skewed,)))
    assert "no theorem covers it" in alone
    assert "theory says" not in alone
    assert "the 1 that a theorem covers look as it says" in summary.told(JobResult((good, skewed)))
    assert " failed" in summary.told(JobResult((good, bad)))
    for cases in ((good, bad), (case("narrow", dim=2),)):
        assert "certified global minimum" not in summary.told(JobResult(cases))
    assert summary.told(JobResult(())) == ""
