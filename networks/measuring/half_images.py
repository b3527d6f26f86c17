"""Latent features of each task: features of pairs of images with one of the two blank (Section 5.1, Figure 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from networks.datasets.images import PastedImages
from networks.datasets.task_data import TaskData
from networks.measuring.network_features import NetworkFeatures
from networks.metrics.moments import FeatureMoments
from networks.multi_task_network import MultiTaskNetwork

SIDES = ("left", "right")  # task 0 and task 1


@dataclass(frozen=True)
class HalfImages:
    """Class means of h^L (right image blank) and h^R (left image blank), and of the pairs h^{LR}; float64.

    means    of each side (K_t, d); spread (K_t,) mean ‖h − μ_k‖²; counts (K_t,)
    labels   (m, 2) label pairs that occur; pair_means (m, d), pair_counts (m,)
    """

    means: tuple[NDArray[np.float64], NDArray[np.float64]]
    spread: tuple[NDArray[np.float64], NDArray[np.float64]]
    counts: tuple[NDArray[np.float64], NDArray[np.float64]]
    labels: NDArray[np.int64]
    pair_means: NDArray[np.float64]
    pair_counts: NDArray[np.float64]


def can_be_halved(data: TaskData) -> bool:
    """Whether the data are pairs of images on a canvas, with a task for each."""
    return data.kind == "single" and len(data.classes) == 2 and isinstance(data.images, PastedImages)


def half_images(network: MultiTaskNetwork, data: TaskData, device: torch.device) -> HalfImages:
    """One pass over each half and one over the pairs. ValueError where the data are no pairs."""
    if not can_be_halved(data):
        raise ValueError(f"{data.name} are no pairs of images with a task each, as compose='multi' makes")
    sides = [
        _moments(network, data.only(side), data.labels[:, t], data.classes[t], device) for t, side in enumerate(SIDES)
    ]
    labels, group = np.unique(data.labels, axis=0, return_inverse=True)
    pairs = _moments(network, data, group.reshape(-1), len(labels), device)
    return HalfImages(
        means=_of_sides([side.mean for side in sides]),
        spread=_of_sides([side.spread / side.count for side in sides]),
        counts=_of_sides([side.count for side in sides]),
        labels=labels,
        pair_means=pairs.mean.cpu().numpy(),
        pair_counts=pairs.count.cpu().numpy(),
    )


def _of_sides(values: list[Tensor]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, right = (value.cpu().numpy() for value in values)
    return left, right


def _moments(
    network: MultiTaskNetwork, data: TaskData, group: NDArray[np.int64], groups: int, device: torch.device
) -> FeatureMoments:
    moments = FeatureMoments(groups, network.feature_dim, device)
    for features, numbers in NetworkFeatures(network, data, device)():
        moments.add(features, group[numbers])
    return moments
