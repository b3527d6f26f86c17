"""Tables of counts, from the command line and from files: what problem they state, and why others are refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from program import run

import ufm
from verify.cli.problem_options import ProblemOptions

LAMBDAS: dict[str, Any] = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
TABLE = [[30, 10], [10, 30]]


def stated(counts: object, **options: Any) -> Any:
    return ProblemOptions(counts=str(counts), **options, **LAMBDAS).stated()


def assert_counts(problem: Any, counts: Any) -> None:
    np.testing.assert_array_equal(problem.count_tensor(), counts)


@pytest.mark.parametrize("text", ["30 10; 10 30", "30,10;10,30", " 30  10 ;10.0 3e1; ", "30, 10; 10, 30"])
def test_as_given(text: str) -> None:
    problem, reading = stated(text)
    assert_counts(problem, TABLE)
    assert [task.name for task in reading.tasks] == ["rows", "columns"]
    assert reading.tasks[0].counts == (40, 40)


def test_one_task_and_own_samples() -> None:
    for text in ("30 10 5", "30; 10; 5"):
        assert_counts(stated(text)[0], [30, 10, 5])
    problem, reading = stated("30 10; 5 0 7", multi_source=True)
    assert isinstance(problem, ufm.MultiSource)
    assert [counts.tolist() for counts in problem.counts] == [[30, 10], [5, 7]]
    assert problem.classes == (2, 3)
    assert reading.warnings == ("row 2: class 1 without samples: empty",)


@pytest.mark.parametrize(
    ("text", "tasks", "classes"),
    [
        ("30,10\n10,30\n", ["rows", "columns"], ["01", "01"]),
        (",x,y\na,30,10\nb,10,30\n", ["rows", "columns"], ["ab", "xy"]),
        ("digit,x,y\na,30,10\nb,10,30\n", ["digit", "columns"], ["ab", "xy"]),
        ("digit\\colour,x,y\na,30,10\nb,10,30\n", ["digit", "colour"], ["ab", "xy"]),
        ("digit,0,1\n0,30,10\n1,10,30\n", ["digit", "columns"], ["01", "01"]),
        (",0,1\n0,30,10\n1,10,30\n", ["rows", "columns"], ["01", "01"]),
        ("on,False,True\nFalse,30,10\nTrue,10,30\n", ["on", "columns"], [["False", "True"]] * 2),
    ],
)
def test_names_in_text(tmp_path: Path, text: str, tasks: list[str], classes: list[Any]) -> None:
    for suffix, delimiter in ((".csv", ","), (".tsv", "\t"), (".csv", ";")):
        path = tmp_path / f"table{suffix}"
        path.write_text(text.replace(",", delimiter))
        problem, reading = stated(path)
        assert_counts(problem, TABLE)
        assert [task.name for task in reading.tasks] == tasks
        assert [list(task.classes) for task in reading.tasks] == list(map(list, classes))


@pytest.mark.parametrize(
    ("text", "options", "name", "classes"),
    [
        ("30\n10\n", {}, "table", "01"),
        ("colour,count\nred,30\nblue,10\n", {}, "colour", ["red", "blue"]),
        ("colour,count\n7,30\n3,10\n", {"columns": ("count",)}, "colour", "73"),
        ("cat,dog\n30,10\n", {}, "table", ["cat", "dog"]),
        ("red,30\nblue,10\n", {}, "table", ["red", "blue"]),
    ],
)
def test_one_task_in_text(tmp_path: Path, text: str, options: Any, name: str, classes: Any) -> None:
    (tmp_path / "table.csv").write_text(text)
    problem, reading = stated(tmp_path / "table.csv", **options)
    assert_counts(problem, [30, 10])
    assert (reading.tasks[0].name, list(reading.tasks[0].classes)) == (name, list(classes))


def test_chosen_columns_count(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("cat,dog,All\n30,10,40\n10,30,40\n")
    assert_counts(stated(tmp_path / "table.csv", columns=("cat", "2"))[0], TABLE)


def test_a_first_line_of_a_name_and_numbers_is_told(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("a,30,10\nb,10,30\n")
    problem, reading = stated(path, no_header=True)
    assert_counts(problem, TABLE)
    assert [task.classes for task in reading.tasks] == [("a", "b"), ("0", "1")]
    path.write_text("a,2,3\nb,10,30\nc,1,2\n")
    problem, reading = stated(path, header=True)
    assert_counts(problem, [[10, 30], [1, 2]])
    assert [task.classes for task in reading.tasks] == [("b", "c"), ("2", "3")]


def test_what_pandas_writes(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": list("xyxyx"), "b": [2, 2, 3, 3, 2]})
    pandas.crosstab(frame.a, frame.b).to_csv(tmp_path / "both.csv")
    problem, reading = stated(tmp_path / "both.csv", header=True)
    assert_counts(problem, [[2, 1], [1, 1]])
    assert [(task.name, task.classes) for task in reading.tasks] == [("a", ("x", "y")), ("columns", ("2", "3"))]
    frame.a.value_counts().to_csv(tmp_path / "one.csv")
    assert_counts(stated(tmp_path / "one.csv")[0], [3, 2])
    pandas.crosstab(frame.a, frame.b, margins=True).to_csv(tmp_path / "all.csv")
    warnings = stated(tmp_path / "all.csv", header=True)[1].warnings
    assert "a: class All has as many samples as all others; is it their total?" in warnings


def test_arrays(tmp_path: Path) -> None:
    cube = np.arange(12).reshape(2, 3, 2)
    for array in (cube, cube.astype(np.float32), np.asfortranarray(cube), cube.astype(">i2")):
        np.save(tmp_path / "cube.npy", array)
        problem, reading = stated(tmp_path / "cube.npy")
        assert_counts(problem, cube)
        assert [task.name for task in reading.tasks] == ["axis 1", "axis 2", "axis 3"]
        assert reading.tasks[1].counts == tuple(cube.sum(axis=(0, 2)))


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("30 10; 10", {}, "row 2 has 1 entries and row 1 has 2"),
        ("30 -1; 10 30", {}, "row 1: entry 2 holds -1; a number of samples is an integer from 0"),
        ("30 1.5; 10 30", {}, "row 1: entry 2 holds 1.5"),
        ("30 nan; 10 30", {}, "row 1: entry 2 holds nan"),
        ("30 x; 10 30", {}, "row 1: entry 2 holds x"),
        ("30 1e300; 10 30", {}, "entry 2 holds 1e300"),
        ("30 99999999999999999999; 10 30", {}, "holds 99999999999999999999"),
        ("30 9007199254740992; 10 30", {}, "more than 2\\^53"),
        ("30 10;; 10 30", {}, "row 2 is empty"),
        ("", {}, "row 1 is empty"),
        ("30", {}, r"has shape \(1,\); every axis is a task, of two classes or more"),
        ("0 0; 0 0", {}, "sums to 0"),
        ("30 10; 10 30", {"classes": (2, 3)}, "--counts is 2 × 2, --classes says 2 × 3"),
        ("30 10; 10 30", {"classes": (2,)}, "--counts is 2 × 2, --classes says 2"),
        ("30 10; 10 30", {"samples": (3,)}, "--counts has all samples; leave --samples out"),
        ("30 10; 10 30", {"labels": (Path("a.csv"),)}, "--labels, --counts state a problem each"),
        ("30 10; 10 30", {"columns": ("1",)}, "not a text file; --delimiter, --header and --columns"),
        ("30 10; 10 30", {"missing": ("-1",)}, "leave --missing out"),
        ("30 10; 10 30", {"multi_label": True}, "leave --multi-label out"),
        ("30 10; 5", {"multi_source": True}, r"row 2: \[5\]; a task has two classes or more"),
        ("a.npy", {"multi_source": True}, "--multi-source takes --counts as text"),
        ("counts.xlsx/", {}, "there is no file"),
        ("no.csv", {}, "there is no file no.csv"),
    ],
)
def test_refused(text: str, options: Any, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        stated(text, **options)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("30,nan\n10,30\n", "line 1: column 2 holds nan; a number of samples"),
        ("30,\n10,30\n", "line 1: column 2 is empty"),
        (",x,y\na,30,10\nb,10,-3\n", "line 3: column 3 holds -3"),
        (",x,y\na,30,10\nb,10,2.5\n", "line 3: column 3 holds 2.5"),
        ("30,10\n10,30,1\n", "line 2: 3 columns"),
        (",x,x\na,30,10\nb,10,3\n", "each class of columns needs a name of its own, got x"),
        (",x,y\na,30,10\na,10,3\n", "each class of rows needs a name of its own, got a"),
        (",x,y\na,30,10\n,10,3\n", "got an empty one"),
        ("digit,count\n7,30\n3,10\n", "column digit may name classes or count samples"),
        ("a,0,1\ncat,30,10\ndog,10,30\n", "say --header or --no-header"),
        (",x,y\n", "names of classes and no counts"),
        ("30,0\n0,10\n0,1e9\n5,x y\n", "line 4: column 2 holds x y"),
        ("", "is empty"),
    ],
)
def test_refused_text(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "table.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        stated(tmp_path / "table.csv")


def test_refused_arrays(tmp_path: Path) -> None:
    for array, message in (
        (np.array([[1.0, np.nan], [1, 2]]), "must be finite"),
        (np.array([[1, -2], [1, 2]]), "table.npy must be ≥ 0, got -2"),
        (np.array([[1, 2.5], [1, 2]]), "must hold integers, got 2.5"),
        (np.array(["a", "b"]), "must hold numbers of samples"),
        (np.array([True, False]), "must hold numbers of samples"),
        (np.array(3), "has shape"),
        (np.ones((3, 1)), r"has shape \(3, 1\)"),
        (np.ones((3, 0)), r"has shape \(3, 0\)"),
        (np.array([[1, {}], [1, 2]]), "not a whole .npy array"),
    ):
        np.save(tmp_path / "table.npy", array)
        with pytest.raises(ValueError, match=message):
            stated(tmp_path / "table.npy")
    np.save(tmp_path / "table.npy", np.ones((3, 3)))
    whole = (tmp_path / "table.npy").read_bytes()
    (tmp_path / "table.npy").write_bytes(whole[:-8])
    with pytest.raises(ValueError, match="not a whole"):
        stated(tmp_path / "table.npy")
    (tmp_path / "table.npy").write_bytes(whole.replace(b"(3, 3)", b"(900000, 900000)")[: len(whole)])
    with pytest.raises(ValueError, match="not a whole"):
        stated(tmp_path / "table.npy")


def test_a_sparse_file_larger_than_memory_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "table.npy"
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.int8, shape=(2, 2))
    array[:] = 1
    header = path.read_bytes()[:128].replace(b"(2, 2), }        ", b"(4000000, 9999),}")
    with path.open("r+b") as file:
        file.write(header)
        file.truncate(len(header) + 4000000 * 9999)
    with pytest.raises(MemoryError, match="counts of shape"):
        stated(path)


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_names_go_all_the_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("animals.csv").write_text("animal\\size,small,large\ncat,30,10\ndog,10,30\n")
    flags = ["--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]
    assert run(monkeypatch, "verify", "--counts", "animals.csv", *flags) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Counts read"
    assert out[1].split(maxsplit=1) == ["animals.csv", "delimiter comma, a header, 2 rows"]
    assert out[2].split(maxsplit=3) == ["task", "1,", "animal", "2 classes: cat (40), dog (40)"]
    case = json.loads(Path("report/report.json").read_text())["cases"][0]
    assert case["name"] == "animals.csv"
    assert case["reading"]["tasks"][1] == {
        "name": "size",
        "classes": ["small", "large"],
        "counts": [40, 40],
        "unlabelled": 0,
    }
    assert case["prediction"]["theorem"] == "Theorem 5.1"
    for file in ("report.html", "report.txt", "figures/case-1-cosines.svg"):
        text = Path("report", file).read_text()
        assert all(name in text for name in ("cat", "dog", "small", "large")), file
    assert run(monkeypatch, "landscape", "--counts", "30 10; 10 30", *flags) == 0
    assert capsys.readouterr().out.startswith("Counts read\n  --counts         as given, 2 rows\n")
    assert run(monkeypatch, "verify", "--counts", "30 10; 10 x") == 2
    assert "row 2: entry 2 holds x" in capsys.readouterr().err
