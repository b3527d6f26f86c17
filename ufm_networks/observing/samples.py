"""The samples of a loader as features and labels, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ufm_networks.not_finite import NotFiniteError
from ufm_networks.observing.batch_labels import NONE, Int, label_table
from ufm_networks.observing.heads import Heads
from ufm_networks.observing.process_share import own_samples
from ufm_networks.observing.watching import Entering


@dataclass(frozen=True)
class Samples:
    """A model over a loader, which may be iterated repeatedly while it is watched.

    unpack  batch → (inputs, labels); pool (n, tokens, d) → (n, d), or None; missing, the integer for no label
    """

    model: nn.Module
    heads: Heads
    loader: Any
    entering: Entering
    device: torch.device
    unpack: Callable[[Any], Any]
    pool: Callable[[Tensor], Tensor] | None
    missing: int

    def __call__(self) -> Iterator[tuple[Tensor, Int]]:
        """Pairs (features (n, d) as the model gives them, labels (n, T)); without a padded sampler's repeats."""
        own, names, seen = own_samples(self.loader), self.heads.names, 0
        for number, batch in enumerate(self.loader):
            where = f"batch {number}"
            inputs, given = _two(self.unpack(batch), where)
            labels = label_table(given, names, self.heads.classes, self.missing, where)
            if not len(labels):
                continue
            features = self._features(inputs, labels, where)
            if own is not None and seen + len(labels) > own:
                kept = max(own - seen, 0)
                features, labels = features[:kept], labels[:kept]
            seen += len(labels)
            if len(labels):
                yield features, labels
            del features

    def _features(self, inputs: Any, labels: Int, where: str) -> Tensor:
        self.entering.clear()
        _forward(self.model, moved(inputs, self.device))
        self.entering.require_untouched(where)
        if self.entering.again is not None:
            raise ValueError(
                f"{where}: head {self.entering.again!r} ran twice in one forward pass, so a sample has two features"
            )
        shown = {task: self._pooled(task, h, len(labels), where) for task, h in self.entering.seen.items()}
        for t, task in enumerate(self.heads.names):
            if task not in shown and (labels[:, t] != NONE).any():
                raise ValueError(
                    f"{where}: head {task!r} ({self.heads.dotted[t]}) did not run in the model's forward pass, and its "
                    "task has labels there; is it called otherwise than by head(features)?"
                )
        features = self._joined(shown, labels, where)
        finite = torch.isfinite(features).all(dim=1)
        if not bool(finite.all()):
            wrong = int(torch.nonzero(~finite)[0, 0])
            raise NotFiniteError(
                f"{where}: {int((~finite).sum())} of {len(labels)} samples have features that are not finite, the "
                f"first is sample {wrong}; as after training that has diverged, or where a format overflows"
            )
        return features

    def _pooled(self, task: str, h: Tensor, samples: int, where: str) -> Tensor:
        if h.ndim < 2:
            raise ValueError(
                f"{where}: what enters head {task!r} has shape {tuple(h.shape)}, without an axis of samples; a model "
                "that squeezes its features loses it in a batch of one"
            )
        if self.pool is not None and h.ndim != 2:
            pooled = self.pool(h)
            if not isinstance(pooled, Tensor) or pooled.shape != (samples, self.heads.dim):
                got = tuple(pooled.shape) if isinstance(pooled, Tensor) else type(pooled).__name__
                raise ValueError(
                    f"{where}: pool gave {got} for features {tuple(h.shape)} of head {task!r}; it must give "
                    f"({samples}, {self.heads.dim})"
                )
            h = pooled
        elif h.ndim != 2:
            raise ValueError(
                f"{where}: what enters head {task!r} has shape {tuple(h.shape)}, more than one feature a sample; say "
                'how a sample\'s is made of them: pool="mean", "first", "last" or a function (n, tokens, d) → (n, d)'
            )
        if len(h) != samples:
            raise ValueError(f"{where}: {len(h)} features enter head {task!r}, and the batch has {samples} labels")
        return h

    def _joined(self, shown: Mapping[str, Tensor], labels: Int, where: str) -> Tensor:
        """The features that all heads read; or, of samples with one label each, those that its own head reads."""
        tasks = list(shown)
        first = shown[tasks[0]]
        unlike = next((task for task in tasks[1:] if not _same(first, shown[task])), None)
        if unlike is None:
            return first
        present = labels != NONE
        if (present.sum(axis=1) != 1).any():
            raise ValueError(
                f"{where}: heads {tasks[0]!r} and {unlike!r} read different features of the same samples. The model "
                "has one feature a sample that all heads read; name heads that share their input, or give every sample "
                "a label in one task only"
            )
        own, features = present.argmax(axis=1), torch.empty_like(first)
        for t, task in enumerate(self.heads.names):
            if task in shown:
                rows = torch.from_numpy(np.flatnonzero(own == t)).to(first.device)
                features[rows] = shown[task][rows].to(first.dtype)
        return features


