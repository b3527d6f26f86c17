"""Latent features of each task, from pairs with one image blank, beside a simplex: Section 5.1 of the paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ufm_networks.features.half_images import HalfImages
from ufm_networks.features.latent_metrics import LatentMetrics, latent_metrics
from verify.reading.form import Float


@dataclass(frozen=True)
class Latent:
    """Directions of class means of half-blanked images, and the metrics of collapse.

    cosines  (K_1 + K_2, K_1 + K_2) between all μ̃_k^L and μ̃_k^R
    simplex  the same size: −1/(K_t − 1) within a task, 0 between tasks, which Theorem 3.1 says of the heads
    """

    cosines: Float
    simplex: Float
    metrics: LatentMetrics


def latent(halves: HalfImages, W: list[Float]) -> Latent:
    """Of one data set, with the heads W^L and W^R of the network."""
    metrics = latent_metrics(halves, W)
    directions = np.concatenate(metrics.directions, axis=1)
    classes = [len(mean) for mean in halves.means]
    simplex = np.zeros((sum(classes), sum(classes)))
    for k, rows in zip(classes, (slice(0, classes[0]), slice(classes[0], None)), strict=True):
        simplex[rows, rows] = np.where(np.eye(k, dtype=bool), 1.0, -1.0 / (k - 1))
    return Latent(directions.T @ directions, simplex, metrics)
