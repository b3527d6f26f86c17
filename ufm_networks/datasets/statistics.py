"""Mean and standard deviation per channel, in one pass over the images and in whole numbers."""

from __future__ import annotations

import numpy as np

from ufm_networks.datasets.images import BATCH, Images

Channels = tuple[float, ...]


def channel_statistics(images: Images) -> tuple[Channels, Channels]:
    """Mean and standard deviation of pixel/255 per channel: Σx/n and √(nΣx² − (Σx)²)/n, the sums being exact.

    Raises ValueError if a channel has one value only, by which nothing can be divided.
    """
    channels, height, width = images.shape
    levels = np.arange(256, dtype=np.int64)
    histogram = np.zeros((channels, 256), dtype=np.int64)
    for start in range(0, len(images), BATCH):
        pixels = images[np.arange(start, min(start + BATCH, len(images)))]
        for c in range(channels):
            histogram[c] += np.bincount(pixels[:, c].reshape(-1), minlength=256)
    n = len(images) * height * width
    mean, deviation = [], []
    for c in range(channels):
        # Python's integers: n Σx² has more digits than int64 where images are many
        total, squares = int(histogram[c] @ levels), int(histogram[c] @ levels**2)
        variance = n * squares - total * total
        if variance == 0:
            raise ValueError(f"images: channel {c} is constant ({total / n:g} everywhere); give mean and std")
        mean.append(total / n / 255)
        deviation.append(float(variance) ** 0.5 / n / 255)
    return tuple(mean), tuple(deviation)
