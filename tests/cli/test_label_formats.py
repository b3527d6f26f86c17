"""Label files beside text and .npy: Parquet and .npz, their names, their order, and why others are refused."""

from __future__ import annotations

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from program import run

import ufm
from ufm.support.numpy_files import archived_arrays
from verify.cli.label_files import read_tasks
from verify.cli.problem_options import ProblemOptions
from verify.reading.label_reading import NamedTask

pandas = pytest.importorskip("pandas")
parquet = pytest.importorskip("pyarrow.parquet")
pyarrow = pytest.importorskip("pyarrow")

SIZES = ["small", "medium", "large", "never"]


@pytest.fixture
def things() -> Any:
    draw = np.random.default_rng(0)
    return pandas.DataFrame(
        {
            "size": pandas.Categorical.from_codes(draw.integers(0, 3, 400), SIZES),
            "shape": np.array(["a10", "a2", "ä"])[draw.integers(0, 3, 400)],
            "digit": draw.integers(3, 6, 400).astype(np.int8),
            "flag": draw.random(400) < 0.5,
        }
    )


def test_parquet_is_the_same_table_as_text(tmp_path: Path, things: Any) -> None:
    things.to_csv(tmp_path / "a.csv", index=False)
    for options in ({}, {"row_group_size": 7}, {"compression": "gzip"}, {"dictionary_pagesize_limit": 4}):
        things.to_parquet(tmp_path / "a.parquet", **options)
        (labels,), reading = read_tasks([tmp_path / "a.parquet"])
        (as_text,), text = read_tasks([tmp_path / "a.csv"])
        np.testing.assert_array_equal(labels[:, 1:], as_text[:, 1:])
        assert reading.tasks[1:] == text.tasks[1:]
        np.testing.assert_array_equal(labels[:, 0], things["size"].cat.codes)
        assert reading.tasks[0].classes == tuple(SIZES)
        assert reading.warnings == ("size: class never without samples: empty",)
        assert reading.files[0].delimiter == "parquet"


def test_categories_written_without_a_dictionary_stand_by_name(tmp_path: Path, things: Any) -> None:
    things.to_parquet(tmp_path / "a.parquet", use_dictionary=False)
    (labels,), reading = read_tasks([tmp_path / "a.parquet"], columns=["size"])
    assert reading.tasks[0].classes == ("large", "medium", "small")
    np.testing.assert_array_equal(labels[:, 0], 2 - things["size"].cat.codes)
    assert reading.warnings == ("a.parquet: size has categories without their order; by name",)


def test_polars_categories(tmp_path: Path) -> None:
    polars = pytest.importorskip("polars")
    column = polars.Series("size", ["large", "small", "large"], dtype=polars.Enum(SIZES))
    polars.DataFrame([column]).write_parquet(tmp_path / "a.parquet")
    (labels,), reading = read_tasks([tmp_path / "a.parquet"])
    names = reading.tasks[0].classes
    assert [names[i] for i in labels[:, 0]] == ["large", "small", "large"]
    assert names == tuple(SIZES)


def test_no_value_is_no_label(tmp_path: Path, things: Any) -> None:
    things = things.astype({"digit": "Int64", "flag": "boolean"})
    absent = {"size": 3, "shape": 5, "digit": 7, "flag": 9}
    for name, step in absent.items():
        things.loc[::step, name] = None
    things["floats"] = things.digit.astype("float64")
    things["always"] = 0
    things.loc[::2, "always"] = 1
    things.to_parquet(tmp_path / "a.parquet")
    (labels,), reading = read_tasks([tmp_path / "a.parquet"], missing=("",), columns=[*absent, "always"])
    for t, step in enumerate(absent.values()):
        assert set(np.flatnonzero(labels[:, t] == -1)) == set(range(0, 400, step))
        task = reading.tasks[t]
        assert isinstance(task, NamedTask)
        assert task.unlabelled == len(range(0, 400, step))
    floats, _ = read_tasks([tmp_path / "a.parquet"], missing=("", "nan"), columns=["floats", "always"])
    np.testing.assert_array_equal(floats[0][:, 0], labels[:, 2])
    with pytest.raises(ValueError, match=r"a.parquet, sample 1: column 1 is empty .*say with --missing"):
        read_tasks([tmp_path / "a.parquet"], columns=["size"])


def test_an_index_is_left_out_unless_named(tmp_path: Path, things: Any) -> None:
    things.set_index(np.arange(400) % 2).rename_axis("fold").to_parquet(tmp_path / "a.parquet")
    _, reading = read_tasks([tmp_path / "a.parquet"])
    assert [task.name for task in reading.tasks] == ["size", "shape", "digit", "flag"]
    assert reading.warnings[0] == "a.parquet: index fold is left out; --columns takes it"
    _, reading = read_tasks([tmp_path / "a.parquet"], columns=["fold", "digit"])
    assert [task.name for task in reading.tasks] == ["fold", "digit"]


