"""Handwritten digits included in scikit-learn: 1,797 real images of 8 × 8 pixels, no download (UCI optdigits)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.source import Source

TEST_EVERY = 6  # one image in six of each class is for testing


def digits(directory: Path, train: bool) -> Source:
    """Every sixth image of each class, in the published order, is a test image; the rest are for training."""
    try:
        from sklearn.datasets import load_digits  # an extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("digits come with scikit-learn: pip install 'ufm-toolkit[networks]'") from error
    bundle = load_digits()
    labels = bundle.target.astype(np.int64)
    rank = np.empty(len(labels), dtype=np.int64)  # of an image within its class
    for k in range(10):
        rank[labels == k] = np.arange(np.count_nonzero(labels == k))
    part = (rank % TEST_EVERY != TEST_EVERY - 1) == train
    pixels = np.rint(bundle.images[part] * (255 / 16)).astype(np.uint8)  # published as 0 … 16
    return Source(
        name="digits", images=ArrayImages(pixels[:, None]), labels=labels[part], class_names=tuple("0123456789")
    )
