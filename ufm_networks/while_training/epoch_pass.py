"""A pass over a loader in evaluation mode, whose sums are those of all processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ufm.support import validation
from ufm_networks.observing.all_processes import together
from ufm_networks.observing.batch_labels import Int, label_table
from ufm_networks.observing.process_share import processes_of
from ufm_networks.observing.samples import Samples, pooling, unpacking
from ufm_networks.observing.watching import unwrapped, watching
from ufm_networks.while_training.current_heads import current_heads
from ufm_networks.while_training.metrics_of_sums import Told, metrics_of_sums
from ufm_networks.while_training.running_sums import Layout
from ufm_networks.while_training.stratified import Stratified, in_order, require_map_style, stratified


class EpochPass:
    """The current metrics of a model over a loader, or over a fixed subset of its data set.

    Arguments as ``CollapseLog``.
    """

    def __init__(
        self,
        model: nn.Module,
        loader: Any,
        heads: Any,
        *,
        samples: int | None = None,
        seed: int = 0,
        covariance: bool = True,
        pool: Any = None,
        unpack: Callable[[Any], Any] | None = None,
        missing: int = -1,
    ) -> None:
        if not isinstance(model, nn.Module):
            raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
        self.model, self.loader = unwrapped(model), loader
        self.heads = current_heads(heads, self.model)
        self.pool, self.unpack = pooling(pool), unpacking(len(self.heads.names)) if unpack is None else unpack
        self.missing = validation.whole_number("missing", missing, -(2**63), 2**63 - 1)
        if 0 <= self.missing < max(self.heads.classes):
            raise ValueError(f"missing={missing} is a class of a head; use an integer that is not a class, such as -1")
        self.layout = Layout(self.heads.classes, self.heads.dim, covariance)
        self.layout.require_room()
        self.samples = None if samples is None else validation.whole_number("samples", samples, 1, 2**63 - 1)
        self.seed = validation.whole_number("seed", seed, 0, 2**63 - 1)
        self.subset: Stratified | None = None
        if self.samples is not None:
            require_map_style(loader)

    def __call__(self) -> Told:
        """Raises as ``ufm_networks.observe`` does of its first pass."""
        with _same_draws(self.loader):
            return self._told()

    def _told(self) -> Told:
        processes = processes_of(self.loader)
        loader = self.loader
        if self.samples is not None:
            if self.subset is None:
                self.subset = stratified(self._labels(), self.samples, self.seed)
            rank, world = (processes.rank, processes.world) if processes is not None else (0, 1)
            loader = in_order(self.loader, self.subset.numbers, rank, world)
        vector = together(lambda: self._sums(loader), processes)
        if processes is not None:
            # messages are on the device of the process group's own kind
            vector = self.layout.merged(torch.stack(processes.gather(vector.to(processes.device)))).to(vector.device)
        if self.subset is not None:
            vector = self.subset.weighed(self.layout, vector)
        return metrics_of_sums(self.layout, vector, self.heads)

    def _sums(self, loader: Any) -> Tensor:
        home = next(iter(self.heads.modules.values())).weight.device
        place = torch.device("cpu") if home.type == "mps" else home  # float64 is not everywhere
        vector = self.layout.zeros(place)
        with watching(self.model, self.heads) as entering:
            batches = Samples(self.model, self.heads, loader, entering, home, self.unpack, self.pool, self.missing)
            for h, labels in batches():
                self.layout.add(vector, h.to(place), torch.from_numpy(labels).to(place))
        return vector

    def _labels(self) -> Int:
        """(N, T) of the data set, in its order, which is gone through once for them."""
        parts = []
        for number, batch in enumerate(in_order(self.loader)):
            where = f"batch {number}"
            _, given = self.unpack(batch)
            parts.append(label_table(given, self.heads.names, self.heads.classes, self.missing, where))
        if not parts:
            raise ValueError("the data set of the loader is empty")
        return np.concatenate(parts)


@contextmanager
def _same_draws(loader: Any) -> Iterator[None]:
    """Restores random states, so that later draws, such as the next epoch's order, are as without the pass."""
    batches = getattr(loader, "batch_sampler", None)
    drawing = (loader, getattr(loader, "sampler", None), batches, getattr(batches, "sampler", None))
    generators = [getattr(part, "generator", None) for part in drawing]
    states = [(own, own.get_state()) for own in generators if isinstance(own, torch.Generator)]
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            for own, state in states:
                own.set_state(state)
