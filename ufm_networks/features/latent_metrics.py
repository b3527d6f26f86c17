"""Neural collapse of the latent features of each task, from pairs with one image blank: Section 5.1, Figure 2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ufm_networks.features.half_images import HalfImages
from verify._metrics.directions import unit_columns

Float = NDArray[np.float64]

# columns of a run's metrics.csv under latent_metrics=true, in the order of ``LatentMetrics.averages``
COLUMNS = ("latent_NC1", "latent_NC2_1", "latent_NC2_2", "latent_NC3", "latent_NC4")


@dataclass(frozen=True)
class LatentMetrics:
    """Tildes are centred by the mean over samples of that kind of image, and normalized.

    directions  per side: (d, K_t) μ̃_k^L or μ̃_k^R
    variability per side: Ave ‖h − μ_k‖² / Ave ‖μ_k − μ_G‖² (NC1, relative)
    angles      per side: Ave_{k≠k'} |cos(μ̃_k, μ̃_k') + 1/(K − 1)| (NC2)
    norms       per side: Std_k / Ave_k of ‖μ_k − μ_G‖ (NC2)
    self_duality per side: Ave_k ‖μ̃_k − w̃_k‖² (NC3)
    sums        Ave and largest over label pairs of ‖μ̃^{LR} − (μ̃^L + μ̃^R)/‖μ̃^L + μ̃^R‖‖ (NC4)
    """

    directions: tuple[Float, Float]
    variability: tuple[float, float]
    angles: tuple[float, float]
    norms: tuple[float, float]
    self_duality: tuple[float, float]
    sums: tuple[float, float]

    def averages(self) -> dict[str, float]:
        """The values in Figure 2(a): for NC1 to NC3 the mean of both tasks, for NC4 the mean over label pairs."""
        of_tasks = (self.variability, self.angles, self.norms, self.self_duality)
        return dict(zip(COLUMNS, [*(float(np.mean(sides)) for sides in of_tasks), self.sums[0]], strict=True))


def latent_metrics(halves: HalfImages, W: list[Float]) -> LatentMetrics:
    """Of one data set, with the heads W^L and W^R of the network."""
    sides = [_side(*of) for of in zip(halves.means, halves.counts, halves.spread, W, strict=True)]
    pairs = halves.pair_means.T - (halves.pair_means.T @ halves.pair_counts / halves.pair_counts.sum())[:, None]
    left, right = (side[0] for side in sides)
    added = left[:, halves.labels[:, 0]] + right[:, halves.labels[:, 1]]
    distances = np.linalg.norm(unit_columns(pairs, _size(halves.pair_means)) - unit_columns(added, 1.0), axis=0)
    variability, angles, norms, duality = (tuple(values) for values in zip(*(side[1] for side in sides), strict=True))
    sums = (float(distances.mean()), float(distances.max()))
    return LatentMetrics((left, right), variability, angles, norms, duality, sums)


def _side(means: Float, counts: Float, spread: Float, w: Float) -> tuple[Float, tuple[float, float, float, float]]:
    """(d, K) directions μ̃_k, and variability, angles, norms, self-duality."""
    fraction = counts / counts.sum()
    moved = (means - fraction @ means).T
    directions = unit_columns(moved, _size(means))
    norms = np.linalg.norm(moved, axis=0)
    between = float(fraction @ norms**2)
    cosines = directions.T @ directions
    off = cosines[~np.eye(len(cosines), dtype=bool)]
    variability = float(fraction @ spread) / between if between > 0 else float("nan")
    angles = float(np.mean(np.abs(off + 1.0 / (len(means) - 1))))
    dual = float(np.mean(np.sum((directions - unit_columns(w.T, 0.0)) ** 2, axis=0)))
    return directions, (variability, angles, float(norms.std() / norms.mean()) if between > 0 else float("nan"), dual)


def _size(means: Float) -> float:
    return float(np.linalg.norm(means, axis=1).max())
