"""The record of a pass over a loader, whose samples come in any order and without numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ufm_networks.metrics.seen_samples import SEED, rounding_of
from ufm_networks.observing.batch_labels import NONE, Int

DIRECTIONS = 2


class LabelTable:
    """Label tuples (T,) numbered by first occurrence."""

    def __init__(self, tasks: Sequence[str]) -> None:
        self.tasks, self.number = tasks, dict[tuple[int, ...], int]()

    def groups(self, labels: Int) -> Int:
        """(n,) the numbers of labels (n, T)."""
        rows, inverse = np.unique(labels, axis=0, return_inverse=True)
        known = [self.number.setdefault(tuple(row), len(self.number)) for row in rows.tolist()]
        return np.array(known, dtype=np.int64)[inverse.reshape(-1)]

    def rows(self) -> Int:
        """(m, T)."""
        return np.array(list(self.number), dtype=np.int64).reshape(len(self.number), len(self.tasks))

    def told(self, group: int) -> str:
        """The label in words."""
        row = list(self.number)[group]
        return ", ".join(f"{task}={k}" for task, k in zip(self.tasks, row, strict=True) if k != NONE)


class Shown:
    """Labels and sketches of one pass; once it is settled, counts (m,) and sketches (N, 2) in the order of groups.

        sketch_i = R h_i,  R (2, d) of independent N(0, 1)

    Two passes show the same samples where, label by label, they show as many, and the sorted sketches agree: sorting
    changes no largest difference, so that rounding stays as small as it is in each feature.
    """

    def __init__(self, dim: int, device: torch.device) -> None:
        own = torch.Generator().manual_seed(SEED)
        self.R = torch.randn(dim, DIRECTIONS, generator=own, dtype=torch.float64).to(device)
        self.samples, self.rounding = 0, 0.0
        self._groups: list[np.ndarray] = []
        self._sketches: list[Tensor] = []

    def add(self, h: Tensor, groups: Int) -> None:
        """Features (n, d) in float64."""
        if not self.samples:
            self.rounding = rounding_of(h)
        sketch = h @ self.R  # stays where it is: a copy would wait for the device in every batch
        self.samples += len(h)
        self._groups.append(groups.astype(np.min_scalar_type(int(groups.max()))))
        # rounding of float32 is far below what is allowed of features that are no finer
        self._sketches.append(sketch.float() if self.rounding > torch.finfo(torch.float64).eps else sketch)

    def rename(self, number: Int) -> None:
        """Group g becomes ``number[g]``."""
        self._groups = [number[groups].astype(np.int32) for groups in self._groups]

    def settle(self) -> None:
        """After the last batch: sketches sorted within their groups, of which the sizes are kept."""
        groups = np.concatenate([np.zeros(0, dtype=np.int64), *self._groups])
        none = torch.zeros(0, DIRECTIONS, device=self.R.device)
        sketches = torch.cat([none, *self._sketches]).cpu().numpy()
        self.sketches = np.stack([of[np.lexsort((of, groups))] for of in sketches.T], axis=1)
        self.counts = np.bincount(groups)
        self._groups, self._sketches = [], []


def require_same(first: Shown, second: Shown, table: LabelTable, size: np.ndarray) -> None:
    """Raises ValueError if the second pass differs from the first, naming both.

    size  (m,) what rounding is relative to: the root mean square of ‖h‖ over a label
    """
    second.settle()
    counts_due, counts = (np.pad(of.counts, (0, len(table.number) - len(of.counts))) for of in (first, second))
    if (counts != counts_due).any():
        raise ValueError(_counts(first, second, table, counts, counts_due))
    allowed = max(first.rounding, second.rounding) ** 0.5
    groups, due = np.repeat(np.arange(len(size)), counts_due[: len(size)]), first.sketches.astype(np.float64)
    scale = np.maximum(size[groups, None], np.abs(due))
    change = np.abs(second.sketches - due) / np.where(scale > 0, scale, 1.0)
    unlike = np.flatnonzero(~(change <= allowed).all(axis=1))
    if len(unlike):
        labels, times = np.unique(groups[unlike], return_counts=True)
        raise ValueError(
            f"the second pass over the loader has other features than the first: of {table.told(int(labels[0]))}, "
            f"{times[0]:,} of {counts_due[labels[0]]:,} samples differ, and {len(unlike):,} of {len(groups):,} in "
            f"all; they differ by about {float(change[unlike].max()):.2g} of their size, where rounding explains "
            f"{allowed:.2g}. Either the loader drops samples and doubles others (drop_last, drawing with replacement), "
            "or it augments, or the model is random in evaluation mode"
        )


def _counts(first: Shown, second: Shown, table: LabelTable, counts: Int, due: Int) -> str:
    if not second.samples:
        return (
            f"the second pass over the loader shows no sample, the first {first.samples:,}: an iterator goes through "
            "its samples once. Give a DataLoader, a list of batches or what begins anew in every loop"
        )
    g = int(np.flatnonzero(counts != due)[0])
    more = " or more, after which it was stopped" if second.samples > first.samples else ""
    return (
        f"the second pass over the loader shows {second.samples:,} samples{more}, and {first.samples:,} were due, "
        f"those of the first: {counts[g]:,} of {table.told(g)} instead of {due[g]:,}. Each pass must show every sample "
        "once, in any order: no drop_last beside shuffle, no padding, no drawing with replacement"
    )
