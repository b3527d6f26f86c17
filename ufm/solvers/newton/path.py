"""A start for problems that a random one does not suit: the path of minimizers as λ_H and λ_W fall to their values.

With κ λ_H and κ λ_W for large κ the minimizer is W = 0, H = 0; as κ is divided by FACTOR the heads of heavy tasks grow
first, then those of light ones, and each minimizer is a good start for the next. From a random start all grow at once,
and with counts and weights decades apart the labels that come last can take thousands of steps.
Source: Allgower and Georg, Introduction to Numerical Continuation Methods, SIAM 2003.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from ufm.solvers.newton.trust_region import History, State, minimize, state_at
from ufm.solvers.objective import Objective

FACTOR = 10.0  # between two λ's: a logit of an unfitted label grows by about log 10 from one to the next
FIRST = 0.5  # of the κ below which zero is no longer the minimizer
STAGE_TOLERANCE, STAGE_STEPS = 0.1, 60  # a stage is only a start


def follow(
    objective: Objective,
    start: Tensor,
    history: History,
    max_steps: int,
    descend: Callable[..., tuple[State, str]] = minimize,
) -> tuple[Tensor, str]:
    """x at the end of the path from ``start``, and "steps" if max_steps ended it, "interrupted", or "tolerance"."""
    form, device = objective.form, start.device
    zero = state_at(objective, torch.zeros_like(start))
    kappa = FIRST * float(torch.linalg.matrix_norm(zero.at.G, 2))
    x, last = start, len(history.loss) + max_steps
    while kappa > 1.0:
        stage = Objective(
            dataclasses.replace(form, lambda_H=kappa * form.lambda_H, lambda_W=kappa * form.lambda_W),
            objective.dim,
            device,
        )
        left = min(STAGE_STEPS, last - len(history.loss))
        if left < 1:
            return x, "steps"
        state = state_at(stage, stage.scale(*objective.unscale(x)))
        state, outcome = descend(stage, state, history, tolerance=STAGE_TOLERANCE, max_steps=left)
        x = objective.scale(*stage.unscale(state.x))
        if outcome == "interrupted":
            return x, outcome
        kappa /= FACTOR
    return x, "tolerance"
