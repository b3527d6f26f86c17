"""-q leaves the result and errors, -v adds what is read, solved and written on standard error; Python hears nothing."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest
from program import run

import ufm
from ufm.support.display import aligned, line_width
from verify.cli.terminal import fitted

pytestmark = pytest.mark.usefixtures("in_a_folder_of_its_own", "undrawn")
SMALL = ["--classes", "2", "2", "--samples", "5", "--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]


def test_quiet(monkeypatch, capsys):
    assert run(monkeypatch, "solve", *SMALL, "--save", "s.safetensors", "-q") == 0
    told = capsys.readouterr()
    assert "global minimum" in told.out
    assert "Problem" not in told.out
    assert "saved" not in told.out
    assert told.err == ""
    assert run(monkeypatch, "-q", "verify", *SMALL) == 0
    assert capsys.readouterr().out == "Passed: 1 case\n"
    assert run(monkeypatch, "solve", *SMALL, "--quiet", "--dim", "0") == 2
    assert "dim" in capsys.readouterr().err


@pytest.mark.parametrize("method", ["newton", "gradient"])
def test_verbose(method, monkeypatch, capsys):
    assert run(monkeypatch, "solve", *SMALL, "--method", method, "--save", "s.safetensors", "-v") == 0
    once = capsys.readouterr()
    for said in ("solving SingleSource", "step 0: F = ", "solved: F = ", "wrote s.safetensors"):
        assert said in once.err
        assert said not in once.out
    assert run(monkeypatch, "-vv", "solve", *SMALL, "--method", method) == 0
    assert capsys.readouterr().err.count("step ") > once.err.count("step ")
    assert logging.getLogger("ufm").level == logging.NOTSET


def test_python_hears_nothing_unless_it_listens(caplog, capsys):
    problem = ufm.SingleSource([[3, 2], [1, 4]], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    ufm.solve(problem)
    assert capsys.readouterr().err == ""
    with caplog.at_level(logging.INFO, "ufm"):
        ufm.solve(problem)
    assert any("solved: F = " in record.getMessage() for record in caplog.records)


def test_lines_are_folded_under_their_values():
    assert fitted("a  b", None) == "a  b"
    text = "  status     converged after twenty steps"
    assert fitted(text, 30) == "  status     converged after\n             twenty steps"
    for width in (20, 40, 60):
        assert fitted(text, width).split() == text.split()
        assert max(map(len, fitted(text, width).split("\n"))) <= width
    path = "saved: /a/very/long/path/that/somebody/copies.safetensors"
    assert path.split()[1] in fitted(path, 20)


def test_tables_are_stacked_in_narrow_terminals():
    header, row = ("verdict", "check", "measured", "source"), ("passed", "objective", "0.1276421984", "Theorem 5.1")
    wide = aligned([header, row], [False, False, True, False], header)
    assert wide[0].split() == list(header)
    for width in (20, 40):
        token = line_width.set(width)
        try:
            narrow = aligned([header, row], [False, False, True, False], header)
        finally:
            line_width.reset(token)
        assert narrow[0] == "passed  objective"
        assert "measured 0.1276421984" in " ".join(line.strip() for line in narrow)
        assert max(map(len, narrow)) <= max(width, 25)


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_results_keep_to_the_terminal_and_lose_no_number(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "1000")
    assert run(monkeypatch, "landscape", *SMALL) == 0
    whole = capsys.readouterr().out
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run(monkeypatch, "landscape", *SMALL) == 0
    told = capsys.readouterr().out
    lines = [line for line in told.splitlines() if not line.startswith("next: ")]
    assert max(map(len, lines)) <= columns
    numbers = [word.strip(";") for word in whole.split() if word[:1].isdigit() and "e" not in word]
    assert numbers
    for number in numbers:
        assert number in told


def test_a_second_report_does_not_replace_the_first(monkeypatch, capsys):
    assert run(monkeypatch, "verify", *SMALL) == 0
    first = Path("report/report.json").read_bytes()
    capsys.readouterr()
    assert run(monkeypatch, "verify", *SMALL, "--seed", "1") == 0
    told = capsys.readouterr().out
    assert "report/ holds an earlier report, so this one goes to report-2/; --overwrite" in told
    assert "report: report-2/report.html" in told
    assert Path("report/report.json").read_bytes() == first
    assert Path("report-2/report.html").is_file()
    assert run(monkeypatch, "verify", *SMALL) == 0
    assert Path("report-3/report.html").is_file()
    assert run(monkeypatch, "verify", *SMALL, "--seed", "1", "--overwrite") == 0
    assert Path("report/report.json").read_bytes() != first
    assert not Path("report-4").exists()


def test_a_named_folder_with_a_report_is_refused_before_the_work(monkeypatch, capsys):
    Path("mine").mkdir()
    Path("mine/report.html").write_text("kept")
    solve = ufm.solve
    monkeypatch.setattr(ufm, "solve", lambda *_, **__: pytest.fail("began to solve"))
    assert run(monkeypatch, "verify", *SMALL, "--report", "mine") == 2
    assert "--report='mine' holds an earlier report; --overwrite replaces it" in capsys.readouterr().err
    assert Path("mine/report.html").read_text() == "kept"
    monkeypatch.setattr(ufm, "solve", solve)
    assert run(monkeypatch, "verify", *SMALL, "--report", "mine", "--overwrite") == 0
    assert Path("mine/report.html").read_text() != "kept"


def test_names_of_packages():
    code = (
        "import sys, ufm, theory, verify, ufm_networks\n"
        "assert 'torch' not in sys.modules\n"
        "for package in (ufm, verify, ufm_networks):\n"
        "    assert set(package.__all__) <= set(dir(package)), package\n"
        "    assert '__version__' in dir(ufm)\n"
        "from ufm import *\nfrom verify import *\n"
        "assert solve is ufm.solve and certify is verify.certify\n"
        "for package in (ufm, verify, ufm_networks):\n"
        "    try: package.nonsense\n"
        "    except AttributeError as error: assert 'nonsense' in str(error)\n"
        "    else: raise AssertionError(package)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=600)
