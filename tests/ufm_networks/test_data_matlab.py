"""MATLAB files against scipy, which wrote them; and damaged in every byte that says what follows."""

from __future__ import annotations

import io
import struct
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from data_set_files import load

from ufm_networks.datasets.matlab import read_matlab

MOST = 10**6
KINDS = ("f8", "f4", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_what_scipy_writes(kind: str, packed: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    rng = np.random.default_rng(0)
    arrays = {
        "X": rng.integers(0, 100, (4, 3, 2, 5)).astype(kind),
        "y": rng.integers(0, 100, (7, 1)).astype(kind),
        "a_long_name": np.ones((1, 1), dtype=kind),
        "empty": np.ones((0, 3), dtype=kind),
    }
    scipy.io.savemat(path, arrays | {"text": "words", "cell": np.array([1, "a"], dtype=object)}, do_compression=packed)
    read = read_matlab(path, list(arrays), MOST)
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype


def big_endian(name: bytes, sizes: tuple[int, ...], values: bytes, kind: int) -> bytes:
    """As MATLAB writes it on other processors; scipy does not."""

    def element(kind: int, data: bytes) -> bytes:
        return struct.pack(">II", kind, len(data)) + data + bytes(-len(data) % 8)

    parts = element(6, struct.pack(">II", 6, 0)) + element(5, struct.pack(f">{len(sizes)}i", *sizes))
    parts += element(1, name) + element(kind, values)
    return b"x" * 116 + bytes(8) + struct.pack(">H", 0x0100) + b"MI" + struct.pack(">II", 14, len(parts)) + parts


def test_the_other_byte_order_and_numbers_stored_as_bytes(tmp_path: Path) -> None:
    """A double array whose values are whole may be stored as bytes, as the labels of SVHN are."""
    path = tmp_path / "a.mat"
    path.write_bytes(big_endian(b"y", (3, 2), bytes(range(6)), 2))
    np.testing.assert_array_equal(read_matlab(path, ["y"], MOST)["y"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(scipy.io.loadmat(path)["y"], [[0, 3], [1, 4], [2, 5]])
    path.write_bytes(big_endian(b"y", (1, 2), struct.pack(">2h", -2, 300), 3))
    np.testing.assert_array_equal(read_matlab(path, ["y"], MOST)["y"], [[-2, 300]])


@pytest.mark.parametrize("packed", [False, True])
def test_any_byte_changed_is_refused_or_read(packed: bool, tmp_path: Path) -> None:
    """ValueError and nothing else, from the byte order to the last tag; and no other numbers from another tag."""
    X = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3, 1)
    buffer = io.BytesIO()
    scipy.io.savemat(buffer, {"X": X, "y": np.ones((1, 1), dtype=np.uint8)}, do_compression=packed)
    whole, path = buffer.getvalue(), tmp_path / "train_32x32.mat"
    refused = 0
    places = [*range(126, 200), *range(len(whole) - 70, len(whole))]
    for place in places:
        for value in (0, 1, 14, 255):
            changed = bytearray(whole)
            changed[place] = value
            path.write_bytes(changed)
            try:
                load("svhn", tmp_path)
            except ValueError as error:
                refused += "train_32x32.mat" in str(error)
    assert refused > len(places) / 2


def test_a_small_packed_variable_is_not_unpacked_beyond_the_bound(tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    content = struct.pack("<II", 14, 10**8) + bytes(10**8)
    packed = zlib.compress(content, 1)
    del content
    header = b"x" * 116 + bytes(8) + struct.pack("<H", 0x0100) + b"IM"
    path.write_bytes(header + struct.pack("<II", 15, len(packed)) + packed)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"a packed element that is cut short, or of more than 1,000,000 bytes"):
        read_matlab(path, ["X"], MOST)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("sizes", "values", "kind", "message"),
    [
        ((2**31 - 1, 2**31 - 1), b"x", 2, "has sizes"),
        ((-1, -1), b"x", 2, "has sizes"),
        ((), b"x", 2, "has sizes"),
        ((1, 2), b"x", 2, r"has sizes \(1, 2\) and 1 bytes of uint8"),
        ((1, 1), b"x", 99, "numbers of type 99"),
        ((1, 1), b"x" * 8, 14, "numbers of type 14"),
    ],
)
def test_sizes_and_values_that_do_not_fit(sizes: Any, values: bytes, kind: int, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mat"
    path.write_bytes(big_endian(b"y", sizes, values, kind))
    with pytest.raises(ValueError, match=rf"a\.mat' is damaged.*{message}"):
        read_matlab(path, ["y"], MOST)
    assert read_matlab(path, ["other"], MOST) == {}
