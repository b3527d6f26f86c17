"""Batch normalization over the batches of all processes, so that several processes train like one."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed, nn


class _Sum(torch.autograd.Function):
    """Σ over processes; the gradient of the sum of their losses is the Σ of their gradients."""

    @staticmethod
    def forward(context: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        distributed.all_reduce(total)
        return total


def _summed(tensor: Tensor) -> Tensor:
    total: Tensor = _Sum.apply(tensor)  # type: ignore[no-untyped-call]
    return total


class SynchronizedBatchNorm(nn.BatchNorm2d):
    """BatchNorm2d whose mean and variance are those of all processes' batches together; of any device."""

    def forward(self, input: Tensor) -> Tensor:
        """(n, C, h, w)."""
        if not self.training:
            return super().forward(input)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        x = input.float()
        sums = torch.cat([x.sum(dim=(0, 2, 3)), x.new_full((1,), x.numel() / x.shape[1])])
        total = _summed(sums)
        count = total[-1]
        mean = total[:-1] / count
        centred = x - mean[None, :, None, None]
        variance = _summed(centred.square().sum(dim=(0, 2, 3))) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            self.running_mean.lerp_(mean, self.momentum)
            self.running_var.lerp_(variance * count / (count - 1), self.momentum)
        scale = self.weight * torch.rsqrt(variance + self.eps)
        normalized: Tensor = centred * scale[None, :, None, None] + self.bias[None, :, None, None]
        return normalized.to(input.dtype)


def synchronize(network: nn.Module, device: torch.device) -> None:
    """Every BatchNorm2d of a network becomes one over all processes, in place; on CUDA PyTorch's own."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.BatchNorm2d:
                if device.type == "cuda":
                    new: nn.Module = nn.SyncBatchNorm.convert_sync_batchnorm(child)
                else:
                    new = SynchronizedBatchNorm(child.num_features, child.eps, child.momentum or 0.1)
                    new.load_state_dict(child.state_dict())
                    new.to(device)
                setattr(parent, name, new)
