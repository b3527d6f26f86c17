"""Grad-CAM++: which pixels of the last map speak for a class (Chattopadhay et al., 2018)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def grad_cam_plus_plus(maps: Tensor, gradients: Tensor) -> Tensor:
    """(n, h, w) L = ReLU( Σ_k w_k A^k ) with weights from the first three derivatives of Y = exp(S).

        w_k = Σ_ij α_ij^k ReLU(∂Y/∂A_ij^k)
        α_ij^k = ∂²Y/∂A² / ( 2 ∂²Y/∂A² + Σ_ab A_ab^k ∂³Y/∂A³ ),    derivatives at pixel ij of channel k

    S is affine in A as far as the ReLUs and maxima behind A stay as they are, so that with g = ∂S/∂A_ij^k the
    derivatives of Y are Y g, Y g² and Y g³. Only g > 0 counts, and there

        α_ij^k = g² / (2 g² + Σ_ab A_ab^k g³) = 1 / (2 + g Σ_ab A_ab^k).

    The sum is over the pixels ab of channel k, of A alone: g stands at ij. Y > 0 is a factor of the whole map and is
    left out, for it overflows. The paper's A comes out of a ReLU: 0 < α ≤ 1/2. Maps that may be negative, as of a
    network with final_relu=false, are rectified first; as they are, α would have poles, and the smallest change of a
    map would move the result elsewhere.

    maps       (n, K, h, w) A, the output of ``network.backbone.last_convolution``
    gradients  (n, K, h, w) g, of the logit S of the class
    Source: Chattopadhay et al., WACV 2018, eqs. 5, 6, 11 and 19; Figure 4 of the paper.
    """
    A, g = maps.relu(), gradients.relu()
    alpha = 1.0 / (2.0 + g * A.sum(dim=(2, 3), keepdim=True))
    weights = (alpha * g).sum(dim=(2, 3), keepdim=True)
    return (weights * A).sum(dim=1)


def task_maps(network: Any, images: Tensor, classes: Tensor, task: int) -> Tensor:
    """(n, h, w) Grad-CAM++ maps of one task's logits at a class (n,) per image; the network in evaluation mode.

    network  a ``MultiTaskNetwork``; its mode and gradients are left as they are
    """
    kept: list[Tensor] = []

    def cut(_module: Any, _inputs: Any, output: Tensor) -> Tensor:
        """The graph begins here: nothing before the maps is differentiated."""
        kept.append(output.detach().requires_grad_(True))
        return kept[0]

    hook = network.backbone.last_convolution.register_forward_hook(cut)
    try:
        with network.evaluating(), torch.enable_grad():  # so that an image's logits depend on its own maps alone
            _, logits = network(images)
            (gradients,) = torch.autograd.grad(logits[task].gather(1, classes[:, None]).sum(), kept[0])
    finally:
        hook.remove()
    return grad_cam_plus_plus(kept[0].detach().double(), gradients.double())
