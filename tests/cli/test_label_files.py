"""Label files as people have them: what is read of each, and why others are refused."""

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from verify.cli.label_files import read_tasks
from verify.cli.label_table import read_table

ROWS = [("red", "round"), ("blue", "round"), ("red", "square"), ("blue", "square"), ("red", "square")]
CODES = [[1, 0], [0, 0], [1, 1], [0, 1], [1, 1]]  # of the classes in sorted order


def file_of(tmp_path: Path, text: str | bytes, name: str = "labels.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read_labels(path: Path, **options: Any) -> np.ndarray:
    (labels,), _ = read_tasks([path], **options)
    return labels


def joined(delimiter: str, rows: list[tuple[str, str]]) -> str:
    return "".join(f"{delimiter.join(row)}\n" for row in rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,1\n1,0\n", [[0, 1], [1, 0]]),
        ("0\n2\n\n1\n", [[0], [2], [1]]),
        ("a,b\n0,1\n1,0\n", [[0, 1], [1, 0]]),
        ("\ufeffa,b\n0,1\n1,0\n", [[0, 1], [1, 0]]),
        ("0, 1\r\n1, 0\r\n", [[0, 1], [1, 0]]),
        ("0,1\r1,0\r", [[0, 1], [1, 0]]),
        ("0\t5\n1\t3\n", [[0, 1], [1, 0]]),
        ("1,2\n3,1\n2,2", [[0, 1], [2, 0], [1, 1]]),
        ("10,a10\n9,a9\n100,A9\n", [[1, 2], [0, 1], [2, 0]]),
        ("dog,0\ncat,1\n", [[1, 0], [0, 1]]),
        ("1.5\n2.5\n1.5\n", [[0], [1], [0]]),
        ("1.0;2\n2.0;01\n1;2.00\n", [[0, 1], [1, 0], [0, 1]]),
        ("True,x\nfalse,y\nTRUE,x\n", [[1, 0], [0, 1], [1, 0]]),
        ('"a, b",0\nc,1\n', [[0, 0], [1, 1]]),
        ('"a ""b""",0\n "c" ,1\n', [[0, 0], [1, 1]]),
        ("  0   1\n  1   0\n", [[0, 1], [1, 0]]),
        ("# a b\n0 1\n1 0\n", [[0, 1], [1, 0]]),
        ("New York\nParis\nNew York\n", [[0], [1], [0]]),
        (",a\n0,x\n1,y\n2,x\n", [[0, 0], [1, 1], [2, 0]]),
        (",0,1\n0,5,6\n1,6,5\n", [[0, 0, 1], [1, 1, 0]]),
        ("a\u2028b,0\nc,1\n", [[0, 0], [1, 1]]),
    ],
)
def test_text(tmp_path: Path, text: str, expected: list[list[int]]) -> None:
    np.testing.assert_array_equal(read_labels(file_of(tmp_path, text)), expected)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = file_of(tmp_path, joined(",", [("Größe", "色"), *ROWS]).encode(encoding))
    table = read_table(path)
    assert [column.name for column in table.columns] == ["Größe", "色"]
    np.testing.assert_array_equal(read_labels(path), CODES)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n \n", "empty"),
        ("0,1\n1\n", "line 2: 1 columns where the first has 2"),
        ("0,1\n1,0\n0,1,1\n", "line 3: 3 columns"),
        ("0 1\n1\n", "line 2: 1 columns"),
        ("0,1\n" * 2000 + "1\n", "line 2001: 1 columns"),
        ("0,1\n" * 2000 + "1,0,1\n", "line 2001: 3 columns"),
        ("0,1\n0,\n", "line 2: column 2 is empty"),
        ("a,b\n\n0,1\n,0\n1,1\n", "line 4: column 1 is empty"),
        ("NA,0\n0,1\n1,0\n", "line 1: column 1 holds NA, a missing value.*--header"),
        ("0\n1\nnan\nNaN\n1\n", r"line 3: column 1 holds nan.*1 more rows.*remove rows"),
        ("a,b\nx,None\ny,z\nx,z\n", "line 2: column 2 holds None"),
        ("0\ninf\n", "line 2: column 1 holds inf"),
        ("0,1\n-1,0\n1,1\n", "line 2: column 1 holds -1, as is written for a missing label"),
        ("0\n−1\n1\n", "holds −1"),
        ("cat\n-1.0\ncat\n", "holds -1.0"),
        ("9223372036854775808,0\n9223372036854775809,1\n5,0\n", "line 1: .* identifier"),
        ("1e30\n1\n", "identifier"),
        ("unknown,0\n0,1\n1,0\n", "line 1 may be a header or a sample"),
        ("0,1,2\n1,1,0\n0,0,1\n", "line 1 may be a header or a sample"),
        ("1,x\nred,y\nblue,z\nred,z\n", "line 1 may be a header or a sample"),
        ("cat\ndog\n", "line 1 may be a header or a sample"),
        ("1,0;2,0\n2,0;1,0\n", "comma and semicolon .* give --delimiter"),
        ('0,1\ncat,"red\n0,1\n', "line 2: a quote"),
        ('0,1\n"cat,1\n0,"1\n', "line 2: a quote"),
        ('x,"y"z\nx,y\n', "line 1: a quote"),
        ('x";"y\nx;y\n', "line 2: 2 columns where the first has 1"),
        ("0,1\n" + "1" * 2**20 + ",0\n", "line 2: 1,048,579 bytes"),
        ("0," * 10_000 + "0\n", "10,001 columns"),
        ("0,\x001\n", "line 1: a NUL byte"),
        ("0,1\n1,0".encode("utf-16-le"), "a NUL byte"),
        (b"0,1\n\xe9,0\n", "line 2: byte 0xe9 is not UTF-8"),
        (b"\xff\xfea", "not UTF-16"),
        (b"\x1f\x8b\x08\x00", "not UTF-8"),
    ],
)
def test_refused_text(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_labels(file_of(tmp_path, text))


def test_a_stray_quote_takes_no_rows_with_it(tmp_path: Path) -> None:
    rows = ["cat,red", "dog,blue"] * 500
    path = file_of(tmp_path, "\n".join(rows))
    assert len(read_labels(path)) == 1000
    for places in ((100,), (100, 900), (998, 999)):
        broken = ['cat,"red' if i in places else row for i, row in enumerate(rows)]
        with pytest.raises(ValueError, match=f"line {places[0] + 1}: a quote"):
            read_labels(file_of(tmp_path, "\n".join(broken)))


def test_flags_decide_what_could_be_either(tmp_path: Path) -> None:
    names = file_of(tmp_path, "cat\ndog\n")
    assert read_table(names, header=True).columns[0].name == "cat"
    np.testing.assert_array_equal(read_labels(names, header=False), [[0], [1]])
    numbers = file_of(tmp_path, "0,1,2\n1,1,0\n0,0,1\n")
    assert [column.name for column in read_table(numbers, header=True).columns] == ["0", "1", "2"]
    assert read_labels(numbers, header=False).shape == (3, 3)
    two = file_of(tmp_path, "1,0;2,0\n2,0;1,0\n")
    assert read_labels(two, delimiter="semicolon", header=False).shape == (2, 2)
    assert len(read_table(two, delimiter=",").columns) == 3
    np.testing.assert_array_equal(read_labels(two, delimiter="none", header=False), [[0], [1]])
    np.testing.assert_array_equal(read_labels(file_of(tmp_path, "0:1\n1:0\n"), delimiter=":"), [[0, 1], [1, 0]])
    with pytest.raises(ValueError, match="--delimiter must be comma"):
        read_labels(two, delimiter="commas")


def test_one_column_may_hold_any_character(tmp_path: Path) -> None:
    text = "".join(f"{mark}\x1f{mark}\n" for mark in "abab")
    np.testing.assert_array_equal(read_labels(file_of(tmp_path, text), delimiter="none"), [[0], [1], [0], [1]])


@pytest.mark.parametrize(("title", "said"), [("a,b,a", ["a"]), ("a,b,c", [])])
def test_names_of_several_columns_are_told(tmp_path: Path, title: str, said: list[str]) -> None:
    _, reading = read_tasks([file_of(tmp_path, f"{title}\n0,1,0\n1,0,0\n0,0,1\n")])
    assert [w for w in reading.warnings if "several columns are named" in w] == [
        f"labels.csv: several columns are named {name}; choose by position with --columns" for name in said
    ]


def test_columns_by_name_and_position(tmp_path: Path) -> None:
    path = file_of(tmp_path, "id,2,shape\n" + "".join(f"{i},{a},{b}\n" for i, (a, b) in enumerate(ROWS)))
    for chosen in (("2", "shape"), ("2", "3")):  # a name goes before a position
        np.testing.assert_array_equal(read_labels(path, columns=chosen), CODES)
    np.testing.assert_array_equal(read_labels(path, columns=("shape",)), np.array(CODES)[:, 1:])
    for chosen, message in ((("4",), "not in it.*columns 1 … 3, named id"), (("shape", "3"), "given twice")):
        with pytest.raises(ValueError, match=message):
            read_labels(path, columns=chosen)
    np.save(tmp_path / "a.npy", CODES)
    np.testing.assert_array_equal(read_labels(tmp_path / "a.npy", columns=("2",)), np.array(CODES)[:, 1:])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a\n" + "0\n2\n" * 3, "a: no sample has 1, .* empty .*--classes 3 counts"),
        ("a\n" + "1\n3\n" * 3, "no sample has 2, .*--classes 3 counts"),
        ("a\n" + "0\n255\n" * 3, r"no sample has 1, 2, .*\(254 in all\)"),
        ("image_id,b\n" + "0,1\n1,0\n" * 3, "image_id is named like an index"),
        (",b\n0,x\n1,y\n2,x\n", "Unnamed: 0 is named like an index"),
        ("a,b\n5,1\n3,0\n9,1\n", "a has as many classes as rows, 3"),
        ("a,b\n1,1\n2,0\n3,1\n", "a counts its rows"),
        ("cat\n" + "dog\ncow\n" * 3, "cat is taken as a header.*--no-header"),
        ("a\n" + "Dog\ndog\ncat\n" * 3, "classes Dog, dog differ in case only"),
        ("a\n" + "x\n1\n" * 3, "a has names and numbers as classes"),
        ("0.5\n1.5\n" * 3, "decimals"),
        ("0,1\n\n1,0\n" * 3, "3 blank lines skipped"),
    ],
)
def test_what_looks_wrong_is_warned_of(tmp_path: Path, text: str, message: str) -> None:
    _, reading = read_tasks([file_of(tmp_path, text)])
    assert re.search(message, "\n".join(reading.warnings))
    assert all(warning in str(reading) for warning in reading.warnings)


