"""Names of tasks and classes from the file to the terminal, JSON, text, page and figures."""

from __future__ import annotations

import json
import re
from pathlib import Path

import forked
import numpy as np
import pytest
from program import run

import ufm
from verify.cli.problem_options import ProblemOptions
from verify.main_job.case import run_case
from verify.main_job.cosine_figure import cosine_figure, cosine_file
from verify.reading.label_reading import FileRead, LabelReading, NamedTask, listed, shown

LAMBDAS = ["--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]
SHAPES = ["round", "<b>$x^$</b>"]


@pytest.fixture(autouse=True)
def things(in_a_folder_of_its_own: None) -> None:
    rows = [f"{i};{('red', 'blue')[i % 2]};{SHAPES[i // 2 % 2]}" for i in range(20)]
    Path("things.csv").write_text("\n".join(["id;colour;shape", *rows]))


def test_what_was_read_is_printed_first_and_kept(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "things.csv")
    assert run(monkeypatch, "verify", "--labels", path, "--columns", "colour", "3", *LAMBDAS) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Labels read"
    assert re.fullmatch(rf" *{re.escape(path)} +delimiter semicolon, a header, 20 rows", out[1])
    assert re.fullmatch(r" *task 1, colour +2 classes: blue \(10\), red \(10\)", out[2])
    assert re.fullmatch(r" *task 2, shape +2 classes: <b>\$x\^\$</b> \(10\), round \(10\)", out[3])
    reading = json.loads(Path("report/report.json").read_text())["cases"][0]["reading"]
    assert reading["files"] == [{"path": "things.csv", "delimiter": "semicolon", "header": True, "rows": 20}]
    assert reading["tasks"][0] == {"name": "colour", "classes": ["blue", "red"], "counts": [10, 10], "unlabelled": 0}
    assert reading["tasks"][1]["classes"] == sorted(SHAPES)
    for name in ("report.html", "report.txt", "report.json"):
        assert str(tmp_path) not in Path("report", name).read_text()
    assert "blue (10), red (10)" in Path("report/report.txt").read_text()
    page = Path("report/report.html").read_text()
    assert "blue (10), red (10)" in page
    assert "<b>$x" not in page
    figure = Path("report/figures/case-1-cosines.svg").read_text()
    assert all(name in figure for name in ("blue", "red", "round"))


def test_warnings_are_printed_and_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "solve", "--labels", "things.csv", *LAMBDAS) == 0
    assert re.search("warning +id is named like an index", capsys.readouterr().out)
    assert run(monkeypatch, "landscape", "--labels", "things.csv", "--columns", "colour", *LAMBDAS) == 0
    assert capsys.readouterr().out.startswith("Labels read")


def test_a_task_of_one_class_is_shown_before_it_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("one.csv").write_text("a,b\n" + "0,3\n1,3\n" * 4)
    assert run(monkeypatch, "verify", "--labels", "one.csv") == 2
    heard = capsys.readouterr()
    assert "1 class: 3 (8)" in heard.out
    assert "task b has one class only, 3" in heard.err


def test_flags_of_files_need_files(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for flags, message in (
        (["--header", "--classes", "2", "--samples", "3"], "--header: of a file of --labels"),
        (["--columns", "a"], "--columns: of a file"),
        (["--labels", "things.csv", "--header", "--no-header"], "contradict each other"),
    ):
        assert run(monkeypatch, "verify", *flags) == 2
        assert message in capsys.readouterr().err


def test_figures_name_their_rows() -> None:
    options = ProblemOptions(labels=(Path("things.csv"),), columns=("shape", "colour"), lambda_H=0.05)
    problem, reading = options.stated()
    case = run_case("things", problem, reading=reading)
    axes = cosine_figure(case).axes[0]
    names = ["<b>\\$x^\\$</b>", "round", "blue", "red"]
    assert [tick.get_text() for tick in axes.get_xticklabels()] == names
    assert [tick.get_text() for tick in axes.get_yticklabels()] == names
    assert "Tasks in order: shape, colour." in cosine_file("figure", case).caption
    bare = run_case("things", options.build())
    assert cosine_figure(bare).axes[0].get_xticklabels()[0].get_text() == "$w_{1}^{1}$"


def test_tasks_from_files_of_their_own_are_named_by_them() -> None:
    Path("colour.csv").write_text("red\nblue\n" * 3)
    np.save("shape.npy", np.array([1, 2, 3] * 2))
    problem, reading = ProblemOptions(labels=(Path("colour.csv"), Path("shape.npy")), multi_source=True).stated()
    assert isinstance(problem, ufm.MultiSource)
    assert reading is not None
    assert [(task.name, task.classes) for task in reading.tasks] == [
        ("colour", ("blue", "red")),
        ("shape", ("1", "2", "3")),
    ]
    assert problem.classes == (2, 3)


def test_label_sets_name_classes_by_column_and_warn_of_empty_ones() -> None:
    Path("sets.csv").write_text("cat|dog|bird\nTrue|1.0|0\n0|1|False\n")
    problem, reading = ProblemOptions(labels=(Path("sets.csv"),), multi_label=True).stated()
    assert isinstance(problem, ufm.MultiLabel)
    assert problem.count((0, 1)) == problem.count((1,)) == 1
    assert reading is not None
    assert reading.tasks == (NamedTask("sets", ("cat", "dog", "bird"), (1, 2, 0)),)
    assert reading.warnings == ("sets: class bird without samples: empty",)


def test_long_and_hostile_names_stay_in_their_line() -> None:
    tasks = tuple(NamedTask("a\nb\x1b[31m", ("x" * 100, *map(str, range(500))), (1,) * 501) for _ in range(60))
    text = str(LabelReading((FileRead(Path("f.csv"), "comma", False, 501),), tasks, ("w",) * 40))
    assert "501 classes: xxxxxxxxxxxxxxxxxxxxxxx… (1), 0 (1), 1 (1), 2 (1), 3 (1), 4 (1), …, 499 (1)" in text
    assert "\x1b" not in text
    assert text.count("\n") == 1 + 50 + 1 + 20 + 1
    assert shown("a\nb") == "a\\nb"
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(i) for i in range(20)]) == "0, 1, 2, 3, 4, 5, 6, …, 19"


def test_pandas_is_imported_for_text_only(tmp_path: Path) -> None:
    code = """
import sys; sys.modules["pandas"] = None
from pathlib import Path
import numpy as np
from verify.cli.label_files import read_tasks
read_labels = lambda path: read_tasks([path])[0][0]
np.save("x.npy", [0, 1]); print(read_labels(Path("x.npy")).tolist())
try: read_labels(Path("things.csv"))
except ModuleNotFoundError as error: print(error)
"""
    assert forked.run(code, cwd=tmp_path).splitlines() == [
        "[[0], [1]]",
        "reading label files needs pandas: pip install 'ufm-toolkit[cli]'",
    ]
