"""Grad-CAM++ maps of every task: one example per label, and the overlap of the tasks' maps (Figure 4)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.network_features import NetworkFeatures
from ufm_networks.measuring._grad_cam_plus_plus import task_maps

EXAMPLES = 8  # label tuples shown
TASKS = 4  # tasks shown
COMPARED = 256  # samples whose maps are compared
BATCH = 64  # images at a time


@dataclass(frozen=True)
class Saliency:
    """Maps of the tasks' logits at the samples' own classes.

    images   (n, C, H, W) uint8, one sample of each label; where there are too many, of labels spread over all
    labels   (n, T) their labels
    maps     (n, tasks, H, W) in [0, 1]: Grad-CAM++ enlarged to the image and divided by its maximum; 0 where it is 0
    overlap  (tasks, tasks) mean over samples of the cosine between two tasks' maps; NaN where a map is always zero
    compared samples behind ``overlap``
    resolution  (h, w) of the maps before they were enlarged
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    maps: NDArray[np.float64]
    overlap: NDArray[np.float64]
    compared: int
    resolution: tuple[int, int]


def saliency(features: NetworkFeatures) -> Saliency:
    """Maps of the first tasks; raises ValueError if a sample is not in every task."""
    data = features.data
    if data.kind != "single":
        raise ValueError(f"{data.name}: maps of several tasks need samples that every task has, not kind={data.kind!r}")
    tasks = min(TASKS, len(data.classes))
    _, first = np.unique(data.labels, axis=0, return_index=True)
    # the first ones of 10 × 10 labels would all be of one class of the first task
    spread = np.linspace(0, len(first) - 1, min(EXAMPLES, len(first))).round().astype(np.int64)
    shown = first[spread].astype(np.int64)
    compared = np.linspace(0, len(data) - 1, min(COMPARED, len(data))).round().astype(np.int64)
    flat = _maps(features, compared, tasks).flatten(2)
    norms = torch.linalg.vector_norm(flat, dim=2)
    unit = flat / torch.where(norms > 0, norms, torch.nan)[:, :, None]
    cosines = torch.einsum("nti,nsi->nts", unit, unit).cpu().numpy()
    seen = np.isfinite(cosines)
    total = np.where(seen, cosines, 0.0).sum(axis=0)
    overlap = np.where(seen.any(axis=0), total / np.maximum(seen.sum(axis=0), 1), np.nan)
    maps = _maps(features, shown, tasks)
    return Saliency(
        images=data.images[shown],
        labels=data.labels[shown],
        maps=_enlarged(maps, data).cpu().numpy(),
        overlap=overlap,
        compared=len(compared),
        resolution=(int(maps.shape[2]), int(maps.shape[3])),
    )


def _maps(features: NetworkFeatures, index: NDArray[np.int64], tasks: int) -> torch.Tensor:
    """(n, tasks, h, w)."""
    parts = []
    for part in np.array_split(index, -(-len(index) // BATCH)):
        images = features.images(part)
        labels = torch.from_numpy(features.data.labels[part]).to(images.device)
        parts.append(torch.stack([task_maps(features.network, images, labels[:, t], t) for t in range(tasks)], dim=1))
    return torch.cat(parts)


def _enlarged(maps: torch.Tensor, data: TaskData) -> torch.Tensor:
    """To the size of the images; each map then over its maximum."""
    _, height, width = data.images.shape
    large = torch.nn.functional.interpolate(maps, size=(height, width), mode="bilinear", align_corners=False)
    largest = large.amax(dim=(2, 3), keepdim=True)
    return torch.where(largest > 0, large / largest, 0.0)
