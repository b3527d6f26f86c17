"""The features of a trained network over a data set, in batches and in evaluation mode."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.batches import DeviceBatches, plain_batches
from ufm_networks.multi_task_network import MultiTaskNetwork

BATCH = 256  # images at a time; results do not depend on it


class NetworkFeatures:
    """A network over a data set, which may be iterated repeatedly; only images are kept."""

    def __init__(self, network: MultiTaskNetwork, data: TaskData, device: torch.device) -> None:
        self.network, self.data = network.to(device), data
        self.batches = DeviceBatches(data, device, channels_last=False)

    @torch.no_grad()
    def __call__(self, index: NDArray[np.int64] | None = None) -> Iterator[tuple[Tensor, NDArray[np.int64]]]:
        """Pairs (features (n, d), numbers of the samples (n,)), of all samples or of some."""
        samples = np.arange(len(self.data)) if index is None else index
        parts = [samples[part] for part in plain_batches(len(samples), BATCH)]
        with self.network.evaluating():
            for images, _, numbers in self.batches(parts):
                yield self.network.features(images), numbers

    def some(self, index: NDArray[np.int64]) -> NDArray[np.float64]:
        """(n, d) features of the given samples, in that order."""
        return np.concatenate([h.double().cpu().numpy() for h, _ in self(index)])

    def images(self, index: NDArray[np.int64]) -> Tensor:
        """(n, C, H, W) as the network sees them."""
        ((images, _, _),) = self.batches([index])
        return images
