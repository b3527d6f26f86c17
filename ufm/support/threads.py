"""One thread for small matrices: handing work to a pool costs more than their products, above all on a busy machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

SMALL_PRODUCT = 20_000_000  # multiplications in one matrix product


@contextmanager
def threads_for(multiplications: int) -> Iterator[None]:
    """Limits PyTorch to one thread inside the context if products are small, and restores the number afterwards."""
    before = torch.get_num_threads()
    if multiplications >= SMALL_PRODUCT or before == 1:
        yield
        return
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread for PyTorch and for NumPy's matrix products inside: no number depends on how many cores there are."""
    from threadpoolctl import threadpool_limits

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        torch.set_num_threads(before)
