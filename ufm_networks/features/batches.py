"""Batches of a data set on the device: bytes gathered by index, normalized there."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.support.memory import available_memory
from ufm_networks.datasets.images import ArrayImages, in_memory
from ufm_networks.datasets.task_data import TaskData

Index = NDArray[np.int64]
RESIDENT_SHARE = 0.25  # of the memory that is free may hold the decoded images; other images are read when asked for
READERS = 4  # threads that decode images which are not in memory


def epoch_batches(samples: int, batch_size: int, seed: int, epoch: int) -> list[Index]:
    """⌈N / batch_size⌉ parts, of sizes at most one apart, of a permutation that (seed, epoch) alone decides."""
    order = np.random.default_rng((seed, epoch)).permutation(samples)
    return np.array_split(order, -(-samples // batch_size))


def plain_batches(samples: int, batch_size: int) -> list[Index]:
    """All samples in order."""
    return np.array_split(np.arange(samples), -(-samples // batch_size))


class DeviceBatches:
    """Images of a data set as float32 (n, C, H, W) on a device, (x / 255 − mean) / std, and labels beside them.

    Images that fit into a quarter of the free memory are decoded once and kept as bytes, on the device if they fit
    there; others are decoded ahead by threads.
    """

    def __init__(self, data: TaskData, device: torch.device, *, channels_last: bool) -> None:
        self.data, self.device = data, device
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.labels = torch.from_numpy(data.labels).to(device)
        shape = (1, len(data.mean), 1, 1)
        self.shift = torch.tensor(data.mean, device=device, dtype=torch.float32).view(shape) * 255.0
        self.scale = 1.0 / (255.0 * torch.tensor(data.std, device=device, dtype=torch.float32).view(shape))
        self.kept: Tensor | None = None
        size = len(data.images) * int(np.prod(data.images.shape))
        if isinstance(data.images, ArrayImages) or size <= RESIDENT_SHARE * available_memory("cpu"):
            whole = torch.from_numpy(np.ascontiguousarray(in_memory(data.images).array))
            fits = device.type != "cpu" and size <= RESIDENT_SHARE * available_memory(device)
            self.kept = whole.to(device) if fits else whole

    def __call__(self, parts: Iterable[Index]) -> Iterator[tuple[Tensor, Tensor, Index]]:
        """(images, labels, sample numbers) of each index array, in order."""
        for index, raw in self._read(parts):
            images = raw.to(self.device, non_blocking=True).to(torch.float32)
            images = images.sub_(self.shift).mul_(self.scale).contiguous(memory_format=self.format)
            rows = torch.from_numpy(index).to(self.device, non_blocking=True)
            yield images, self.labels.index_select(0, rows), index

    def _read(self, parts: Iterable[Index]) -> Iterator[tuple[Index, Tensor]]:
        if self.kept is not None:
            for index in parts:
                yield index, self.kept.index_select(0, torch.from_numpy(index).to(self.kept.device))
            return
        ahead: deque[tuple[Index, Future[Tensor]]] = deque()
        readers = min(READERS, os.cpu_count() or 1)
        with ThreadPoolExecutor(readers) as pool:
            try:
                for index in parts:
                    ahead.append((index, pool.submit(self._decode, index)))
                    if len(ahead) > 2 * readers:
                        first, future = ahead.popleft()
                        yield first, future.result()
                while ahead:
                    first, future = ahead.popleft()
                    yield first, future.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _decode(self, index: Index) -> Tensor:
        raw = torch.from_numpy(self.data.images[index])
        return raw.pin_memory() if self.device.type == "cuda" else raw
