"""MNIST: 28 × 28 handwritten digits in IDX files, plain or gzip (LeCun, Cortes, Burges)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.files import find
from ufm_networks.datasets.idx import read_idx
from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.published import PUBLISHED
from ufm_networks.datasets.source import Source

SHAPE = (28, 28)
FOLDERS = ("", "mnist", "MNIST/raw", "raw")


def mnist(directory: Path, train: bool) -> Source:
    """``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``, or ``t10k-…``; each with or without ``.gz``."""
    part = "train" if train else "t10k"

    most = PUBLISHED["mnist"].train if train else PUBLISHED["mnist"].test

    def read(what: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        axes = 1 + len(shape)
        # the second spelling is what some archives hold
        plain = (f"{part}-{what}-idx{axes}-ubyte", f"{part}-{what}.idx{axes}-ubyte")
        path = find("mnist", directory, FOLDERS, [*plain, *(f"{name}.gz" for name in plain)])
        return read_idx(path, shape, most)

    images, labels = read("images", SHAPE), read("labels", ())
    return Source(
        name="mnist",
        images=ArrayImages(images[:, None]),
        labels=labels.astype(np.int64),
        class_names=tuple("0123456789"),
    )
