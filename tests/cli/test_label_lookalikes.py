"""Cells and lines that look like a class and are none, or like two classes and are one."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import numpy as np
import pytest

from verify.cli.label_files import read_tasks

ROWS = ["0", "1", "1"] * 10


def file(folder: Path, rows: list[str]) -> Path:
    path = folder / "labels.csv"
    path.write_bytes("".join(f"{row}\n" for row in rows).encode())
    return path


@pytest.mark.parametrize("cell", ["Infinity", "-infinity", "+Infinity", "\\N", ".", "--", "missing", "+nan"])
def test_no_value_is_no_class(tmp_path, cell):
    with pytest.raises(ValueError, match=r"line 31: column 1 holds .*, a missing value"):
        read_tasks([file(tmp_path, [*ROWS, cell])])


@pytest.mark.parametrize("mark", [":", "/", "&", "\x0b", "\x0c"])
def test_numbers_between_unknown_marks_are_not_one_class(tmp_path, mark):
    rows = [f"{a}{mark}{b}" for a, b in zip(ROWS, reversed(ROWS), strict=True)]
    for first in ([], [f"a{mark}b"]):
        with pytest.raises(ValueError, match="between numbers may separate columns; give --delimiter"):
            read_tasks([file(tmp_path, [*first, *rows])])
    labels, _ = read_tasks([file(tmp_path, rows)], delimiter=mark)
    assert labels[0].tolist() == [[int(a), int(b)] for a, b in zip(ROWS, reversed(ROWS), strict=True)]
    assert read_tasks([file(tmp_path, rows)], delimiter="none")[0][0].shape == (30, 1)


@pytest.mark.parametrize("classes", [("2020-01-01", "2020-01-02"), ("10%", "20%"), ("a:1", "b:1"), ("1:1", "1/1")])
def test_dates_units_and_names_are_classes(tmp_path, classes):
    labels, reading = read_tasks([file(tmp_path, [classes[int(row)] for row in ROWS])])
    assert (labels[0].ravel() == np.array(ROWS, dtype=int)).sum() in (0, 30)
    assert set(reading.tasks[0].classes) == set(classes)


@pytest.mark.parametrize("suffix", [".csv", ".npy"])
def test_one_name_in_two_encodings_is_one_class(tmp_path, suffix):
    cells = [unicodedata.normalize(form, "Börek") for form in ("NFC", "NFD")] + ["cat"]
    path = tmp_path / f"labels{suffix}"
    if suffix == ".npy":
        np.save(path, np.array(cells * 5))
    else:
        path = file(tmp_path, cells * 5)
    labels, reading = read_tasks([path])
    assert reading.tasks[0].classes == ("Börek", "cat")
    assert reading.tasks[0].counts == (10, 5)
    assert labels[0].ravel().tolist() == [0, 0, 1] * 5


def test_a_column_is_chosen_in_either_encoding(tmp_path):
    path = file(tmp_path, ["größe,b".replace("ö", "o\u0308"), *(f"{row},0" for row in ROWS)])
    _, reading = read_tasks([path], columns=["größe"])
    assert reading.tasks[0].name == "größe"


def test_numbers_and_booleans_are_not_called_decimals(tmp_path):
    _, reading = read_tasks([file(tmp_path, [*ROWS, "True"])])
    assert list(reading.warnings) == ["column 1 has numbers and Booleans as classes, such as True"]


def test_blanks_between_names_are_told(tmp_path):
    rows = [("big cat", "small dog")[int(row)] for row in ROWS]
    _, reading = read_tasks([file(tmp_path, rows)])
    assert reading.warnings == (
        "labels.csv: blanks separate columns of names; --delimiter none makes a line one class",
    )
    _, reading = read_tasks([file(tmp_path, rows)], delimiter="blanks")
    assert not reading.warnings
    _, reading = read_tasks([file(tmp_path, [f"{row} {row}" for row in ROWS])])
    assert not reading.warnings
