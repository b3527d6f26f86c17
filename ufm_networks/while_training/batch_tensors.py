"""A batch as tensors, checked without waiting for the device, and the checks that need the device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from ufm.support.nearest_name import unknown_name
from ufm_networks.not_finite import NotFiniteError

NEVER = 2**62  # the number of the first batch that is wrong, where none is


def label_columns(labels: Any, tasks: Sequence[str], device: torch.device) -> Tensor:
    """(n, T) int64 on the device, of labels (n, T), (n,) of one task, T vectors, or a dict of vectors by task.

    A task that is absent from a dict has no label, −1. Raises TypeError or ValueError for labels of another form.
    """
    if isinstance(labels, Mapping):
        for name in labels:
            if name not in tasks:
                raise unknown_name("labels of task", name, tasks)
        if not labels:
            raise ValueError(f"labels are an empty dict; name a task of {', '.join(tasks)}")
        given = {name: _whole(f"labels[{name!r}]", value, device) for name, value in labels.items()}
        none = torch.full_like(next(iter(given.values())).reshape(-1), -1)
        return _stacked([given.get(name, none) for name in tasks])
    if isinstance(labels, (list, tuple)) and labels and all(getattr(part, "ndim", 0) for part in labels):
        if len(labels) != len(tasks):
            raise ValueError(f"labels are a list of {len(labels)}; heads name {len(tasks)} tasks")
        return _stacked([_whole(f"labels[{t}]", part, device) for t, part in enumerate(labels)])
    table = _whole("labels", labels, device)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or table.shape[1] != len(tasks):
        raise ValueError(
            f"labels have shape {tuple(table.shape)}; heads name {len(tasks)} tasks, so it must be (n, {len(tasks)})"
            + (" or (n,)" if len(tasks) == 1 else f", a list of {len(tasks)} vectors or a dict by task")
        )
    return table


def _whole(name: str, values: Any, device: torch.device) -> Tensor:
    try:
        tensor = torch.as_tensor(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} cannot become a tensor ({error}); labels are integers, classes from 0") from None
    if tensor.is_floating_point() or tensor.is_complex() or tensor.dtype == torch.bool:
        raise TypeError(f"{name} are {tensor.dtype}; labels are integers, classes from 0")
    return tensor.to(device=device, dtype=torch.int64)


def _stacked(columns: list[Tensor]) -> Tensor:
    flat = [column[:, 0] if column.ndim == 2 and column.shape[1] == 1 else column for column in columns]
    if {column.ndim for column in flat} != {1} or len({len(column) for column in flat}) > 1:
        raise ValueError(
            f"labels of the tasks have shapes {[tuple(c.shape) for c in columns]}; each needs one a sample"
        )
    return torch.stack(flat, dim=1)


def feature_rows(features: Any, samples: int, dim: int) -> Tensor:
    """(n, d) apart from any graph. Raises TypeError or ValueError for anything but such a matrix of real numbers."""
    if not isinstance(features, Tensor) or not features.is_floating_point():
        got = features.dtype if isinstance(features, Tensor) else type(features).__name__
        raise TypeError(f"features must be a tensor of real numbers (n, d), got {got}")
    if features.shape != (samples, dim):
        raise ValueError(
            f"features have shape {tuple(features.shape)} beside {samples} labels; it must be ({samples}, {dim}), what "
            "enters the heads"
        )
    return features.detach()


@lru_cache(maxsize=64)
def constants(values: tuple[int, ...], device: torch.device) -> Tensor:
    """Constants kept on the device, since copying numbers there means waiting for it."""
    return torch.tensor(values, device=device)


def all_finite(h: Tensor) -> Tensor:
    """() whether every entry is; the largest magnitude passes on what is not."""
    largest: Tensor = torch.linalg.vector_norm(h, ord=torch.inf)
    return largest < torch.inf


def known_labels(labels: Tensor, classes: Sequence[int], missing: int) -> tuple[Tensor, Tensor]:
    """Labels with −1 for none, a sample with a label outside its head's classes without any; and () whether one is."""
    if missing != -1:
        labels = torch.where(labels == missing, -1, labels)
    outside = ((labels < -1) | (labels >= constants(tuple(classes), labels.device))).any(dim=1, keepdim=True)
    return labels.masked_fill(outside, -1), outside.any()


def require_right(not_finite: Tensor, outside: Tensor, classes: Sequence[int]) -> None:
    """Raises NotFiniteError or ValueError naming the first faulty batch; this waits for the device."""
    batch = int(not_finite)
    if batch != NEVER:
        raise NotFiniteError(
            f"batch {batch} since the last reset has features that are not finite, as after training that has "
            "diverged, or where a format overflows"
        )
    batch = int(outside)
    if batch != NEVER:
        raise ValueError(
            f"batch {batch} since the last reset has labels outside the heads' classes, 0 … K − 1 with K = "
            f"{', '.join(map(str, classes))}; if an integer stands for no label, pass missing="
        )
