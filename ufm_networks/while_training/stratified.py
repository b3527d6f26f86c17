"""A fixed subset of a data set, with every label tuple in its proportion, and what it tells of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler, Subset

from ufm_networks.observing.batch_labels import NONE, Int
from ufm_networks.while_training.running_sums import Layout


@dataclass(frozen=True)
class Stratified:
    """numbers (n,) of the samples chosen, ascending; tuples (m, T) that occur, and of_tuple (m,), how many in all."""

    numbers: Int
    tuples: Int
    of_tuple: Int

    def weighed(self, layout: Layout, vector: Tensor) -> Tensor:
        """The sums of the subset as an estimate of those of all samples.

        Of label tuple l with N_l samples, n_l of them chosen: the count becomes N_l, the mean stays, and the spread
        becomes S_l (N_l − 1) / (n_l − 1), whose expectation over subsets is that of all N_l. The scatter matrix is
        scaled as its trace.
        """
        whole = vector.clone()
        sums = layout.parts(whole)
        group = torch.from_numpy((self.tuples + 1) @ np.array(layout.steps)).to(whole.device)
        there, all_ = sums.count[group], torch.from_numpy(self.of_tuple).to(whole)
        before = sums.spread.clone()
        sums.count[group] = all_
        sums.spread[group] *= (all_ - 1) / (there - 1).clamp(min=1)
        for t, scatter in enumerate(sums.scatter):
            own = group[torch.from_numpy(self.tuples[:, t] != NONE).to(group.device)]
            scatter *= sums.spread[own].sum() / before[own].sum().clamp(min=torch.finfo(torch.float64).tiny)
        return whole


def stratified(labels: Int, samples: int, seed: int) -> Stratified:
    """Of labels (N, T): two of every label tuple, or the one there is; the others by proportion, drawn by the seed.

    A sample without any label is not drawn. Raises ValueError if ``samples`` does not reach for two of every label
    tuple.
    """
    labelled = np.flatnonzero((labels != NONE).any(axis=1))
    tuples, index, counts = np.unique(labels[labelled], axis=0, return_inverse=True, return_counts=True)
    least = np.minimum(counts, 2)
    if samples < least.sum():
        raise ValueError(
            f"samples={samples} is too few for {len(tuples)} label tuples; two of each, at least {least.sum()}, tell "
            "how much their features vary"
        )
    chosen = _proportional(counts, least, min(samples, len(labelled)))
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(labelled))
    order = shuffled[np.argsort(index.reshape(-1)[shuffled], kind="stable")]  # by tuple, in random order within
    starts = np.cumsum(counts) - counts
    numbers = np.concatenate([order[s : s + n] for s, n in zip(starts, chosen, strict=True)])
    return Stratified(np.sort(labelled[numbers]), tuples, counts)


def _proportional(counts: Int, least: Int, samples: int) -> Int:
    """(m,) how many of each: ``least`` where its proportion is below, and of the others by largest remainders."""
    few = np.zeros(len(counts), dtype=np.bool_)
    while True:
        left, all_ = samples - int(least[few].sum()), int(counts[~few].sum())
        quota = np.where(few, least, counts * (left / max(1, all_)))
        below = quota < least
        if not below.any():
            break
        few |= below
    chosen: Int = np.floor(quota).astype(np.int64)
    short = samples - int(chosen.sum())
    chosen[np.argsort(chosen - quota, kind="stable")[:short]] += 1
    return np.minimum(chosen, counts)


class _InOrder(Sampler[int]):
    """Every rank-th sample, without padding."""

    def __init__(self, total: int, rank: int, world: int) -> None:
        self.numbers = range(rank, total, world)

    def __iter__(self) -> Any:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def require_map_style(loader: Any) -> None:
    """Raises TypeError for what has no data set whose samples can be picked."""
    data = getattr(loader, "dataset", None)
    if not isinstance(loader, DataLoader) or not (hasattr(data, "__getitem__") and hasattr(data, "__len__")):
        raise TypeError(
            f"samples= picks samples of a data set by number; it needs a DataLoader over one with __getitem__ and "
            f"__len__, got {type(loader).__name__}"
        )


def in_order(loader: DataLoader[Any], numbers: Int | None = None, rank: int = 0, world: int = 1) -> DataLoader[Any]:
    """A loader as this one of these samples, all by default, in the data set's order; of this process's share."""
    data = loader.dataset if numbers is None else Subset(loader.dataset, numbers.tolist())
    return DataLoader(
        data,
        batch_size=loader.batch_size or getattr(loader.batch_sampler, "batch_size", None) or 128,
        sampler=_InOrder(len(data), rank, world),  # type: ignore[arg-type]
        num_workers=loader.num_workers,
        collate_fn=loader.collate_fn,
        pin_memory=loader.pin_memory,
        worker_init_fn=loader.worker_init_fn,
        multiprocessing_context=loader.multiprocessing_context,
    )