def test_parquet_that_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pair = pyarrow.array(["x", "y"])
    for array, message in (
        (pyarrow.array([[1], [2]]), "column 1 .l. holds list<"),
        (pyarrow.array([1, 2], pyarrow.timestamp("s")), "holds timestamp"),
        (pyarrow.array([{"x": 1}, {"x": 2}]), "holds struct<"),
        (pyarrow.array([1.5, 2.0]), "must hold integers, got 1.5"),
        (pyarrow.array([None, None]), "is empty"),
        (pyarrow.array([-1, 2]), "sample 1: column 1 holds -1"),
        (pyarrow.array([], pyarrow.int64()), "0 rows"),
    ):
        parquet.write_table(pyarrow.table({"l": array}), path)
        with pytest.raises(ValueError, match=message):
            read_tasks([path])
    parquet.write_table(pyarrow.table([pair, pair], names=["a", "a"]), path)
    with pytest.raises(ValueError, match="several columns named a"):
        read_tasks([path])
    whole = path.read_bytes()
    for text in (b"", b"PAR1", whole[:-9], whole[: len(whole) // 2], b"a,b\n0,1\n"):
        path.write_bytes(text)
        with pytest.raises(ValueError, match=r"--labels: a.parquet is not a whole Parquet file"):
            read_tasks([path])


def test_memory_of_parquet_is_asked_for_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet.write_table(pyarrow.table({"a": np.arange(100_000) % 7, "b": np.arange(100_000)}), tmp_path / "a.parquet")
    monkeypatch.setattr("ufm.support.memory.available_memory", lambda device: 6_000_000)
    monkeypatch.setattr("ufm.support.memory.NO_MATTER", 0)
    read_tasks([tmp_path / "a.parquet"], columns=["a"])
    with pytest.raises(MemoryError, match="choose fewer columns or rows"):
        read_tasks([tmp_path / "a.parquet"])


def test_without_pyarrow_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ModuleNotFoundError, match=r"ufm-toolkit\[sweep\]"):
        read_tasks([tmp_path / "a.parquet"])


def saved(path: Path, **arrays: Any) -> Path:
    (np.savez_compressed if "packed" in path.name else np.savez)(path, **arrays)
    return path


@pytest.mark.parametrize("name", ["a.npz", "packed.npz"])
def test_archives(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    pairs = np.array([[0, 1], [2, 0], [1, 1]])
    (labels,), reading = read_tasks([saved(path, y=pairs)])
    np.testing.assert_array_equal(labels, pairs)
    assert [task.name for task in reading.tasks] == ["column 1", "column 2"]
    assert reading.files[0].delimiter == "npz"
    (labels,), _ = read_tasks([path], columns=["2"])
    np.testing.assert_array_equal(labels, pairs[:, 1:])

    words = np.array(["red", "blue", "red"])
    saved(path, digit=np.array([3, 4, 4]), features=np.zeros((3, 5)), colour=words, y=np.asfortranarray(pairs))
    (labels,), reading = read_tasks([path], columns=["colour", "digit"])
    np.testing.assert_array_equal(labels, [[1, 0], [0, 1], [1, 1]])
    assert [(task.name, task.classes) for task in reading.tasks] == [("colour", ("blue", "red")), ("digit", ("3", "4"))]
    (labels,), _ = read_tasks([path], columns=["y"])
    np.testing.assert_array_equal(labels, pairs)
    with pytest.raises(
        ValueError, match=r"holds 4 arrays, digit \(3,\), features \(3, 5\), colour \(3,\), y \(3, 2\); na"
    ):
        read_tasks([path])
    with pytest.raises(ValueError, match="named digit, features, colour, y"):
        read_tasks([path], columns=["hue"])
    (labels,), reading = read_tasks([saved(path, digit=np.array([3, 4]), colour=words[:2])])
    assert [task.name for task in reading.tasks] == ["digit", "colour"]
    with pytest.raises(ValueError, match="holds 2 arrays"):
        read_tasks([saved(path, digit=np.array([3, 4]), colour=words)])


def test_archives_that_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", y=np.arange(6000) % 7)
    whole = path.read_bytes()
    for broken, message in (
        (b"", "not a whole .npz"),
        (whole[:-30], "not a whole .npz"),
        (whole[:3000] + b"\xff" + whole[3001:], "damaged: array 'y'"),
        (whole.replace(b"(6000,)", b"(7000,)"), "another number of bytes"),
    ):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=message):
            read_tasks([path])
    with pytest.raises(ValueError, match="array 'y' is pickled"):
        read_tasks([saved(path, y=np.array([{}, 1], dtype=object))])
    with pytest.raises(ValueError, match="must hold integers or names, got dtype complex"):
        read_tasks([saved(path, y=np.array([1j, 1]))])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "hello")
    with pytest.raises(ValueError, match=r"'notes.txt', which is not an .npy array"):
        read_tasks([path])
    with zipfile.ZipFile(path, "w") as archive:
        pass
    with pytest.raises(ValueError, match="holds no array"):
        read_tasks([path])
    with pytest.raises(ValueError, match="--delimiter and --header are for text"):
        read_tasks([path], header=True)


