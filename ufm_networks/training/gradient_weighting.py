"""Weightings that read the gradient of each task's loss with respect to the shared parameters or features.

    shared parameters θ   along  Σ_t w_t ∂(L_t + P_t)/∂θ + ∂P/∂θ,        w from G_ts = ⟨g_t, g_s⟩
    head t                along  ∂(L_t + P_t)/∂(W^t, b^t): its own task's, unweighted
    g_t                   ∂L_t/∂θ: T backward passes through the backbone; or ∂L_t/∂H with the batch's features H: T
                          passes through the heads and one through the backbone

At rest, Σ_t w_t (L_t + P_t) + P is stationary: Problem (3) with c^t = w_t, for its c^t stands before head t's loss and
penalty alike. Of several sources no two tasks share a sample, so that ∂L_t/∂H are orthogonal: θ tells more.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.autograd import grad

from ufm.weighting import TaskWeighting
from ufm_networks.not_finite import NotFiniteError
from ufm_networks.training.weighting import Step, Weighting

COLUMNS = 1 << 20  # of J at a time, in float64


class GradientWeighting(Weighting):
    """of  "parameters" θ or "features" H."""

    task_gradients = True

    def __init__(self, rule: TaskWeighting, of: str) -> None:
        super().__init__(rule)
        self.of = of

    def backward(self, step: Step) -> Tensor:
        """Everything is averaged over processes: J itself where it is of θ, its Gramian where of H.

        Raises NotFiniteError, in all processes at once, where no weights follow from the gradients.
        """
        shared = [p for p in step.network.backbone.parameters() if p.requires_grad]
        heads = [[p for p in head.parameters() if p.requires_grad] for head in step.network.heads]
        over = shared if self.of == "parameters" else [step.features]
        rows: list[Tensor] = []
        of_heads: list[Tensor] = []
        for loss, own in zip(step.losses, heads, strict=True):
            gradients = grad(loss, [*over, *own], retain_graph=True)
            rows.append(_flat(gradients[: len(over)]))
            of_heads += gradients[len(over) :]
        J = torch.stack(rows)
        world = step.processes.world
        if self.of == "parameters":
            step.processes.average([J])
        gramian = _gramian(J)
        if self.of == "features":
            gramian = step.processes.sum(gramian) / world**2
        if not torch.isfinite(gramian).all():
            raise NotFiniteError("a task's gradient is not finite")
        weights = self.rule.weights(step.losses.detach(), gramian, step.present).to(step.losses.dtype)
        penalty = step.penalty + weights @ step.own_penalties
        if self.of == "parameters":
            of_shared = list(_shaped(weights @ J, shared))
            if penalty.requires_grad:
                more = grad(penalty, shared, retain_graph=True)
                step.processes.average(more)
                of_shared = [one + other for one, other in zip(of_shared, more, strict=True)]
        else:
            roots: list[tuple[Tensor, Tensor | None]] = [(step.features, (weights.to(J) @ J).view_as(step.features))]
            if penalty.requires_grad:
                roots.append((penalty, None))
            outputs, outer = zip(*roots, strict=True)
            of_shared = list(grad(outputs, shared, grad_outputs=outer, retain_graph=True))
            step.processes.average(of_shared)
        step.processes.average(of_heads)
        parameters = [p for own in heads for p in own]
        if parameters and step.own_penalties.requires_grad:
            more = grad(step.own_penalties.sum(), parameters)
            of_heads = [one + other for one, other in zip(of_heads, more, strict=True)]
        for parameter, gradient in zip([*shared, *parameters], [*of_shared, *of_heads], strict=True):
            parameter.grad = torch.empty_like(parameter).copy_(gradient)  # in the parameter's own memory format
        return weights


def _flat(gradients: Sequence[Tensor]) -> Tensor:
    return torch.cat([gradient.reshape(-1) for gradient in gradients])


def _shaped(flat: Tensor, like: Sequence[Tensor]) -> Sequence[Tensor]:
    parts = flat.split([tensor.numel() for tensor in like])
    return [part.view(tensor.shape) for part, tensor in zip(parts, like, strict=True)]


def _gramian(J: Tensor) -> Tensor:
    """J Jᵀ (T, T) in float64, whatever J (T, P) is in."""
    parts = [part.double() @ part.double().T for part in J.split(COLUMNS, dim=1)]
    return torch.stack(parts).sum(dim=0)
