"""The last step of every composition: every class occurs, images are normalized by their own statistics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.images import Images
from ufm_networks.datasets.statistics import channel_statistics
from ufm_networks.datasets.task_data import Kind, TaskData


@dataclass(frozen=True)
class Normalization:
    """Mean and standard deviation per channel, of pixel/255; None to compute them from the composed images."""

    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        if (self.mean is None) != (self.std is None):
            raise ValueError("give both mean and std, or neither")


def finish(
    name: str,
    images: Images,
    labels: NDArray[np.int64],
    classes: tuple[int, ...],
    kind: Kind,
    normalization: Normalization,
) -> TaskData:
    """The data set; raises ValueError, naming the class, if a class of some task has no sample."""
    channels = images.shape[0]
    # first with placeholders: labels are checked before a pass over the images
    data = TaskData(name, images, labels, classes, kind, (0.0,) * channels, (1.0,) * channels)
    for t, counts in enumerate(data.class_counts):
        if np.any(counts == 0):
            raise ValueError(f"{name}: class {int(np.argmax(counts == 0))} of task {t} has no sample")
    mean, std = normalization.mean, normalization.std
    if mean is None or std is None:
        mean, std = channel_statistics(images)
    return TaskData(name, images, labels, classes, kind, tuple(mean), tuple(std))
