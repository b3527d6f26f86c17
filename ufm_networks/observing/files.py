"""Observations as files: safetensors for the arrays, JSON in its header for the rest, a SHA-256 over both.

Here an observation is a dict of its fields by name. On reading, shapes, ranges and names are checked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses import LOSSES
from ufm.support import validation
from ufm.support.checked_record import read_record
from ufm.support.checked_tensors import save_checked
from ufm.support.strict_json import plain, restored
from ufm.support.writable import require_target
from ufm_networks.observing.batch_labels import NONE
from ufm_networks.observing.model_of_labels import label_problem, ordered_labels
from verify._metrics import Metrics

FORMAT = "ufm-observation-1"
_ARRAYS = ("labels", "counts", "means", "spread")


def write_fields(fields: Mapping[str, Any], path: str | Path) -> None:
    """Writes the file whole or not at all."""
    require_target(path, example="observation.safetensors")
    tensors = {name: torch.from_numpy(fields[name]) for name in _ARRAYS}
    for t, (w, v) in enumerate(zip(fields["W"], fields["b"], strict=True)):
        tensors[f"W.{t}"] = torch.from_numpy(w)
        if v is not None:
            tensors[f"b.{t}"] = torch.from_numpy(v)
    for loss, sums in fields["losses"].items():
        tensors[f"losses.{loss}"] = torch.from_numpy(sums)
    header = {name: fields[name] for name in ("tasks", "heads", "nonnegative")}
    header |= {"metrics": dict(fields["measured"]), "reasons": fields["measured"].reasons}
    text = json.dumps(plain(header, named=True), allow_nan=False)
    save_checked(tensors, path, {"format": FORMAT, "observation": text})


def read_fields(path: str | Path) -> dict[str, Any]:
    """Reads what ``write_fields`` wrote. Raises TypeError, FileNotFoundError or ValueError naming the path."""
    return read_record(path, FORMAT, "saved observation", "observation", _fields)


def _fields(record: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    tasks, heads = (tuple(_names(name, record[name])) for name in ("tasks", "heads"))
    W = [_real(tensors, f"W.{t}", 2) for t in range(len(tasks))]
    b = [_real(tensors, f"b.{t}", 1) if f"b.{t}" in tensors else None for t in range(len(tasks))]
    labels = validation.label_array("labels", tensors["labels"].numpy(), len(tasks))
    counts = validation.count_array("counts", tensors["counts"].numpy())
    means, spread = _real(tensors, "means", 2), _real(tensors, "spread", 1)
    losses = {loss: _real(tensors, f"losses.{loss}", 1) for loss in LOSSES}
    if not tasks or len(heads) != len(tasks) or len(set(tasks)) != len(tasks):
        raise ValueError(f"tasks {tasks} and heads {heads} must be as many, and tasks distinct")
    shapes = {
        "counts": (counts.shape, (len(labels),)),
        "means": (means.shape, (W[0].shape[1], len(labels))),
        "spread": (spread.shape, (len(labels),)),
        **{f"losses.{name}": (of.shape, (len(tasks),)) for name, of in losses.items()},
        **{f"W.{t}": (w.shape, (len(w), W[0].shape[1])) for t, w in enumerate(W)},
        **{f"b.{t}": (v.shape, (len(w),)) for t, (w, v) in enumerate(zip(W, b, strict=True)) if v is not None},
    }
    for name, (found, due) in shapes.items():
        if found != due:
            raise ValueError(f"{name} must have shape {due}, got {found}")
    if counts.min() < 1 or spread.min() < 0:
        raise ValueError("counts must be ≥ 1 and spread ≥ 0")
    classes = tuple(len(w) for w in W)
    validation.check_range("labels", labels, classes, NONE)
    if (ordered_labels(labels) != np.arange(len(labels))).any() or len(np.unique(labels, axis=0)) != len(labels):
        raise ValueError("labels must be in order, each label tuple once")
    label_problem(labels, counts, classes, tasks, lambda_H=1.0, lambda_W=1.0, lambda_b=1.0)
    if not isinstance(record["nonnegative"], bool):
        raise TypeError("nonnegative must be true or false")
    metrics = {str(name): float(value) for name, value in restored(record["metrics"]).items()}
    reasons = {str(name): str(why) for name, why in record["reasons"].items()}
    return {
        "tasks": tasks,
        "heads": heads,
        "W": W,
        "b": b,
        "labels": labels,
        "counts": counts,
        "means": means,
        "spread": spread,
        "losses": losses,
        "nonnegative": record["nonnegative"],
        "measured": Metrics(metrics, reasons),
    }


def _names(name: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise TypeError(f"{name} must be a list of names")
    return value


def _real(tensors: dict[str, Tensor], name: str, axes: int) -> NDArray[np.float64]:
    array = tensors[name].numpy()
    if array.dtype != np.float64 or array.ndim != axes or not array.size or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite float64 with {axes} axes, got {array.dtype} {array.shape}")
    return np.asarray(array)
