"""Solutions as files: safetensors for the arrays, JSON in the header for the rest, a SHA-256 over both.

Nothing is unpickled and nothing trusted: shapes, kinds and ranges are checked against the problem. Here a solution is
a dict of its fields by name, as ``ufm.Solution`` lists them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from reprlib import repr as short
from typing import Any, assert_never, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses import LOSSES
from ufm.outcome import Outcome
from ufm.point_checks import check_heads, check_point
from ufm.problems.any_problem import Problem
from ufm.problems.label_sets import indicator_array
from ufm.problems.multi_label import MultiLabel
from ufm.problems.multi_source import MultiSource
from ufm.problems.problem_settings import Source
from ufm.problems.regression import Regression
from ufm.problems.single_source import SingleSource
from ufm.problems.soft_labels import SoftLabels
from ufm.problems.targeted import Targeted
from ufm.support import validation
from ufm.support.checked_record import read_record
from ufm.support.checked_tensors import save_checked
from ufm.support.public_fields import require_known, task_losses
from ufm.support.strict_json import plain, restored
from ufm.support.writable import require_target

FORMAT = "ufm-solution-2"
logger = logging.getLogger(__name__)


def write_fields(solution: Mapping[str, Any], path: str | Path) -> None:
    """Writes the file whole or not at all (``whole_file``). Raises ValueError for what ``read_fields`` would refuse."""
    require_target(path, example="solution.safetensors")
    problem = solution["problem"]
    task_losses(problem, tuple(LOSSES), "a solution's file")
    require_known(problem, FIELDS, "a solution's file")
    validation.one_of("source", problem.source, get_args(Source))
    check_point(problem, *(solution[name] for name in ("W", "b", "H", "labels", "counts")))
    tensors: dict[str, Tensor] = {}
    for t, (W, b) in enumerate(zip(solution["W"], solution["b"], strict=True)):
        tensors[f"W.{t}"], tensors[f"b.{t}"] = W, b
    for name in ("H", "labels", "counts"):
        _put(tensors, name, solution[name])
    _put(tensors, "problem.labels", problem.labels)
    _put(tensors, "problem.counts", problem.counts)
    if isinstance(problem, Targeted):
        _put(tensors, "problem.targets", problem.targets)
    header = {
        "problem": {
            "source": problem.source,
            "classes": list(problem.classes),
            "task_weights": problem.task_weights.tolist(),
            **{name: getattr(problem, name) for name in _SETTINGS},
            **{name: names for name in _NAMES if (names := getattr(problem, name, None)) is not None},
        },
        **{name: solution[name] for name in ("outcome", *_KINDS)},
    }
    text = json.dumps(plain(header, named=True), allow_nan=False)
    save_checked(tensors, path, {"format": FORMAT, "ufm": text})


def read_fields(path: str | Path) -> dict[str, Any]:
    """Reads and checks what ``write_fields`` wrote; raises as ``ufm.load``."""
    found = read_record(path, FORMAT, "solution", "ufm", _fields)
    logger.info("read %s", path)
    return found


def _fields(record: dict[str, Any], tensors: dict[str, Tensor]) -> dict[str, Any]:
    classes = validation.class_numbers("classes", record["problem"]["classes"], least=1)
    W, b = ([tensors[f"{name}.{t}"] for t in range(len(classes))] for name in ("W", "b"))
    check_heads(classes, W, b)  # before anything as long as K_t is made: a few bytes can name any number of classes
    problem = _problem(record["problem"], classes, tensors)
    H, labels, counts = (_get(tensors, name, problem) for name in ("H", "labels", "counts"))
    labels, counts = _arrays(labels), _arrays(counts)
    check_point(problem, W, b, H, labels, counts)
    for name, kind in _KINDS.items():
        if not isinstance(restored(record[name]), kind):
            raise TypeError(f"{name} must not be a {type(record[name]).__name__}")
    point = {"W": W, "b": b, "H": H, "labels": labels, "counts": counts}
    settled = {name: restored(record[name]) for name in _KINDS}
    return {"problem": problem, **point, **settled, "outcome": Outcome(record["outcome"])}


_KINDS: dict[str, Any] = {"method": str, "objective": float, "converged": bool, "status": str, "history": (dict, list)}
_KEPT = ("source", "classes", "task_weights")
_SETTINGS = ("lambda_H", "lambda_W", "lambda_b", "reduction", "loss", "label_smoothing")
_NAMES = ("class_names", "task_names")  # where there are any
# what is written, and what follows from it
FIELDS = (
    *(*_KEPT, *_SETTINGS, *_NAMES),
    *("labels", "counts", "targets", "losses", "samples", "multiplicities", "label_sets"),
)


def _problem(record: dict[str, Any], classes: tuple[int, ...], tensors: dict[str, Tensor]) -> Problem:
    _require_kept(record)
    settings = {name: record[name] for name in _SETTINGS if name in record or name != "loss"}  # older files have none
    source: Source = record["source"]
    match source:
        case "multi":
            pairs = [_columns(tensors, f".{t}", 1) for t in range(len(classes))]
            rows, numbers = [y for y, _ in pairs], [n for _, n in pairs]
            return MultiSource._from_columns(classes, rows, numbers, task_weights=record["task_weights"], **settings)
        case "single":
            labels, counts = _columns(tensors, "", len(classes))
            weights = record["task_weights"]
            problem = SingleSource._from_columns(classes, labels, counts, task_weights=weights, **settings)
            problem._name(*(record.get(name) for name in _NAMES))
            return problem
        case "multilabel":
            indicators, counts = _columns(tensors, "", *classes)
            return MultiLabel._from_columns(indicator_array("problem.labels", indicators), counts, **settings)
        case "soft" | "regression":
            kind = SoftLabels if source == "soft" else Regression
            return _targeted(kind, classes, tensors, {"task_weights": record["task_weights"], **settings})
        case _:
            assert_never(source)


def _targeted(
    kind: type[SoftLabels | Regression], classes: tuple[int, ...], tensors: dict[str, Tensor], settings: dict[str, Any]
) -> Problem:
    labels, counts = _columns(tensors, "", 1)
    if (labels[:, 0] != np.arange(len(labels))).any():
        raise ValueError("problem.labels must be the columns' numbers 0, 1, …")
    targets = validation.real_rows("problem.targets", tensors["problem.targets"].numpy())
    if targets.shape != (len(counts), sum(classes)):
        raise ValueError(f"problem.targets must have shape {(len(counts), sum(classes))}, got {targets.shape}")
    problem = kind._from_columns(classes, targets, counts, **settings)
    if len(problem.counts) != len(counts):
        raise ValueError("problem.targets has a row twice, or one of no sample")
    return problem


def _columns(tensors: dict[str, Tensor], of: str, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    labels = validation.label_array(f"problem.labels{of}", tensors[f"problem.labels{of}"].numpy(), width)
    counts = validation.count_array(f"problem.counts{of}", tensors[f"problem.counts{of}"].numpy())
    if counts.shape != (len(labels),):
        raise ValueError(f"problem.counts{of} must have shape ({len(labels)},), got {counts.shape}")
    return labels, counts


def _require_kept(header: dict[str, Any]) -> None:
    """Raises ValueError if the file is of a model that this version does not know."""
    known = {*_KEPT, *_SETTINGS, *(_NAMES if header.get("source") == "single" else ())}
    for name in sorted(header.keys() - known):
        raise ValueError(f"its problem has {name}={short(header[name])}, a field that this version does not know")
    validation.one_of("source", header["source"], get_args(Source))


def _put(tensors: dict[str, Tensor], name: str, value: Any) -> None:
    if isinstance(value, (list, tuple)):
        tensors.update({f"{name}.{t}": torch.as_tensor(part) for t, part in enumerate(value)})
    else:
        tensors[name] = torch.as_tensor(value)


def _get(tensors: dict[str, Tensor], name: str, problem: Problem) -> Any:
    if isinstance(problem, MultiSource):
        return [tensors[f"{name}.{t}"] for t in range(len(problem.classes))]
    return tensors[name]


def _arrays(value: Any) -> Any:
    return tuple(part.numpy() for part in value) if isinstance(value, list) else value.numpy()
