"""Weightings that are a weighted sum of losses: one backward pass."""

from __future__ import annotations

from torch import Tensor

from ufm_networks.training.weighting import Step, Weighting


class LossWeighting(Weighting):
    """Σ_t w_t (L_t + P_t) + P, with respect to everything, the heads included."""

    task_gradients = False

    def backward(self, step: Step) -> Tensor:
        """One backward pass."""
        if self.rule.reads_losses:
            self.before = step.mean_losses()
        losses = step.losses.detach() if self.before is None else self.before
        weights = self.rule.weights(losses, present=step.present).to(step.losses.dtype)
        (weights @ (step.losses + step.own_penalties) + step.penalty).backward()
        if self.learned is not None:
            self.learned.grad = self.rule.learned_gradient(losses)
        return weights
