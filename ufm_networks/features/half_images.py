"""Latent features of each task: features of pairs of images with one of the two blank (Section 5.1, Figure 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm_networks.datasets.pairs import require_pairs
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.network_features import NetworkFeatures
from ufm_networks.metrics.moments import FeatureMoments
from ufm_networks.multi_task_network import MultiTaskNetwork

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


class HalvedPairs:
    """A network over pairs and over each half, which may be iterated repeatedly; only images are kept."""

    def __init__(self, network: MultiTaskNetwork, data: TaskData, device: torch.device) -> None:
        require_pairs(data)
        self.data = data
        self.pairs = NetworkFeatures(network, data, device)
        self.sides = [NetworkFeatures(network, data.only(side), device) for side in SIDES]

    def __call__(self) -> HalfImages:
        """One pass over each half and one over the pairs."""
        labels, group = np.unique(self.data.labels, axis=0, return_inverse=True)
        pairs = _moments(self.pairs, group.reshape(-1), len(labels))
        sides = [_moments(side, self.data.labels[:, t], self.data.classes[t]) for t, side in enumerate(self.sides)]
        return HalfImages(
            means=_of_sides([side.mean for side in sides]),
            spread=_of_sides([side.spread / side.count for side in sides]),
            counts=_of_sides([side.count for side in sides]),
            labels=labels,
            pair_means=pairs.mean.cpu().numpy(),
            pair_counts=pairs.count.cpu().numpy(),
        )


def half_images(network: MultiTaskNetwork, data: TaskData, device: torch.device) -> HalfImages:
    """Once. Raises ValueError if the data are no pairs."""
    return HalvedPairs(network, data, device)()


def _of_sides(values: list[Tensor]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    left, right = (value.cpu().numpy() for value in values)
    return left, right


def _moments(of: NetworkFeatures, group: NDArray[np.int64], groups: int) -> FeatureMoments:
    moments = FeatureMoments(groups, of.network.feature_dim, of.batches.device)
    for features, numbers in of():
        moments.add(features, group[numbers])
    return moments