def test_an_archive_that_unpacks_to_more_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tmp_path / "packed.npz", y=np.zeros(4_000_000, dtype=np.int64))
    assert path.stat().st_size < 100_000
    monkeypatch.setattr("ufm.support.memory.available_memory", lambda device: 60_000_000)
    with pytest.raises(MemoryError, match=r"array 'y' of packed.npz"):
        read_tasks([path])


@pytest.mark.parametrize("order", ["C", "F"])
def test_blocks_are_the_array(tmp_path: Path, order: Any) -> None:
    H = np.asarray(np.random.default_rng(0).normal(size=(11, 3)).astype(">f4"), order=order)
    for name in ("a.npz", "packed.npz"):
        found = archived_arrays(saved(tmp_path / name, H=H), "a")["H"]
        np.testing.assert_array_equal(np.concatenate(list(found.blocks(4))), H)
        assert [len(block) for block in found.blocks(4)] == [4, 4, 3]


def test_a_member_of_no_version_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.zeros(3))
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("y.npy", stream.getvalue().replace(b"\x93NUMPY\x01", b"\x93NUMPY\x09"))
    with pytest.raises(ValueError, match=r"not a whole .npz"):
        read_tasks([tmp_path / "a.npz"])


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_names_go_all_the_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], things: Any) -> None:
    things.to_parquet("things.parquet")
    flags = ["--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]
    chosen = ["--labels", "things.parquet", "--columns", "size", "shape"]
    assert run(monkeypatch, "verify", *chosen, *flags) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == "Labels read"
    assert out[1].split(maxsplit=1) == ["things.parquet", "Parquet, 400 rows"]
    assert "4 classes: small (" in out[2]
    case = json.loads(Path("report/report.json").read_text())["cases"][0]
    assert [task["name"] for task in case["reading"]["tasks"]] == ["size", "shape"]
    assert case["reading"]["tasks"][0]["classes"] == SIZES
    for file in ("report.html", "report.txt", "figures/case-1-cosines.svg"):
        text = Path("report", file).read_text()
        assert all(name in text for name in ("small", "never", "a10", "ä")), file


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_a_saved_solution_keeps_the_names(monkeypatch: pytest.MonkeyPatch, things: Any) -> None:
    things.to_parquet("things.parquet")
    assert run(monkeypatch, "solve", "--labels", "things.parquet", "--columns", "size", "flag", "--save", "s") == 0
    problem: Any = ufm.load("s").problem
    assert problem.task_names == ("size", "flag")
    assert problem.class_names == (tuple(SIZES), ("False", "True"))
    assert run(monkeypatch, "solve", "--counts", "3 0 2; 1 1 1", "--save", "s") == 0
    counted: Any = ufm.load("s").problem
    assert counted.class_names == (("0", "1"), ("0", "1", "2"))


def test_names_must_fit() -> None:
    problem = ufm.SingleSource([[3, 1], [1, 3]], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    named = problem.with_names([("a", "b"), ("c", "d")], ("x", "y"))
    assert (named.task_names, problem.task_names) == (("x", "y"), None)
    with pytest.raises(ValueError, match=r"class_names must be \(2, 2\) names, got \(2, 1\)"):
        problem.with_names([("a", "b"), ("c",)], None)
    with pytest.raises(ValueError, match="task_names must be 2 names, got 1"):
        problem.with_names(None, ("x",))


def test_label_sets_from_parquet(tmp_path: Path) -> None:
    frame = pandas.DataFrame({"beach": [True, False, True], "sea": [1, 1, 0]})
    frame.to_parquet(tmp_path / "a.parquet")
    problem, reading = ProblemOptions(labels=(tmp_path / "a.parquet",), multi_label=True).stated()
    assert sorted(problem.labels.tolist()) == [[0, 1], [1, 0], [1, 1]]
    assert reading is not None
    assert reading.tasks[0].classes == ("beach", "sea")


def test_options_take_them(tmp_path: Path, things: Any) -> None:
    things.to_parquet(tmp_path / "a.parquet")
    problem = ProblemOptions(labels=(tmp_path / "a.parquet",), columns=("digit", "flag")).build()
    assert problem.classes == (3, 2)
    assert problem.samples == 400
