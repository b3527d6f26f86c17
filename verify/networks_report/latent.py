"""Latent features of each task, from pairs with one image blank, as numbers: Section 5.1 of the paper."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from networks.measuring.half_images import HalfImages
from verify.form import Float
from verify.metrics.directions import unit_columns


@dataclass(frozen=True)
class Latent:
    """Tildes are centred by the mean over samples of that kind of image, and normalized.

    cosines     (K_1 + K_2, K_1 + K_2) between all μ̃_k^L and μ̃_k^R
    simplex     the same size: −1/(K_t − 1) within a task, 0 between tasks, which Theorem 3.1 says of the heads
    variability per side: Ave ‖h − μ_k‖² / Ave ‖μ_k − μ_G‖² (NC1, relative)
    angles      per side: Ave_{k≠k'} |cos(μ̃_k, μ̃_k') + 1/(K − 1)| (NC2)
    norms       per side: Std_k / Ave_k of ‖μ_k − μ_G‖ (NC2)
    self_duality per side: Ave_k ‖μ̃_k − w̃_k‖² (NC3)
    sums        Ave and largest over label pairs of ‖μ̃^{LR} − (μ̃^L + μ̃^R)/‖μ̃^L + μ̃^R‖‖ (NC4)
    """

    cosines: Float
    simplex: Float
    variability: tuple[float, float]
    angles: tuple[float, float]
    norms: tuple[float, float]
    self_duality: tuple[float, float]
    sums: tuple[float, float]


def latent(halves: HalfImages, W: list[Float]) -> Latent:
    """Of one data set, with the heads W^L and W^R of the network."""
    sides = [_side(*of) for of in zip(halves.means, halves.counts, halves.spread, W, strict=True)]
    classes = [len(mean) for mean in halves.means]
    directions = np.concatenate([side[0] for side in sides], axis=1)
    simplex = np.zeros((sum(classes), sum(classes)))
    for k, rows in zip(classes, (slice(0, classes[0]), slice(classes[0], None)), strict=True):
        simplex[rows, rows] = np.where(np.eye(k, dtype=bool), 1.0, -1.0 / (k - 1))
    pairs = halves.pair_means.T - (halves.pair_means.T @ halves.pair_counts / halves.pair_counts.sum())[:, None]
    left, right = (side[0] for side in sides)
    added = left[:, halves.labels[:, 0]] + right[:, halves.labels[:, 1]]
    distances = np.linalg.norm(unit_columns(pairs, _size(halves.pair_means)) - unit_columns(added, 1.0), axis=0)
    numbers = [tuple(values) for values in zip(*(side[1] for side in sides), strict=True)]
    variability, angles, norms, duality = numbers
    return Latent(
        directions.T @ directions,
        simplex,
        variability,
        angles,
        norms,
        duality,
        (float(distances.mean()), float(distances.max())),
    )


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
