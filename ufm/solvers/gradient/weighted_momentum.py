"""Momentum at a fixed learning rate η, with weights that a task weighting sets anew at every step.

The tasks share the features H; head t is task t's own. With L_t the loss of task t, unweighted,

    M_i ← μ M_i + Σ_t w_t ∂L_t/∂h_i + 2 λ_H w_i ω_i h_i,       h_i ← h_i − η M_i                      (features)
    M^t ← μ M^t + v_t ∂(L_t + λ_W ‖W^t‖²)/∂W^t,                W^t ← W^t − η M^t,  and likewise b^t   (heads)

where v_t = 1 if the weighting reads gradients, and v_t = w_t if it is a weighted sum of losses. Either way a point
where nothing moves is a stationary point of Problem (3) with c^t = w_t: penalties are no task losses, λ_H ‖H‖² keeps
its weight and each head's penalty goes with its own task.

With residuals r_i = (∇ℓ(u_ti))_t stacked to R rows, ∂L_t/∂h_i = W^tᵀ r_ti, so the Gramian of the tasks' gradients is

    G_ts = Σ_i ⟨W^tᵀ r_ti, W^sᵀ r_si⟩ = the sum over block (t, s) of  (W Wᵀ) ∘ (Σ_i r_i r_iᵀ),

N R² operations, and no gradient is ever stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.problems.standard_form import StandardForm
from ufm.solvers.gradient.evaluation import Evaluation
from ufm.solvers.gradient.method import Method
from ufm.solvers.gradient.objective import Chunk, Objective
from ufm.solvers.gradient.point import Point
from ufm.solvers.gradient.samples import Samples, expand
from ufm.solvers.gradient.settings import Settings
from ufm.solvers.gradient.start import own_start
from ufm.solvers.gradient.units import own_units
from ufm.weighting import TaskWeighting, make_weighting

LEAST_WEIGHT = 1e-12  # of the largest: a weight of zero would leave a task's head without a unit to measure it in


@dataclass(frozen=True)
class TaskState:
    """Losses (T,) at the point and the weights (T,) that follow from them, tasks in the form's order."""

    losses: Tensor
    weights: Tensor


