"""Where every loss is a parabola and no label is missing: about the minimum of the convex form, for many problems.

As ``ufm.solvers.newton.bias_start``. With L the one curvature of all entries, the best Z for a bias is one step from 0,

    Z(b̂) = shrink(−G(0, b̂)/L, 1/L),      φ(b̂) = min_Z P(Z, b̂),      ∇φ = ∂P/∂b̂ at Z(b̂).

Without a bias that is the minimum. A free one's best at Z = 0 is the best for Z as well: what is left then, times √n,
is orthogonal to the constant column, and so is its shrunk form. A penalized one takes BFGS on φ, each problem with a
step length of its own, which is halved where F does not fall enough.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ufm.solvers.batch.objective import BatchObjective
from ufm.solvers.batch.products import add_inner, product
from ufm.solvers.batch.shape import FREE, NONE
from ufm.solvers.batch.spectrum import spectral_norms
from ufm.solvers.batch.state import State, choose, state_at
from ufm.solvers.newton.dual_constraint import RESIDUAL_ROUNDING
from ufm.solvers.newton.proximal_start import LITTLE, SLACK

STEPS = 60  # trial points
CLOSE = 1e-7  # residual from which Newton is faster
ENOUGH = 1e-4  # of the fall that the slope promises
SMALLEST = 1e-300  # a number that float64 still divides by


def parabola_start(objective: BatchObjective, random: Tensor) -> Tensor:
    """(variables, B) balanced factors; directions that should not be zero have a little of ``random``."""
    constants, shape = objective.constants, objective.shape
    lipschitz = (constants.c_n * constants.E**2).flatten(0, 1).amax(0)
    none = torch.zeros_like(constants.e)
    state = _fitted(objective, lipschitz, none)
    if shape.bias != NONE:
        x = torch.zeros_like(random)
        curvature = constants.rho + constants.e**2 * constants.c_n.sum(1)
        alone = -objective.split(state_at(objective, x).gradient)[2] / curvature
        other = _fitted(objective, lipschitz, alone)
        state = other if shape.bias == FREE else choose(objective, other.value < state.value, other, state)
    if shape.bias not in (NONE, FREE):
        state = _best_bias(objective, lipschitz, state)
    return _filled(objective, state, random)


def _best_bias(objective: BatchObjective, lipschitz: Tensor, state: State) -> State:
    """BFGS from a state whose Z is the best for its b̂."""
    R = objective.shape.rows
    b, g = (objective.split(part)[2] for part in (state.x, state.gradient))
    inverse = torch.eye(R, dtype=b.dtype, device=b.device)[..., None].repeat(1, 1, objective.problems)
    direction, t, first = -g, torch.ones_like(state.value), torch.ones_like(state.value, dtype=torch.bool)
    for _ in range(STEPS):
        going = state.residual > CLOSE
        slope = (direction * g).sum(0)
        trial = _fitted(objective, lipschitz, b + t * direction)
        falls = going & (trial.value <= state.value + ENOUGH * t * slope)
        s, y = t * direction, objective.split(trial.gradient)[2] - g
        state = choose(objective, falls, trial, state)
        b, g = (objective.split(part)[2] for part in (state.x, state.gradient))
        curved = (s * y).sum(0)
        updates = falls & (curved > SMALLEST)
        curved = torch.where(updates, curved, 1.0)
        scale = torch.where(updates & first, curved / (y * y).sum(0), 1.0)
        inverse = torch.where(updates, _updated(inverse * scale, s, y, curved), inverse)
        first = first & ~updates
        direction = torch.where(falls, -(inverse * g).sum(1), direction)
        t = torch.where(falls, 1.0, 0.5 * t)
    return state


def _updated(inverse: Tensor, s: Tensor, y: Tensor, curved: Tensor) -> Tensor:
    """BFGS's inverse (R, R, B) after a step s with change y of the gradient, curved = ⟨s, y⟩."""
    turned = (inverse * y).sum(1)
    outer = turned[:, None] * s + s[:, None] * turned
    return inverse + ((1.0 + (y * turned).sum(0) / curved) / curved * (s[:, None] * s) - outer / curved)


def _fitted(objective: BatchObjective, lipschitz: Tensor, b_hat: Tensor) -> State:
    """Balanced factors of Z(b̂), beside b̂, by the smaller Gram matrix: only singular values above 1/L count."""
    x = b_hat.new_zeros((sum(objective.sizes), objective.problems))
    W_hat, H_hat, own = objective.split(x)
    own.copy_(b_hat)
    A = -state_at(objective, x).at.G / lipschitz
    wide = A.shape[0] <= A.shape[1]
    side = A if wide else A.transpose(0, 1).contiguous()
    n = len(side)
    gram = product(side, side.transpose(0, 1)).permute(2, 0, 1)
    values, vectors = torch.linalg.eigh(torch.where(gram.isfinite().all(-1).all(-1)[:, None, None], gram, 0.0))
    rank = min(n, objective.shape.dim)
    s = values.flip(-1)[:, :rank].T.clamp_min(0.0).sqrt()
    U = vectors.flip(-1)[..., :rank].permute(1, 2, 0)
    root = (s - 1.0 / lipschitz).clamp_min(0.0).sqrt()
    near = U * root
    far = add_inner(torch.zeros_like(side[:rank]), U * (root / s.clamp_min(SMALLEST)), side)
    if wide:
        W_hat[:, :rank], H_hat[:rank] = near, far
    else:
        W_hat[:, :rank], H_hat[:rank] = far.transpose(0, 1), near.transpose(0, 1)
    return state_at(objective, x)


def _filled(objective: BatchObjective, state: State, random: Tensor) -> Tensor:
    """x with a little of ``random`` in directions that are zero, where not all should be."""
    rounding = RESIDUAL_ROUNDING * objective.cancelled(state.at).flatten(0, 1).norm(dim=0)
    short = spectral_norms(state.at.G) - 1.0 - rounding > SLACK
    x = state.x.clone()
    (W_hat, H_hat, _), (W_random, H_random, _) = objective.split(x), objective.split(random)
    empty = short & (W_hat.square().sum(0) == 0.0)
    W_hat.copy_(torch.where(empty, LITTLE * W_random, W_hat))
    H_hat.copy_(torch.where(empty[:, None], LITTLE * H_random, H_hat))
    return x
