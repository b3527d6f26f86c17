"""Trust-region Newton on many problems at once: each has a radius, a target and an end of its own.

The rules are those of ``ufm.solvers.newton.trust_region`` without what it keeps for runs longer than ordinary ones
(balanced factors, other metrics): such a problem is handed back.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor

from ufm.solvers.batch.conjugate_gradients import Conjugate
from ufm.solvers.batch.objective import BatchObjective
from ufm.solvers.batch.products import dot, norm
from ufm.solvers.batch.state import State, choose, state_at, take
from ufm.solvers.newton.trust_region import (
    ESCAPING,
    GROW,
    MAX_LOGIT_CHANGE,
    MAX_STALLED,
    POLISH,
    POLISH_FORCING,
    RESOLVED,
    ROUNDING,
    SHRINK,
    TINY,
)

RUNS, POLISHES, ENDED, FAILED, LEFT = range(5)  # what a problem does
MOST_STEPS = 100  # Newton steps, beyond which a problem is handed back
MAX_IDLE = 10  # steps without a lower gradient where a parabola's rounding moves it up and down forever


@dataclass
class Progress:
    """(B,) each: what every problem does, and its own numbers of the names of ``minimize``'s variables.

    rounded    whether rounding ended it, not its target
    steps_left before it ends short of its target all the same
    """

    does: Tensor
    radius: Tensor
    target: Tensor
    stalled: Tensor
    idle: Tensor
    least: Tensor
    steps: Tensor
    steps_left: Tensor
    polished: Tensor
    rounded: Tensor

    @classmethod
    def begun(cls, state: State, target: float) -> Progress:
        """Before the first step."""
        zero = torch.zeros_like(state.value)
        return cls(
            does=torch.where(state.residual <= target, POLISHES, RUNS),
            radius=norm(state.x).clamp_min(1.0),
            target=zero + target,
            stalled=zero,
            idle=zero,
            least=state.gradient_norm,
            steps=zero,
            steps_left=zero + MOST_STEPS,
            polished=zero,
            rounded=torch.zeros_like(zero, dtype=torch.bool),
        )

    def take(self, index: Tensor) -> Progress:
        """Those of the problems numbered ``index``."""
        return Progress(**{field.name: getattr(self, field.name)[index] for field in fields(self)})


@dataclass
class Batch:
    """Problems on their way."""

    objective: BatchObjective
    state: State
    inner: Conjugate
    progress: Progress
    spent: Tensor  # (B,) products of the last step

    @classmethod
    def begun(cls, objective: BatchObjective, x: Tensor, target: float) -> Batch:
        """At x (variables, B)."""
        state = state_at(objective, x)
        progress = Progress.begun(state, target)
        return cls(objective, state, Conjugate.begun(state.gradient), progress, torch.zeros_like(state.value))

    def take(self, index: Tensor) -> Batch:
        """The problems numbered ``index``."""
        objective = self.objective.take(index)
        state = take(objective, self.state, index)
        return Batch(objective, state, self.inner.take(index), self.progress.take(index), self.spent[index])

    def resume(self, at: Tensor) -> None:
        """Newton steps from where they are, as from a start, where ``at`` (B,) is true."""
        now, state = self.progress, self.state
        now.does = torch.where(at, RUNS, now.does)
        now.radius = torch.where(at, norm(state.x).clamp_min(1.0), now.radius)
        now.stalled, now.idle = torch.where(at, 0.0, now.stalled), torch.where(at, 0.0, now.idle)
        now.least = torch.where(at, state.gradient_norm, now.least)
        self.inner = self.inner.begin(at, state.gradient)

    def product(self) -> None:
        """One more product of every step's conjugate gradients."""
        polishes = self.progress.does == POLISHES
        radius = torch.where(polishes, norm(self.state.x), self.progress.radius)
        residual, target = self.state.residual, self.progress.target
        forcing = torch.maximum(residual.sqrt().clamp_max(0.1), 0.1 * target / residual)
        self.inner.advance(self.objective, self.state.at, radius, torch.where(polishes, POLISH_FORCING, forcing))

    def step(self) -> Tensor:
        """Takes or refuses the steps that have ended, and begins the next; (B,) which problems took one."""
        now, state, inner = self.progress, self.state, self.inner
        self.spent = inner.products
        runs, polishes = inner.ended & (now.does == RUNS), inner.ended & (now.does == POLISHES)
        candidate, actual = self._end(runs | polishes)
        noise = ROUNDING * self.objective.penalty(state.x)
        ratio = torch.where(inner.decrease != 0.0, actual / inner.decrease, 0.0)
        blind = (actual.abs() <= noise) & (inner.decrease <= noise)
        lower = candidate.gradient_norm <= state.gradient_norm
        ratio = torch.where(blind & ~inner.on_boundary, lower.to(ratio.dtype), ratio)
        much_lower = candidate.gradient_norm <= 0.9 * state.gradient_norm
        more = torch.where(inner.on_boundary & (ratio > 0.25), ESCAPING, 1.0)
        stalled = torch.where(blind, torch.where(much_lower, 0.0, now.stalled + more), now.stalled)
        idle = now.idle + blind
        renewed = blind & ((idle == 1.0) | (candidate.gradient_norm <= 0.9 * now.least))
        now.idle = torch.where(runs, torch.where(renewed, 1.0, idle), now.idle)
        now.least = torch.where(runs & renewed, candidate.gradient_norm, now.least)
        now.stalled = torch.where(runs, stalled, now.stalled)
        radius = torch.where(ratio >= 0.25, now.radius, SHRINK * inner.length)
        radius = torch.where((ratio > 0.75) & inner.on_boundary, GROW * inner.length, radius)
        now.radius = torch.where(runs, radius, now.radius)
        sharper = ~inner.on_boundary & (candidate.gradient_norm <= 0.1 * state.gradient_norm)
        accepted = (runs & (ratio > 1e-4)) | (polishes & sharper)
        self.state = choose(self.objective, accepted, candidate, state)
        counted = runs | (polishes & sharper)
        now.steps, now.steps_left = now.steps + counted, now.steps_left - runs.to(now.steps_left.dtype)
        now.polished = now.polished + polishes
        self._decide(runs, polishes, polishes & ~sharper)
        goes_on = (runs | polishes) & (now.does <= POLISHES)
        self.inner = inner.begin(goes_on, self.state.gradient)
        return counted

    def _end(self, stepped: Tensor) -> tuple[State, Tensor]:
        """The state after each step, which changes a logit by MAX_LOGIT_CHANGE at most, and its decrease."""
        objective, state, inner = self.objective, self.state, self.inner
        linear = objective.linear_change(state.at, inner.z)
        change = objective.largest_logit_change(linear, inner.z)
        far = stepped & (change > MAX_LOGIT_CHANGE)
        t = torch.where(far, MAX_LOGIT_CHANGE / change, 1.0)
        slope = dot(state.gradient, inner.z)
        inner.decrease = torch.where(far, -t * slope + t * t * (inner.decrease + slope), inner.decrease)
        inner.z = inner.z * t
        inner.zz = inner.zz * t * t
        inner.on_boundary = inner.on_boundary | far
        candidate = state_at(objective, state.x + inner.z)
        difference = state.value - candidate.value
        small = -objective.change(state.at, state.gradient, inner.z, linear * t)
        return candidate, torch.where(difference.abs() > RESOLVED * state.value, difference, small)

    def _decide(self, runs: Tensor, polishes: Tensor, blunt: Tensor) -> None:
        """Decides what each problem that took a step does next."""
        now, state = self.progress, self.state
        does = now.does
        reached = runs & (state.residual <= now.target)
        still = (now.stalled >= MAX_STALLED) | (now.steps_left <= 0)
        if self.objective.partly_quadratic:
            still = still | (now.idle > MAX_IDLE)
        rounded = runs & ~reached & still
        lost = runs & ~reached & ~rounded & ((now.steps >= MOST_STEPS) | ~torch.isfinite(state.value))
        polished = polishes & (blunt | (now.polished >= POLISH))
        does = torch.where(polished | rounded, ENDED, does)
        does = torch.where(reached, torch.where(state.gradient_norm < TINY, ENDED, POLISHES), does)
        now.does = torch.where(lost, FAILED, does)
        now.rounded = now.rounded | rounded
        now.polished = torch.where(reached, 0.0, now.polished)
