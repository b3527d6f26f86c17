"""Points of many problems with everything that was computed there."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ufm.losses.loss import Pieces
from ufm.solvers.batch.objective import BatchObjective, Linearization
from ufm.solvers.batch.products import norm


@dataclass
class State:
    """As ``ufm.solvers.newton.trust_region.State``: x and gradient (variables, B), numbers (B,)."""

    x: Tensor
    value: Tensor
    at: Linearization
    gradient: Tensor
    gradient_norm: Tensor
    residual: Tensor


def state_at(objective: BatchObjective, x: Tensor) -> State:
    """Value and gradient at x."""
    value, pieces = objective.value(x)
    at = objective.linearize(x, pieces)
    gradient = objective.gradient(at)
    added = objective.first_order(gradient, x) + objective.dual_gap_of_gradient(gradient)
    residual = added / torch.maximum(value, objective.constants.nothing)
    return State(x, value, at, gradient, norm(gradient), residual)


def choose(objective: BatchObjective, at: Tensor, new: State, old: State) -> State:
    """The new one where ``at`` (B,) is true, else the old one."""
    x = torch.where(at, new.x, old.x)
    m = objective.shape.columns
    states: list[Pieces] = []
    for ours, theirs in zip(new.at.states, old.at.states, strict=True):
        states.append(
            tuple(
                torch.where(at, own.view(len(own), m, -1), other.view(len(own), m, -1)).flatten(1)
                for own, other in zip(ours, theirs, strict=True)
            )
        )
    return State(
        x,
        torch.where(at, new.value, old.value),
        objective.at(x, tuple(states), torch.where(at, new.at.residual, old.at.residual)),
        torch.where(at, new.gradient, old.gradient),
        torch.where(at, new.gradient_norm, old.gradient_norm),
        torch.where(at, new.residual, old.residual),
    )


def take(objective: BatchObjective, state: State, index: Tensor) -> State:
    """The states of the problems numbered ``index``; ``objective`` is theirs."""
    m = objective.shape.columns
    x = state.x[..., index]
    states = tuple(tuple(own.view(len(own), m, -1)[..., index].flatten(1) for own in run) for run in state.at.states)
    return State(
        x,
        state.value[index],
        objective.at(x, states, state.at.residual[..., index]),
        state.gradient[..., index],
        state.gradient_norm[index],
        state.residual[index],
    )
