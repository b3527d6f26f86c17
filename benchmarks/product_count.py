"""Counts what a solve multiplies, as the load of a machine that others share does not: in K × K products."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

PRODUCTS = {"mm": 0, "matmul": 0, "bmm": 0, "addmm": 1, "addmm_": 1}  # name, and where its first factor stands
DECOMPOSITIONS = ("svd", "eigh", "eigvalsh", "qr", "cholesky_ex", "cholesky_inverse")


class Counted(TorchDispatchMode):
    """Multiplications of matrix products, and decompositions by name, while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.multiplications = 0
        self.decompositions: dict[str, int] = {}

    def __torch_dispatch__(self, op: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = op.overloadpacket.__name__
        if name in PRODUCTS:
            left, right = args[PRODUCTS[name]], args[PRODUCTS[name] + 1]
            self.multiplications += left.numel() * (right.shape[-1] if right.dim() > 1 else 1)
        short = name.removeprefix("_").removeprefix("linalg_")
        if short in DECOMPOSITIONS:
            self.decompositions[short] = self.decompositions.get(short, 0) + 1
        return op(*args, **(kwargs or {}))


def seconds_of_product(K: int, repeats: int = 5) -> float:
    """The shortest of a few K × K products in float64, in seconds of this process."""
    A = torch.randn(K, K, dtype=torch.float64)
    inner = max(1, int(2e8 / K**3))
    return min(_seconds(lambda: [A @ A for _ in range(inner)]) for _ in range(repeats)) / inner


def _seconds(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
