"""Label files as people have them."""

from pathlib import Path

import numpy as np
import pytest

from verify.cli.label_files import read_labels


def csv_of(tmp_path: Path, text: str, name: str = "labels.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0,1\n1,0\n", [[0, 1], [1, 0]]),
        ("0\n2\n\n1\n", [[0], [2], [1]]),
        ("a,b\n0,1\n1,0\n", [[0, 1], [1, 0]]),
        ("\ufeffa,b\n0,1\n1,0\n", [[0, 1], [1, 0]]),
        ("0, 1\r\n1, 0\r\n", [[0, 1], [1, 0]]),
        ("0\t5\n1\t3\n", [[0, 5], [1, 3]]),
        ("-1,1\n1,1\n", [[0, 1], [1, 1]]),
        ("dog,0\ncat,1\n", [[1, 0], [0, 1]]),
        ("1.5\n2.5\n1.5\n", [[0], [1], [0]]),
        ('"a, b",0\nc,1\n', [[0, 0], [1, 1]]),
    ],
)
def test_csv(tmp_path: Path, text: str, expected: list[list[int]]) -> None:
    np.testing.assert_array_equal(read_labels(csv_of(tmp_path, text)), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("0,1\n1\n", "line 2: 1 columns"),
        ("0,1\n0,\n", "line 2: column 2 is empty"),
    ],
)
def test_bad_csv(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_labels(csv_of(tmp_path, text))


def test_not_text(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ValueError, match="UTF-8"):
        read_labels(path)


def test_npy(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.array([[0, 200], [3, 1]], dtype=np.uint8))
    np.testing.assert_array_equal(read_labels(path), [[0, 200], [3, 1]])
    np.save(path, np.array([-1, 1, -1]))
    np.testing.assert_array_equal(read_labels(path), [[0], [1], [0]])
    np.save(path, np.array([True, False]))
    np.testing.assert_array_equal(read_labels(path), [[1], [0]])


@pytest.mark.parametrize(
    "array", [np.array([{}], dtype=object), np.array([0.5]), np.zeros((2, 2, 2), int), np.zeros((0, 2), int)]
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
        read_labels(csv_of(tmp_path, "0", "labels.xlsx"))
    with pytest.raises(FileNotFoundError, match=r"absent\.csv"):
        read_labels(tmp_path / "absent.csv")
