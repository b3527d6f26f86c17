"""Features, labels and heads in a file, observed like a model over a loader; features are read block by block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ufm.support import display, validation
from ufm_networks.not_finite import NotFiniteError
from ufm_networks.observing.batch_labels import NONE, Int
from ufm_networks.observing.observation import Observation
from ufm_networks.observing.observe import observe
from ufm_networks.observing.stored_arrays import Stored, stored_arrays
from ufm_networks.observing.stored_roles import Roles, roles_of

BLOCK = 2**20  # numbers of features in memory at a time


@dataclass(frozen=True, eq=False)
class StoredPoint(display.Summarized):
    """Arrays by role; labels (N, T) checked, −1 where a task has no label."""

    path: Path
    roles: Roles
    labels: Int

    def observe(self) -> Observation:
        """In two passes over the file. Raises NotFiniteError, naming the sample, if features are not finite."""
        model = _Heads(self.roles)
        heads = {head.task: layer for head, layer in zip(self.roles.heads, model.layers, strict=True)}
        return observe(model, _Rows(self.roles.features, self.labels), heads)

    def to_dict(self) -> dict[str, Any]:
        """What was read, JSON-ready."""
        features = self.roles.features
        return {
            "file": self.path.name,
            "features": {"array": features.name, "shape": list(features.shape), "dtype": features.dtype},
            "tasks": [
                {
                    "name": head.task,
                    "classes": head.classes,
                    "weight": head.weight.name,
                    "bias": None if head.bias is None else head.bias.name,
                    "counts": self._counts(t).tolist(),
                    "unlabelled": int((self.labels[:, t] == NONE).sum()),
                }
                for t, head in enumerate(self.roles.heads)
            ],
            "left": list(self.roles.left),
        }

    def _counts(self, t: int) -> Int:
        own = self.labels[:, t]
        return np.bincount(own[own != NONE], minlength=self.roles.heads[t].classes)

    def _summary(self) -> display.Summary:
        features, heads = self.roles.features, self.roles.heads
        N, d = features.shape
        rows = [("file", str(self.path)), (features.name, f"N = {N:,}, d = {d:,}, {features.dtype}")]
        for t, head in enumerate(heads):
            name = f"task {t + 1}" if head.task == f"task {t + 1}" else f"task {t + 1}, {head.task}"
            rows.append((name, self._told(t)))
        if self.roles.left:
            rows.append(("left alone", ", ".join(self.roles.left[:20]) + ", …" * (len(self.roles.left) > 20)))
        return display.Summary("Point read", rows)

    def _told(self, t: int) -> str:
        head, counts = self.roles.heads[t], self._counts(t)
        arrays = head.weight.name + (", no bias" if head.bias is None else f", {head.bias.name}")
        parts = [f"K = {head.classes}, {arrays}", f"{_range(counts)} samples a class"]
        if empty := int((counts == 0).sum()):
            parts.append(f"{empty:,} classes without samples" if empty > 1 else "a class without samples")
        if none := len(self.labels) - int(counts.sum()):
            parts.append(f"{none:,} without a label")
        return "; ".join(parts)


def stored_point(path: Path, heads: Sequence[str] = ()) -> StoredPoint:
    """Opens an .npz or .safetensors file of any program; its features stay in the file.

    heads   names of heads to read, in the order of the labels' columns; all unless given
    Raises FileNotFoundError or ValueError naming the array: missing, unknown, transposed, of other sizes, labels out of
    range.
    """
    roles = roles_of(stored_arrays(path), heads)
    labels = validation.label_array("labels", roles.labels.whole(), len(roles.heads))
    for t, head in enumerate(roles.heads):
        wrong = np.flatnonzero((labels[:, t] < NONE) | (labels[:, t] >= head.classes))
        if len(wrong):
            i = int(wrong[0])
            raise ValueError(
                f"{path.name}: labels[{i}, {t}] = {labels[i, t]} is outside head {head.task!r}'s classes 0 … "
                f"{head.classes - 1} ({len(wrong):,} such samples); labels count from 0, and −1 is no label"
            )
    without = np.flatnonzero((labels == NONE).all(axis=1))
    if len(without):
        raise ValueError(
            f"{path.name}: sample {without[0]} has no label in any task, nor have {len(without) - 1:,} others; leave "
            "such rows out of features and labels"
        )
    return StoredPoint(path, roles, labels)


def _range(counts: Int) -> str:
    least, most = int(counts.min()), int(counts.max())
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"


class _Rows:
    """A loader of blocks of features with their labels, which restarts in every loop."""

    def __init__(self, features: Stored, labels: Int) -> None:
        self.features, self.labels = features, labels

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        start = 0
        for h in self.features.blocks(max(1, BLOCK // self.features.shape[1])):
            finite = torch.isfinite(h).all(dim=1)
            if not bool(finite.all()):
                wrong, rows = int(torch.nonzero(~finite)[0, 0]), int((~finite).sum())
                raise NotFiniteError(
                    f"{self.features.name}[{start + wrong}] is not finite, the first of {rows:,} such rows among "
                    f"{start:,} … {start + len(h) - 1:,}; as after training that has diverged, or where a format "
                    "overflows"
                )
            yield h, torch.from_numpy(self.labels[start : start + len(h)])
            start += len(h)


class _Heads(nn.Module):
    """Heads of which only the input is needed, so that none computes logits."""

    def __init__(self, roles: Roles) -> None:
        super().__init__()
        layers = []
        for head in roles.heads:
            weight = torch.from_numpy(head.weight.whole().astype(np.float64))
            weight = weight.T.contiguous() if head.by_columns else weight
            layer = nn.Linear(1, 1, bias=head.bias is not None, device="meta")
            layer.forward = lambda input: input  # type: ignore[method-assign]
            layer.weight = nn.Parameter(weight)
            layer.out_features, layer.in_features = weight.shape
            if head.bias is not None:
                layer.bias = nn.Parameter(torch.from_numpy(head.bias.whole().astype(np.float64)))
            layers.append(layer)
        self.layers = nn.ModuleList(layers)

    def forward(self, h: Tensor) -> None:
        for layer in self.layers:
            layer(h)