def test_nothing_is_warned_of_without_reason(tmp_path: Path) -> None:
    for text in (joined(",", [("colour", "shape"), *ROWS]), joined(" ", [("0", "1"), ("1", "0")] * 9), "y\n1\n2\n1\n"):
        assert read_tasks([file_of(tmp_path, text)])[1].warnings == ()


def test_classes_without_samples_keep_their_places(tmp_path: Path) -> None:
    for text, size, names, codes in (
        ("0\n2\n0\n", 4, "0123", [0, 2, 0]),
        ("1\n3\n1\n", 3, "123", [0, 2, 0]),
        ("5\n9\n5\n", 2, "59", [0, 1, 0]),
    ):
        arrays, reading = read_tasks([file_of(tmp_path, text)], [size])
        assert reading.tasks[0].classes == tuple(names)
        assert arrays[0][:, 0].tolist() == codes
    _, reading = read_tasks([file_of(tmp_path, "cat\ndog\ncat\n")], [3])
    assert reading.tasks[0].counts == (2, 1, 0)
    assert reading.warnings == ("column 1: class (class 3) without samples: empty",)
    with pytest.raises(ValueError, match="has 2 classes, --classes says 1"):
        read_tasks([file_of(tmp_path, "cat\ndog\ncat\n")], [1])
    with pytest.raises(ValueError, match="names 2 tasks, --labels has 1"):
        read_tasks([file_of(tmp_path, "cat\ndog\ncat\n")], [2, 2])


