"""Evaluating a network in training mode without moving its running statistics."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def kept_buffers(network: nn.Module) -> Iterator[None]:
    """Restores the buffers of a module at the end of the context."""
    buffers = list(network.buffers())
    kept = [buffer.clone() for buffer in buffers]
    try:
        yield
    finally:
        with torch.no_grad():
            for buffer, value in zip(buffers, kept, strict=True):
                buffer.copy_(value)
