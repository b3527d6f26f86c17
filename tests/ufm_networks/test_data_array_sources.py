"""MNIST, CIFAR and SVHN in their own formats: what was written comes back, and damage is named."""

from __future__ import annotations

import gzip
import os
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import scipy.io
import scipy.sparse
from data_set_files import (
    COARSE_OF_FINE,
    all_images,
    idx_bytes,
    load,
    write_cifar10_binary,
    write_cifar100_binary,
    write_mnist,
    write_svhn,
)

from ufm_networks.datasets import load_source
from ufm_networks.datasets.idx import read_idx


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize("folder", ["", "MNIST/raw"])
def test_mnist(tmp_path: Path, packed: bool, folder: str) -> None:
    for train, n in ((True, 30), (False, 20)):
        pixels, labels = write_mnist(tmp_path / folder, train, n, packed)
        source = load("mnist", tmp_path, train)
        np.testing.assert_array_equal(all_images(source)[:, 0], pixels)
        np.testing.assert_array_equal(source.labels, labels)
        assert source.images.shape == (1, 28, 28)
        assert source.classes == 10


def test_cifar10(tmp_path: Path) -> None:
    pixels, labels = write_cifar10_binary(tmp_path, 20)
    for train, rows in ((True, slice(0, 100)), (False, slice(100, 120))):
        source = load("cifar10", tmp_path, train)
        np.testing.assert_array_equal(all_images(source), pixels[rows])
        np.testing.assert_array_equal(source.labels, labels[rows])
        assert source.class_names[3] == "name3"


def test_cifar100_has_superclasses(tmp_path: Path) -> None:
    pixels, fine = write_cifar100_binary(tmp_path)
    source = load("cifar100", tmp_path)
    np.testing.assert_array_equal(all_images(source), pixels)
    np.testing.assert_array_equal(source.labels, fine)
    np.testing.assert_array_equal(source.coarse_labels, COARSE_OF_FINE[fine])


@pytest.mark.parametrize(("name", "folder"), [("cifar10", "cifar-10-batches-py"), ("cifar100", "cifar-100-python")])
def test_the_pickled_cifar_is_not_opened(name: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / name / folder).mkdir(parents=True)
    for file in ("data_batch_1", "train"):
        (tmp_path / name / folder / file).write_bytes(b"cos\nabort\n(tR.")
    with pytest.raises(ValueError, match=rf"{folder}' is the Python version, a pickle.*ufm data fetch {name}"):
        load(name, tmp_path)


def test_svhn_calls_digit_zero_ten(tmp_path: Path) -> None:
    for train in (True, False):
        pixels, digits = write_svhn(tmp_path, 20, train)
        source = load("svhn", tmp_path, train)
        np.testing.assert_array_equal(all_images(source), pixels)
        np.testing.assert_array_equal(source.labels, digits)


