"""Errors that all processes must learn of, or the others would wait for the failed one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch
from torch import Tensor

from ufm_networks.observing.batch_labels import Int
from ufm_networks.training.processes import Processes

Done = TypeVar("Done")


def together(work: Callable[[], Done], processes: Processes | None) -> Done:
    """Returns the result of the work; if one process fails, all raise, or the others would wait for it."""
    try:
        done = work()
    except Exception as error:
        _agree(error, processes)
        raise
    _agree(None, processes)
    return done


def guarded(pairs: Iterator[tuple[Tensor, Int]], processes: Processes | None) -> Iterator[tuple[Tensor, Int]]:
    """Yields the pairs, with errors raised as in ``together``."""
    failed: Exception | None = None
    try:
        yield from pairs
    except Exception as error:
        failed = error
    _agree(failed, processes)


def _agree(failed: Exception | None, processes: Processes | None) -> None:
    ranks: list[int] = []
    if processes is not None:
        flags = processes.gather(torch.tensor(int(failed is not None), device=processes.device))
        ranks = [rank for rank, flag in enumerate(flags) if flag]
    if failed is not None:
        raise failed
    if ranks:
        raise RuntimeError(f"the pass over the loader failed in process {ranks[0]}, whose error says why")
