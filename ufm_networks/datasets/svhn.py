"""SVHN, cropped digits: 32 × 32 colour images in MATLAB files (Netzer et al. 2011)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ufm_networks.datasets.files import damaged, find
from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.matlab import read_matlab
from ufm_networks.datasets.published import PUBLISHED
from ufm_networks.datasets.source import Source

FOLDERS = ("", "svhn", "SVHN")
EXTRA = 2**20  # bytes around the pixels in their variable, packed ones that are noise included


def svhn(directory: Path, train: bool) -> Source:
    """``train_32x32.mat`` or ``test_32x32.mat``: X (32, 32, 3, N), y (N, 1) in which 10 is the digit 0."""
    path = find("svhn", directory, FOLDERS, [f"{'train' if train else 'test'}_32x32.mat"])
    published = PUBLISHED["svhn"]
    content = read_matlab(path, ("X", "y"), 3 * 32 * 32 * (published.train if train else published.test) + EXTRA)
    pixels, labels = content.get("X"), content.get("y")
    if pixels is None or labels is None:
        raise damaged(path, "the variables X and y", ", ".join(sorted(content)) or "none")
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[:3] != (32, 32, 3):
        raise damaged(path, "X of uint8 (32, 32, 3, N)", f"{pixels.dtype} {pixels.shape}")
    digits = np.ravel(labels)
    outside = ~np.isin(digits, np.arange(1, 11))
    if len(digits) != pixels.shape[3] or outside.any():
        found = f"{digits[np.argmax(outside)]}" if outside.any() else f"{len(digits):,} numbers"
        raise damaged(path, f"{pixels.shape[3]:,} labels 1 … 10 in y", found)
    return Source(
        name="svhn",
        images=ArrayImages(np.ascontiguousarray(pixels.transpose(3, 2, 0, 1))),
        labels=digits.astype(np.int64) % 10,
        class_names=tuple("0123456789"),
    )