def test_a_part_of_a_data_set_must_be_asked_for(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    with pytest.raises(ValueError, match="holds 30 training images, published are 60,000; whole=False"):
        load_source("mnist", tmp_path)


@pytest.mark.parametrize("keep", [0, 3, 15, 2000, -1])
def test_mnist_cut_short_anywhere(tmp_path: Path, keep: int) -> None:
    """Packed and plain, from an empty file to one byte too few."""
    write_mnist(tmp_path / "plain", packed=False)
    write_mnist(tmp_path / "packed", packed=True)
    for folder, suffix in (("plain", ""), ("packed", ".gz")):
        path = tmp_path / folder / f"train-images-idx3-ubyte{suffix}"
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(ValueError, match=rf"{path.name}.*damaged or cut short: expected"):
            load("mnist", tmp_path / folder)


@pytest.mark.parametrize(
    "content",
    [
        b"not gzip at all",
        gzip.compress(b"\0\0\x0d\x03" + bytes(12)),
        gzip.compress(idx_bytes(np.zeros(30, dtype=np.uint8))),
        gzip.compress(idx_bytes(np.zeros((2, 28, 28), dtype=np.uint8)) + b"more"),
        gzip.compress(idx_bytes(np.zeros((2, 28, 28), dtype=np.uint8)))[:-9] + b"\1" * 9,
    ],
    ids=["no gzip", "floats", "labels in place of images", "more", "wrong checksum"],  # gzip's bytes hold the time
)
def test_mnist_corrupted(tmp_path: Path, content: bytes) -> None:
    write_mnist(tmp_path)
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(ValueError, match=r"train-images-idx3-ubyte\.gz.*damaged"):
        load("mnist", tmp_path)


def test_mnist_labels_that_do_not_fit(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    path = tmp_path / "train-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(idx_bytes(np.zeros(29, dtype=np.uint8))))
    with pytest.raises(ValueError, match="30 images and 29 labels"):
        load("mnist", tmp_path)
    path.write_bytes(gzip.compress(idx_bytes(np.full(30, 10, dtype=np.uint8))))
    with pytest.raises(ValueError, match=r"labels\[0\] = 10 is outside 0 … 9"):
        load("mnist", tmp_path)


@pytest.mark.parametrize("side", [0, 5])
def test_mnist_of_another_size(tmp_path: Path, side: int) -> None:
    write_mnist(tmp_path)
    content = gzip.compress(idx_bytes(np.zeros((30, side, 28), dtype=np.uint8)))
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(content)
    with pytest.raises(ValueError, match=rf"idx3-ubyte\.gz' is damaged .* images of \(28, 28\), .* \({side}, 28\)"):
        load("mnist", tmp_path)


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no train-images-idx3-ubyte.*ufm data fetch mnist"):
        load("mnist", tmp_path)
    with pytest.raises(
        FileNotFoundError, match=r"no cifar-10-batches-bin with data_batch_1\.bin.*ufm data fetch cifar10"
    ):
        load("cifar10", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no test_32x32\.mat"):
        load("svhn", tmp_path, train=False)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        load("svhn", tmp_path / "nowhere")
    write_cifar10_binary(tmp_path)
    (tmp_path / "cifar-10-batches-bin" / "data_batch_4.bin").unlink()
    with pytest.raises(FileNotFoundError, match=r"data_batch_4\.bin' is missing"):
        load("cifar10", tmp_path)


@pytest.mark.parametrize("keep", [0, 1, 3073 * 2 - 1, 3073 * 20 - 3072])
def test_cifar_cut_short(tmp_path: Path, keep: int) -> None:
    write_cifar10_binary(tmp_path)
    path = tmp_path / "cifar-10-batches-bin" / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(
        ValueError, match=r"data_batch_2\.bin' is damaged or cut short: expected whole records of 3,073"
    ):
        load("cifar10", tmp_path)


def test_cifar_label_outside_its_classes(tmp_path: Path) -> None:
    write_cifar100_binary(tmp_path)
    path = tmp_path / "cifar-100-binary" / "train.bin"
    for byte, field in ((0, "coarse_labels"), (1, "labels")):
        content = bytearray(path.read_bytes())
        content[3074 * 5 + byte] = 200
        (tmp_path / "cifar-100-binary" / "test.bin").write_bytes(content)
        with pytest.raises(ValueError, match=rf"{field}\[5\] = 200 is outside"):
            load("cifar100", tmp_path, train=False)


@pytest.mark.parametrize("names", [3, 20])
def test_cifar_classes_are_not_what_the_file_of_names_says(tmp_path: Path, names: int) -> None:
    write_cifar10_binary(tmp_path)
    path = tmp_path / "cifar-10-batches-bin" / "batches.meta.txt"
    path.write_text("\n".join("x" * names))
    with pytest.raises(ValueError, match=rf"batches\.meta\.txt' is damaged .* 10 class names, found {names}"):
        load("cifar10", tmp_path)


@pytest.mark.parametrize("keep", [0, 100, 200, 5000, -1])
def test_svhn_cut_short(tmp_path: Path, keep: int) -> None:
    write_svhn(tmp_path)
    path = tmp_path / "train_32x32.mat"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"train_32x32\.mat' is damaged"):
        load("svhn", tmp_path)


def test_svhn_with_other_contents(tmp_path: Path) -> None:
    X, y = np.zeros((32, 32, 3, 5), dtype=np.uint8), np.ones((5, 1))
    wrong = (
        ({"X": X}, "variables X and y"),
        ({"X": X.astype(float), "y": y}, "X of uint8"),
        ({"X": X[:16], "y": y}, "X of uint8"),
        ({"X": X, "y": y[:4]}, "expected 5 labels"),
        ({"X": X, "y": np.array([1, 2, 0, 3, 4])}, "labels 1 … 10 in y, found 0"),
        ({"X": X, "y": np.array([1, 2, 2.5, 3, 4])}, "labels 1 … 10 in y, found 2.5"),
        ({"X": X, "y": np.array([1, 2, np.nan, 3, 4])}, "labels 1 … 10 in y, found nan"),
        ({"X": X, "y": np.array(["a"] * 5, dtype=object)}, r"train_32x32\.mat.*y is not an array of real numbers"),
        ({"X": X, "y": scipy.sparse.csc_matrix(y)}, r"train_32x32\.mat.*y is not an array of real numbers"),
        ({"X": X, "y": y * 1j}, r"train_32x32\.mat.*y is not an array of real numbers"),
    )
    for content, message in wrong:
        scipy.io.savemat(tmp_path / "train_32x32.mat", content)
        with pytest.raises(ValueError, match=message):
            load("svhn", tmp_path)


def test_a_small_file_that_unpacks_to_much_is_not_unpacked(tmp_path: Path) -> None:
    """Ten images by its header, or more than are published, and 200 MB behind it."""
    path = tmp_path / "train-images-idx3-ubyte.gz"
    for images, message in ((10, "expected 7,840 values, .* found more"), (10**6, "at most 60,000.*found 1,000,000")):
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(bytes([0, 0, 8, 3]) + struct.pack(">3I", images, 28, 28))
            for _ in range(200):
                file.write(bytes(1_000_000))
        tracemalloc.start()
        with pytest.raises(ValueError, match=message):
            read_idx(path, (28, 28), 60_000)
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
        tracemalloc.stop()


def test_a_header_that_asks_for_more_than_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(bytes([0, 0, 8, 3]) + struct.pack(">3I", 60_000, 28, 28) + bytes(5))
    with pytest.raises(ValueError, match=r"expected 47,040,000 values.*found 5$"):
        read_idx(path, (28, 28), 60_000)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("mnist", "train-images-idx3-ubyte"),
        ("mnist", "train-images-idx3-ubyte.gz"),
        ("svhn", "train_32x32.mat"),
        ("celeba", "list_attr_celeba.txt"),
        ("tinyimagenet", "wnids.txt"),
    ],
)
def test_a_pipe_is_not_waited_for(name: str, file: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / file)
    (tmp_path / "img_align_celeba").mkdir()
    with pytest.raises(ValueError, match=rf"{file}' is not a regular file but a pipe"):
        load(name, tmp_path)
