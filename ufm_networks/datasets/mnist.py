"""MNIST: 28 × 28 handwritten digits in IDX files, plain or gzip (LeCun, Cortes, Burges)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ufm_networks.datasets.files import damaged, find
from ufm_networks.datasets.idx import read_idx
from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.source import Source

SHAPE = (28, 28)
FOLDERS = ("", "mnist", "MNIST/raw", "raw")


def mnist(directory: Path, train: bool) -> Source:
    """``train-images-idx3-ubyte`` and ``train-labels-idx1-ubyte``, or ``t10k-…``; each with or without ``.gz``."""
    part = "train" if train else "t10k"

    def read(what: str, axes: int, shape: tuple[int, ...] = ()) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        # the second spelling is what some archives hold
        plain = (f"{part}-{what}-idx{axes}-ubyte", f"{part}-{what}.idx{axes}-ubyte")
        path = find("mnist", directory, FOLDERS, [*plain, *(f"{name}.gz" for name in plain)])
        array = read_idx(path, axes)
        if array.shape[1:] != shape:
            raise damaged(path, f"images of {shape}", f"images of {array.shape[1:]}")
        return array

    images, labels = read("images", 3, SHAPE), read("labels", 1)
    return Source(
        name="mnist",
        images=ArrayImages(images[:, None]),
        labels=labels.astype(np.int64),
        class_names=tuple("0123456789"),
    )
