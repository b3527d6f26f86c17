"""A pickle is a program: only what an array of numbers is made of is read, and nothing is ever run."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_set_files import all_images, load, write_cifar10_pickled

from ufm_networks.datasets import restricted_pickle
from ufm_networks.datasets.restricted_pickle import read_pickled_table

# what Python 2 wrote for {'data': numpy.zeros((1, 2), uint8), 'labels': [7]} in protocol 2: strings are bytes
PYTHON_2 = (
    b"\x80\x02}q\x00(U\x04dataq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\nndarray\nq\x03K\x00\x85U\x01b\x87Rq\x04"
    b"(K\x01K\x01K\x02\x86cnumpy\ndtype\nq\x05U\x02u1K\x00K\x01\x87Rq\x06(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    b"\x89U\x02\x05\xfftbU\x06labelsq\x07]q\x08K\x07au."
)


class Runs:
    """Unpickles by calling a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def written(path: Path, content: Any, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4])
def test_every_protocol_of_cifar_is_read(tmp_path: Path, protocol: int) -> None:
    pixels, labels = write_cifar10_pickled(tmp_path, protocol=protocol)
    source = load("cifar10", tmp_path)
    np.testing.assert_array_equal(all_images(source), pixels[:50])
    np.testing.assert_array_equal(source.labels, labels[:50])


def test_as_python_2_wrote_it(tmp_path: Path) -> None:
    (tmp_path / "batch").write_bytes(PYTHON_2)
    table = read_pickled_table(tmp_path / "batch")
    np.testing.assert_array_equal(table["data"], np.array([[5, 255]], dtype=np.uint8))
    assert table["labels"] == [7]


def test_arrays_of_numbers_come_back_as_they_were(tmp_path: Path) -> None:
    arrays = {
        "bytes": np.arange(6, dtype=np.uint8).reshape(2, 3),
        "by columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big-endian": np.arange(4, dtype=">i4"),
        "empty": np.zeros((0, 3)),
    }
    table = read_pickled_table(written(tmp_path / "arrays", arrays))
    for name, array in arrays.items():
        np.testing.assert_array_equal(table[name], array)
        assert table[name].dtype == array.dtype


@pytest.mark.parametrize(
    "function", [os.system, eval, exec, getattr, np.load, np.fromfile, open, OrderedDict, bytearray]
)
def test_a_malicious_pickle_is_refused(tmp_path: Path, function: Any) -> None:
    marker = tmp_path / "was run"
    argument = f"open({str(marker)!r}, 'w').close()" if function in (eval, exec) else f"touch '{marker}'"
    path = written(tmp_path / "batch", {"data": Runs(function, argument), "labels": []})
    with pytest.raises(ValueError, match=r"batch' is refused or damaged: it names \w+\.\w+; only arrays"):
        read_pickled_table(path)
    assert not marker.exists()


def test_the_attack_would_have_worked(tmp_path: Path) -> None:
    marker = tmp_path / "was run"
    path = written(tmp_path / "batch", Runs(os.system, f"touch '{marker}'"))
    pickle.loads(path.read_bytes())
    assert marker.exists()


@pytest.mark.parametrize("attack", [Runs(np.ndarray, (10**12,)), np.array([object()]), np.zeros(2, dtype="u1,f4")])
def test_numpy_is_not_called_with_what_a_file_says(tmp_path: Path, attack: Any) -> None:
    path = written(tmp_path / "batch", {"data": attack, "labels": [0]})
    with pytest.raises(ValueError, match="batch' is refused or damaged"):
        read_pickled_table(path)


def test_array_whose_bytes_do_not_fill_its_shape(tmp_path: Path) -> None:
    whole = PYTHON_2
    assert whole.count(b"K\x01K\x02\x86") == 1
    (tmp_path / "batch").write_bytes(whole.replace(b"K\x01K\x02\x86", b"K\x01K\x7f\x86"))
    with pytest.raises(ValueError, match=r"an array \(1, 127\) of uint8 with 2 bytes"):
        read_pickled_table(tmp_path / "batch")


def test_attributes_set_by_a_pickle_are_gone_with_it(tmp_path: Path) -> None:
    """BUILD with (None, {"__defaults__": (1,)}) on what the file has named."""
    for name in (
        b"cnumpy.core.multiarray\n_reconstruct\n",
        b"c_codecs\nencode\n",
        b"cnumpy\nndarray\n",
        b"cnumpy\ndtype\n",
    ):
        (tmp_path / "batch").write_bytes(b"\x80\x02" + name + b"N}U\x0c__defaults__K\x01\x85s\x86b.")
        with pytest.raises(ValueError, match="batch' is"):
            read_pickled_table(tmp_path / "batch")
    for allowed in restricted_pickle._ALLOWED.values():
        assert getattr(allowed, "__defaults__", None) is None


def test_codecs_are_latin_1_only(tmp_path: Path) -> None:
    import codecs

    path = written(tmp_path / "batch", {"data": Runs(codecs.encode, "x", "rot13")}, protocol=2)
    with pytest.raises(ValueError, match="latin1"):
        read_pickled_table(path)


def test_an_error_without_words_is_told_by_its_kind(tmp_path: Path) -> None:
    """BYTEARRAY8 of 2^48 bytes."""
    (tmp_path / "batch").write_bytes(b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\x00\x00.")
    with pytest.raises(ValueError, match="batch' is refused or damaged: MemoryError"):
        read_pickled_table(tmp_path / "batch")


@pytest.mark.parametrize("keep", [0, 1, 10, 500, -1])
def test_cut_short(tmp_path: Path, keep: int) -> None:
    write_cifar10_pickled(tmp_path)
    path = tmp_path / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match="data_batch_3' is refused or damaged"):
        load("cifar10", tmp_path)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([1, 2], "expected a dictionary, found list"),
        ({"data": np.zeros((1, 3072), dtype=np.uint8)}, "expected an entry 'labels'"),
        ({"data": np.zeros((1, 3071), dtype=np.uint8), "labels": [0]}, "expected data of uint8"),
        ({"data": np.zeros((1, 3072)), "labels": [0]}, "expected data of uint8"),
        ({"data": [0] * 3072, "labels": [0]}, "expected data of uint8"),
        ({"data": np.zeros((1, 3072), dtype=np.uint8), "labels": [0, 1]}, "expected 1 integers"),
        ({"data": np.zeros((1, 3072), dtype=np.uint8), "labels": ["0"]}, "expected 1 integers"),
    ],
)
def test_other_contents(tmp_path: Path, table: Any, message: str) -> None:
    write_cifar10_pickled(tmp_path)
    written(tmp_path / "cifar-10-batches-py" / "data_batch_3", table)
    with pytest.raises(ValueError, match=rf"data_batch_3' is damaged or cut short: {message}"):
        load("cifar10", tmp_path)
