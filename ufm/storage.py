"""Solutions as files: safetensors for the arrays, JSON in its header for the rest; nothing is unpickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ufm.problems.label_sets import indicator_array
from ufm.problems.multi_label import MultiLabel
from ufm.problems.multi_source import MultiSource
from ufm.problems.single_source import SingleSource
from ufm.solution import Problem, Solution
from ufm.support.strict_json import plain, restored
from ufm.support.writable import require_target
from ufm.tensor_file import write_tensors

FORMAT = "ufm-solution-1"


def save(solution: Solution, path: str | Path) -> None:
    """A file is whole or not there: ``ufm.support.whole_file``."""
    require_target(path, example="solution.safetensors")
    problem = solution.problem
    tensors: dict[str, Tensor] = {}
    for t, (W, b) in enumerate(zip(solution.W, solution.b, strict=True)):
        tensors[f"W.{t}"], tensors[f"b.{t}"] = W, b
    _put(tensors, "H", solution.H)
    _put(tensors, "labels", solution.labels)
    _put(tensors, "counts", solution.counts)
    _put(tensors, "problem.labels", problem.labels)
    _put(tensors, "problem.counts", problem.counts)
    header = {
        "problem": {
            "source": problem.source,
            "classes": list(problem.classes),
            "task_weights": problem.task_weights.tolist(),
            **{name: getattr(problem, name) for name in _SETTINGS},
        },
        "method": solution.method,
        "objective": solution.objective,
        "converged": solution.converged,
        "status": solution.status,
        "history": solution.history,
    }
    text = json.dumps(plain(header, named=True), allow_nan=False)
    write_tensors(path, tensors, {"format": FORMAT, "ufm": text})


def load(path: str | Path) -> Solution:
    """Reads what ``Solution.save`` wrote; ValueError for a file that is damaged or something else."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"path={str(path)!r}: no such file")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"path={str(path)!r} is not a whole safetensors file ({error})") from error
    if metadata.get("format") != FORMAT:
        raise ValueError(f"path={str(path)!r} is not a solution of this program (format {metadata.get('format')!r})")
    try:
        header = json.loads(metadata["ufm"])
        problem = _problem(header["problem"], tensors)
        tasks = len(problem.classes)
        return Solution(
            problem=problem,
            method=header["method"],
            W=[tensors[f"W.{t}"] for t in range(tasks)],
            b=[tensors[f"b.{t}"] for t in range(tasks)],
            H=_get(tensors, "H", problem),
            labels=_arrays(_get(tensors, "labels", problem)),
            counts=_arrays(_get(tensors, "counts", problem)),
            objective=restored(header["objective"]),
            converged=header["converged"],
            status=header["status"],
            history=restored(header["history"]),
        )
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"path={str(path)!r} is incomplete: {error!r}") from error


_SETTINGS = ("lambda_H", "lambda_W", "lambda_b", "reduction", "label_smoothing")


def _problem(header: dict[str, Any], tensors: dict[str, Tensor]) -> Problem:
    settings = {name: header[name] for name in _SETTINGS}
    classes = tuple(header["classes"])
    if header["source"] == "multilabel":
        indicators = indicator_array("problem.labels", tensors["problem.labels"], *classes)
        return MultiLabel._from_columns(indicators, tensors["problem.counts"].numpy(), **settings)
    settings["task_weights"] = header["task_weights"]
    if header["source"] == "single":
        labels, counts = tensors["problem.labels"].numpy(), tensors["problem.counts"].numpy()
        return SingleSource._from_columns(classes, labels, counts, **settings)
    dense = []
    for t, k in enumerate(classes):
        counts_t = np.zeros(k, dtype=np.int64)
        counts_t[tensors[f"problem.labels.{t}"].numpy()[:, 0]] = tensors[f"problem.counts.{t}"].numpy()
        dense.append(counts_t)
    return MultiSource(dense, **settings)


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
