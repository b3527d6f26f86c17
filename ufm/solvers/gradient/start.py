"""The random start: Gaussian Ŵ and Ĥ of equal norm whose logits have standard deviation one.

b = 0, but for quadratic losses, whose targets may lie far from 0: there b minimizes F at W = H = 0.
"""

from __future__ import annotations

import torch

from ufm.solvers.gradient.draw import draw_normals
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point
from ufm.solvers.gradient.samples import Samples
from ufm.solvers.gradient.units import balanced_units, own_units


def own_start(samples: Samples, dim: int, seed: int) -> tuple[Objective, Point]:
    """``random_start`` in the problem's own units, and the objective in these."""
    balanced = Objective(samples, balanced_units(samples), dim)
    point = random_start(balanced, seed)
    balanced.units.to_own(point, samples)
    return Objective(samples, own_units(samples), dim), point


def random_start(objective: Objective, seed: int) -> Point:
    """A random point in balanced units, which ``objective`` must use.

    Drawn on the CPU, so equal on every device and for any number of processes.

    """
    samples, dim = objective.samples, objective.dim
    point = Point.zeros(samples.count, samples.rows, dim, objective.device, objective.dtype)
    share = samples.ranks.share(samples.total)
    before_heads = samples.total * dim
    wanted = (share.start * dim, point.features.view(-1)), (before_heads, point.heads.view(-1))
    draw_normals(seed, before_heads + samples.rows * (dim + 1), objective.dtype, wanted)
    heads = objective.heads(point)
    squares = torch.zeros((), device=objective.device, dtype=torch.float64)
    for rows in objective.slices():
        squares += objective.logits(point.features[rows], heads, samples.column[rows]).square().sum(dtype=torch.float64)
    samples.ranks.add(squares)
    spread = float(squares / (samples.total * samples.rows)) ** 0.5
    ratio = (samples.total / samples.rows) ** 0.25
    point.heads.mul_(ratio * spread**-0.5)
    point.features.mul_(spread**-0.5 / ratio)
    _start_bias(objective, point)
    return point


def _start_bias(objective: Objective, point: Point) -> None:
    """b̂ ← −∂F/∂b̂ at 0: Newton's step, since a quadratic loss has curvature one in balanced units."""
    samples = objective.samples
    counts = torch.bincount(samples.column, minlength=samples.target.shape[1]).to(objective.dtype)
    samples.ranks.add(counts)
    for group in samples.groups:
        if group.loss.quadratic:
            target, mass = group.blocks(samples.target), samples.mass.narrow(0, group.first_task, group.tasks)
            residual = group.loss.residual(torch.zeros_like(target), target, mass.unsqueeze(1), group.anchor)
            rows = slice(group.first_row, group.first_row + group.tasks * group.classes)
            point.bias[rows] = -(residual @ counts).flatten() * objective.units.scale.b[rows]
