"""Collapse of the latent features of each task while a network trains: Section 5.1 of the paper, Figure 2(a)."""

from __future__ import annotations

import torch

from ufm_networks.datasets.task_data import TaskData
from ufm_networks.measuring.half_images import HalvedPairs
from ufm_networks.measuring.latent_metrics import latent_metrics
from ufm_networks.multi_task_network import MultiTaskNetwork


class LatentEvaluation:
    """Pairs of images and their halves, to be measured again and again; of several processes each goes over all.

    ValueError where the data are no pairs.
    """

    def __init__(self, network: MultiTaskNetwork, data: TaskData, device: torch.device) -> None:
        self.network, self.halved = network, HalvedPairs(network, data, device)

    def measure(self) -> dict[str, float]:
        """``LatentMetrics.averages`` of the network as it is."""
        W, _ = self.network.head_arrays()
        return latent_metrics(self.halved(), [w.cpu().numpy() for w in W]).averages()
