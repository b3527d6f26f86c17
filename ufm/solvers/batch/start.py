"""The start of a batch: each problem starts as it would alone."""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.batch.objective import BatchObjective
from ufm.solvers.batch.parabola_start import parabola_start
from ufm.solvers.batch.products import product


def start(objective: BatchObjective, seed: int) -> Tensor:
    """(variables, B): random, or for parabolas about the minimum of the convex form."""
    random = random_start(objective, seed)
    shape = objective.shape
    if shape.complete and all(run.loss.quadratic for run in objective.runs):
        return parabola_start(objective, random)
    return random


def random_start(objective: BatchObjective, seed: int) -> Tensor:
    """(variables, B) Gaussian Ŵ, Ĥ with logits of standard deviation one and b = 0; the numbers drawn do not depend on
    the problem.
    """
    constants = objective.constants
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(objective.shape.variables, generator=generator, dtype=torch.float64)
    x = drawn.to(constants.E.device)[:, None].repeat(1, objective.problems)
    W_hat, H_hat, b_hat = objective.split(x)
    b_hat.zero_()
    spread = (product(W_hat, H_hat) * constants.E).square_().flatten(0, 1).mean(0)
    return x.mul_(spread**-0.25)