class WeightedMomentum(Method):
    """``step()`` moves ``point`` in place, in the problem's own units. The form has c = 1.

    Memory: the point and its momentum, and one chunk. A step passes over the samples twice: to move, and to see.
    """

    def __init__(
        self,
        form: StandardForm,
        counts: NDArray[np.int64],
        objective: Objective,
        point: Point,
        weighting: TaskWeighting,
        learning_rate: float,
        momentum: float,
    ) -> None:
        self.form, self.counts = form, counts
        self.objective, self.point, self.weighting = objective, point, weighting
        self.learning_rate, self.mu = learning_rate, momentum
        self.momentum = point.like()
        tasks = np.repeat(np.arange(len(form.classes)), form.classes)[objective.samples.row_order]
        self.task_of_row = torch.as_tensor(tasks, device=objective.device)
        # made once: a step that made them would wait for the device
        self.task_order = torch.as_tensor(np.argsort(objective.samples.task_order), device=objective.device)
        self.member = torch.nn.functional.one_hot(self.task_of_row, weighting.tasks).double()
        self.learned_momentum = weighting.zeros(weighting.tasks)
        self.now = self._look()

    def evaluate(self) -> Evaluation:
        """F of Problem (3) with c = the weights in effect."""
        form = self.weighted_form()
        samples = expand(form, self.counts, self.objective.device, self.objective.dtype, self.objective.samples.ranks)
        return Objective(samples, own_units(samples), self.objective.dim).evaluate(self.point)

    def weighted_form(self) -> StandardForm:
        """Problem (3) with c = the weights in effect."""
        weights = self.now.weights.cpu().numpy()
        return replace(self.form, task_weights=np.maximum(weights, LEAST_WEIGHT * weights.max()))

    def step(self) -> bool:
        """All samples once to move and once to see the losses and gradients there."""
        point, objective, before = self.point, self.objective, self.now
        heads = objective.heads(point)
        weight = before.weights.to(objective.dtype)[self.task_of_row]
        for chunk in objective.sweep(point, heads):
            M = self.momentum.features[chunk.rows]
            M.addmm_((chunk.residual * weight[:, None]).T, heads.W, beta=self.mu)
            objective.add_penalty(M, chunk)
            chunk.features.add_(M, alpha=-self.learning_rate)
        W, b = objective.head_gradients(point, heads)
        if not self.weighting.gradients:
            W, b = W * weight[:, None], b * weight
        for part, M, gradient in ((point.heads, self.momentum.heads, W), (point.bias, self.momentum.bias, b)):
            part.add_(M.mul_(self.mu).add_(gradient), alpha=-self.learning_rate)
        if self.weighting.learned is not None:
            self.learned_momentum.mul_(self.mu).add_(self.weighting.learned_gradient(before.losses))
            self.weighting.learned.sub_(self.learned_momentum, alpha=self.learning_rate)
        self.now = self._look(before)
        return True

    def _look(self, before: TaskState | None = None) -> TaskState:
        """Losses, Gramian and weights at the point; reports the step from ``before`` to the weighting."""
        point, objective = self.point, self.objective
        heads = objective.heads(point)
        losses = self.weighting.zeros(self.weighting.tasks)
        residuals = torch.zeros(len(heads.W), len(heads.W), device=objective.device, dtype=torch.float64)
        for chunk in objective.sweep(point, heads):
            losses += self._losses(chunk)
            if self.weighting.gradients:
                residuals += chunk.residual @ chunk.residual.T
        objective.samples.ranks.add(losses, residuals)
        if before is not None:
            self.weighting.stepped(before.losses, losses)
            self.weighting.epoch_ended(losses)
        W = heads.W.double()
        gramian = self.member.T @ ((W @ W.T) * residuals) @ self.member
        return TaskState(losses, self.weighting.weights(losses, gramian))

    def _losses(self, chunk: Chunk) -> Tensor:
        """(T,) of a chunk, float64, tasks in the form's order."""
        samples = self.objective.samples
        margins = self.objective.margins(chunk.logits, chunk.column)
        losses = [
            group.loss.loss(*(part[t : t + 1] for part in block))
            for group, block in zip(samples.groups, self.objective.blocks(margins, chunk.column), strict=True)
            for t in range(group.tasks)
        ]
        return torch.stack(losses)[self.task_order]

    def measures(self) -> dict[str, float]:
        """The weights in effect and the unweighted losses, by task."""
        names = {"weight": self.now.weights.tolist(), "loss": self.now.losses.tolist()}
        return {f"{name}_{t + 1}": value for name, values in names.items() for t, value in enumerate(values)}

    def state(self) -> dict[str, Tensor]:
        """x, M, and what the weighting knows."""
        own = {f"weighting.{name}": tensor for name, tensor in self.weighting.state().items()}
        if self.weighting.learned is not None:
            own |= {"weighting.learned": self.weighting.learned, "weighting.momentum": self.learned_momentum}
        return {"point": self.point.vector, "momentum": self.momentum.vector, **own}

    def resume(self, numbers: dict[str, float]) -> None:
        """Resumes; the last observation follows from the state."""
        self.now = self._look()


def weighted_momentum(
    form: StandardForm, counts: NDArray[np.int64], samples: Samples, settings: Settings
) -> WeightedMomentum:
    """At the random start of ``settings``, the one a fixed learning rate has without a weighting.

    Raises ValueError if the form has weights already.
    """
    if np.any(form.task_weights != 1.0):
        raise ValueError(
            f"task_weights={form.task_weights.tolist()} and weighting={settings.weighting!r} are both given; a "
            "weighting sets the weights itself: leave task_weights out"
        )
    assert settings.weighting is not None
    assert settings.learning_rate is not None
    weighting = make_weighting(
        settings.weighting,
        len(form.classes),
        seed=settings.seed,
        device=settings.device,
        **(settings.weighting_options or {}),
    )
    objective, point = own_start(samples, settings.dim, settings.seed)
    return WeightedMomentum(form, counts, objective, point, weighting, settings.learning_rate, settings.momentum or 0.0)
