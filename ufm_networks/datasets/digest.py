"""A digest of images."""

from __future__ import annotations

import zlib

import numpy as np

from ufm_networks.datasets.images import BATCH, Images

WHOLE = 2**28  # bytes of pixels up to which all are read: 50,000 colour images of 32 × 32 and more
SAMPLE = 256  # images of larger sets


def pixel_digest(images: Images) -> int:
    """CRC-32 of all pixels, or, beyond 256 MiB of them, of 256 images evenly spaced from the first to the last.

    It is the same for images in memory and in files. In a larger set, changes outside the sampled images go unnoticed.
    """
    total = len(images)
    whole = total * int(np.prod(images.shape)) <= WHOLE
    index = np.arange(total) if whole else np.linspace(0, total - 1, SAMPLE).astype(np.int64)
    digest = 0
    for start in range(0, len(index), BATCH):
        digest = zlib.crc32(np.ascontiguousarray(images[index[start : start + BATCH]]).data, digest)
    return digest