def pooling(pool: Any) -> Callable[[Tensor], Tensor] | None:
    """The function of "mean", "first" or "last" over tokens, or the function that was given."""
    named: dict[str, Callable[[Tensor], Tensor]] = {
        "mean": lambda h: h.flatten(1, -2).mean(dim=1),
        "first": lambda h: h.flatten(1, -2)[:, 0],
        "last": lambda h: h.flatten(1, -2)[:, -1],
    }
    if pool is None:
        return None
    if isinstance(pool, str) and pool in named:
        return named[pool]
    if not callable(pool):
        raise ValueError(f'pool={pool!r} must be "mean", "first", "last" or a function (n, tokens, d) → (n, d)')
    function: Callable[[Tensor], Tensor] = pool
    return function


def unpacking(tasks: int) -> Callable[[Any], Any]:
    """Batches (inputs, labels), or (inputs, labels of task 1, …, labels of task T)."""

    def unpack(batch: Any) -> Any:
        if isinstance(batch, (list, tuple)) and len(batch) == 2:
            return batch
        if isinstance(batch, (list, tuple)) and len(batch) == 1 + tasks:
            return batch[0], list(batch[1:])
        holds = f"keys {', '.join(map(repr, batch))}" if isinstance(batch, Mapping) else type(batch).__name__
        if isinstance(batch, (list, tuple)):
            holds = f"{len(batch)} entries"
        raise ValueError(
            f"a batch of the loader has {holds}, which is not (inputs, labels); say what is what, as "
            'unpack=lambda batch: (batch["image"], batch["label"]). A dict of inputs goes to the model by name'
        )

    return unpack


def moved(inputs: Any, device: torch.device) -> Any:
    """Tensors within tuples, lists and dicts on the device."""
    if isinstance(inputs, Tensor):
        return inputs.to(device)
    if isinstance(inputs, Mapping):
        return {key: moved(value, device) for key, value in inputs.items()}
    if isinstance(inputs, (list, tuple)):
        return tuple(moved(value, device) for value in inputs)
    return inputs


def _forward(model: nn.Module, inputs: Any) -> None:
    if isinstance(inputs, Mapping):
        model(**inputs)
    elif isinstance(inputs, tuple):
        model(*inputs)
    else:
        model(inputs)


def _two(unpacked: Any, where: str) -> tuple[Any, Any]:
    if not isinstance(unpacked, (list, tuple)) or len(unpacked) != 2:
        raise ValueError(f"{where}: unpack must give (inputs, labels), got {type(unpacked).__name__}")
    return unpacked[0], unpacked[1]


def _same(a: Tensor, b: Tensor) -> bool:
    if a.data_ptr() == b.data_ptr() and a.shape == b.shape and a.stride() == b.stride():
        return True
    return a.shape == b.shape and bool(torch.equal(a, b))
