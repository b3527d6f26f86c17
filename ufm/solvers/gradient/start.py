"""The random start: Gaussian Ŵ and Ĥ of equal norm whose logits have standard deviation one, b = 0."""

from __future__ import annotations

import torch

from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import SLICE, Point
from ufm.solvers.gradient.samples import Samples
from ufm.solvers.gradient.units import balanced_units, own_units


def own_start(samples: Samples, dim: int, seed: int) -> tuple[Objective, Point]:
    """``random_start`` in the problem's own units, and the objective in these."""
    balanced = Objective(samples, balanced_units(samples), dim)
    point = random_start(balanced, seed)
    balanced.units.to_own(point, samples)
    return Objective(samples, own_units(samples), dim), point


def random_start(objective: Objective, seed: int) -> Point:
    """A point in balanced units, which ``objective`` must be in; drawn on the CPU, so equal on every device."""
    samples, dim = objective.samples, objective.dim
    point = Point.zeros(samples.count, samples.rows, dim, objective.device, objective.dtype)
    generator = torch.Generator().manual_seed(seed)
    for part in torch.split(point.vector, SLICE):
        part.copy_(torch.randn(len(part), generator=generator, dtype=objective.dtype))
    point.bias.zero_()
    heads = objective.heads(point)
    squares = torch.zeros((), device=objective.device, dtype=torch.float64)
    for rows in objective.slices():
        squares += objective.logits(point.features[rows], heads, samples.column[rows]).square().sum(dtype=torch.float64)
    spread = float(squares / (samples.count * samples.rows)) ** 0.5
    ratio = (samples.count / samples.rows) ** 0.25
    point.heads.mul_(ratio * spread**-0.5)
    point.features.mul_(spread**-0.5 / ratio)
    return point