def test_a_task_of_one_class_is_told_of_and_refused(tmp_path: Path) -> None:
    heard = []
    with pytest.raises(ValueError, match="task b has one class only, 0"):
        read_tasks([file_of(tmp_path, "a,b\n0,0\n1,0\n")], told=heard.append)
    assert heard[0].tasks[1].classes == ("0",)
    assert read_tasks([file_of(tmp_path, "a,b\n0,0\n1,0\n")], [2, 2])[1].tasks[1].counts == (2, 0)


def test_npy(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    for array, expected in (
        (np.array([[0, 200], [3, 1]], dtype=np.uint8), [[0, 1], [1, 0]]),
        (np.array([1.0, 2.0, 1.0], dtype=np.float32), [[0], [1], [0]]),
        (np.array([True, False]), [[1], [0]]),
        (np.array(["b10", "b9"]), [[1], [0]]),
    ):
        np.save(path, array)
        np.testing.assert_array_equal(read_labels(path), expected)
    with pytest.raises(ValueError, match="--delimiter and --header are for text"):
        read_labels(path, header=True)


@pytest.mark.parametrize(
    "array",
    [
        np.array([{}], dtype=object),
        np.array([0.5]),
        np.zeros((2, 2, 2), int),
        np.zeros((0, 2), int),
        np.array(1),
        np.array([-1, 1, -1]),
        np.array([0.0, np.nan]),
        np.array([2**63, 0], dtype=np.uint64),
        np.array([1j]),
    ],
)
def test_bad_npy(tmp_path: Path, array: np.ndarray) -> None:
    path = tmp_path / "x.npy"
    np.save(path, array, allow_pickle=True)
    with pytest.raises(ValueError, match=r"x\.npy"):
        read_labels(path)


def test_truncated_npy_and_foreign_files(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(100))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=r"x\.npy"):
        read_labels(path)
    with pytest.raises(ValueError, match=r"neither \.csv nor \.npy"):
        read_labels(file_of(tmp_path, "0", "labels.xlsx"))
    with pytest.raises(FileNotFoundError, match=r"absent\.csv"):
        read_labels(tmp_path / "absent.csv")
    with pytest.raises(ValueError, match="is a folder"):
        read_labels(tmp_path)
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(ValueError, match="is a pipe"):
        read_labels(tmp_path / "pipe.csv")
