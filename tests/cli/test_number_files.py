"""Targets and probabilities from files: what problem they state, and why others are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from program import run

import ufm
from verify.cli.problem_options import ProblemOptions

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.0}
BOXES = np.array([[0.5, -1.25, 3.0], [1e-3, 2.0, 4.0], [0.1, 0.2, 1 / 3], [0.5, -1.25, 3.0]])


def written(path: Path, array: np.ndarray, header: str = "x,y,width\n") -> Path:
    path.write_text(header + "".join(",".join(map(repr, row)) + "\n" for row in array.tolist()))
    return path


def assert_same(one: ufm.solution.Problem, two: ufm.solution.Problem) -> None:
    assert type(one) is type(two)
    assert one.classes == two.classes
    for name in ("targets", "counts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("header", ["x,y,width\n", ""])
def test_text_to_the_last_digit(tmp_path: Path, header: str) -> None:
    path = written(tmp_path / "boxes.csv", BOXES, header)
    problem, reading = ProblemOptions(targets=path, **LAMBDAS).stated()
    assert_same(problem, ufm.Regression(BOXES, **LAMBDAS))
    assert problem.loss == "squared-error"
    assert reading is not None
    assert reading.title == "Targets read"
    assert reading.tasks[0].name == "boxes"
    assert reading.tasks[0].ranges[2] == (1 / 3, 4.0)


def test_tasks_and_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "boxes.csv", BOXES)
    problem, reading = ProblemOptions(targets=path, outputs=(2, 1), task_weights=(1.0, 2.0), **LAMBDAS).stated()
    assert_same(problem, ufm.Regression([BOXES[:, :2], BOXES[:, 2:]], task_weights=(1.0, 2.0), **LAMBDAS))
    assert reading is not None
    assert [task.name for task in reading.tasks] == ["x, y", "width"]
    chosen = ProblemOptions(targets=path, columns=("width", "1"), **LAMBDAS).build()
    assert_same(chosen, ufm.Regression(BOXES[:, [2, 0]], **LAMBDAS))


def test_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", BOXES)
    assert_same(ProblemOptions(targets=tmp_path / "a.npy", **LAMBDAS).build(), ufm.Regression(BOXES, **LAMBDAS))
    np.save(tmp_path / "b.npy", BOXES[:, 0].astype(np.float32))
    single = ProblemOptions(targets=tmp_path / "b.npy", **LAMBDAS).build()
    assert_same(single, ufm.Regression(BOXES[:, :1].astype(np.float32), **LAMBDAS))


def test_probabilities(tmp_path: Path) -> None:
    P, Q = np.random.default_rng(0).dirichlet(np.ones(3), 6), np.full((6, 2), 0.5)
    np.save(tmp_path / "p.npy", P)
    path = written(tmp_path / "q.csv", Q, "")
    options = ProblemOptions(probabilities=(tmp_path / "p.npy", path), loss=("squared-error",), **LAMBDAS)
    problem, reading = options.stated()
    assert_same(problem, ufm.SingleSource.from_probabilities([P, Q], loss="squared-error", **LAMBDAS))
    assert reading is not None
    assert [task.name for task in reading.tasks] == ["p", "q"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x,y\n1,2\n3,\n", r"--targets: a.csv, line 3: column 2 is empty; every cell must be a number"),
        ("x,y\n1,2\nnan,1\nNaN,2\n", r"a.csv, line 3: column 1 holds nan, a missing value \(and 1 more rows\)"),
        ("x,y\n1,2\ninf,1\n", "line 3: column 1 holds inf, no finite number"),
        ("x,y\n1,2\n1e999,1\n", "line 3: column 1 holds 1e999, no finite number"),
        ("x,y\n1,2\n1,red\n2,red\n", "line 3: column 2 holds red, no finite number"),
        ("1,2\n1\n", "--targets: a.csv, line 2: 1 columns where the first has 2"),
        ("", "--targets: a.csv is empty"),
    ],
)
def test_refused_text(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        ProblemOptions(targets=tmp_path / "a.csv", header=text.startswith("x"), **LAMBDAS).build()


def test_refused_arrays(tmp_path: Path) -> None:
    for array, message in (
        (np.array([[1.0], [np.nan]]), "a.npy, sample 2: column 1 holds nan"),
        (np.array(["a", "b"]), "must hold numbers"),
        (np.zeros((2, 2, 2)), r"must hold an array \(N, K\)"),
    ):
        np.save(tmp_path / "a.npy", array)
        with pytest.raises(ValueError, match=message):
            ProblemOptions(targets=tmp_path / "a.npy", **LAMBDAS).build()


def test_contradictory_flags(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", BOXES)
    for options, message in (
        ({"targets": path, "labels": (path,)}, "--labels, --targets state a problem each"),
        ({"targets": path, "classes": (3,)}, "--targets takes numbers, not classes; leave --classes out"),
        ({"targets": path, "missing": ("-1",)}, "leave --missing out"),
        ({"targets": path, "outputs": (2, 2)}, "--outputs 2 2 are 4 columns, a.csv has 3"),
        ({"targets": path, "outputs": (3, 0)}, "--outputs"),
        ({"targets": path, "label_smoothing": 0.1}, "label_smoothing"),
        ({"targets": path, "loss": ("cross-entropy",)}, "Regression has squared error"),
        ({"labels": (path,), "outputs": (3,)}, "leave --outputs out"),
        ({"probabilities": (path,), "outputs": (3,)}, "--outputs goes with --targets"),
        ({"outputs": (3,)}, "--outputs: of a file"),
        ({"targets": tmp_path / "absent.csv"}, "--targets: there is no file"),
    ):
        with pytest.raises((ValueError, FileNotFoundError), match=message):
            ProblemOptions(**options, **LAMBDAS).build()


def test_an_index_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,x\n4,0.5\n9,0.25\n7,1\n")
    _, reading = ProblemOptions(targets=tmp_path / "a.csv", **LAMBDAS).stated()
    assert reading is not None
    assert reading.warnings == ("id looks like an index; leave it out with --columns unless it is a target",)


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_a_report_of_regression(monkeypatch: pytest.MonkeyPatch) -> None:
    written(Path("boxes.csv"), np.random.default_rng(0).normal(size=(12, 3)))
    flags = ["--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0", "--outputs", "2", "1"]
    assert run(monkeypatch, "verify", "--targets", "boxes.csv", *flags) == 0
    case = json.loads(Path("report/report.json").read_text())["cases"][0]
    assert case["name"] == "boxes.csv"
    assert case["problem"]["source"] == "regression"
    assert len(case["problem"]["targets"]) == 12
    assert case["reading"]["title"] == "Targets read"
    assert case["reading"]["tasks"][0]["classes"] == ["x", "y"]
    assert "Squared error" in case["prediction"]["theorem"] or "egression" in case["prediction"]["theorem"]
