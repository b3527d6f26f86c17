"""The result of a solver: the point, its objective, and how it was reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ufm.outcome import Outcome
from ufm.problems.any_problem import Problem
from ufm.storage import read_fields, write_fields
from ufm.support import display
from ufm.support.frames import data_frame
from ufm.support.strict_json import plain

__all__ = ["Problem", "Solution", "load"]


@dataclass
class Solution(display.Summarized):
    """A point of Problem (3), (4), pick-all-label or regression.

    W          list of T tensors (K_t, d)
    b          list of T tensors (K_t,)
    H          (d, columns); for MultiSource a list of T such tensors
    labels     (columns, T) the label tuple of each column of H; for MultiSource a tuple of T arrays (columns_t, 1);
               for MultiLabel (columns, K) the indicators of its label set
    counts     (columns,) samples behind each column: 1 if every sample has its own feature
    objective  F at this point, in the problem's reduction
    converged  whether the solver reached its tolerance
    outcome    why it stopped, ``ufm.Outcome``
    status     the same in a sentence, with a remedy where one is needed
    history    lists by name (iterations, loss, gradient norm, …); for MultiSource a list of T such dicts
    """

    problem: Problem
    method: str
    W: list[Tensor]
    b: list[Tensor]
    H: Tensor | list[Tensor]
    labels: NDArray[np.int64] | tuple[NDArray[np.int64], ...]
    counts: NDArray[np.int64] | tuple[NDArray[np.int64], ...]
    objective: float
    converged: bool
    outcome: Outcome
    status: str
    history: Any = field(default_factory=dict)

    @property
    def dim(self) -> int:
        """Feature dimension d."""
        return int(self.W[0].shape[1])

    def save(self, path: str | Path) -> None:
        """Saves the point and its problem as safetensors, under a temporary name first; ``ufm.load`` reads the file.

        Raises ValueError if the arrays are not a point of the problem, or not finite: ``load`` would refuse them.
        """
        write_fields(vars(self), path)

    def to_dict(self) -> dict[str, Any]:
        """How the point was reached and the problem's settings, JSON-ready, NaN as None, without the arrays."""
        settings = {name: getattr(self.problem, name, None) for name in _SETTINGS}
        own = {name: getattr(self, name) for name in ("method", "objective", "converged", "outcome", "status", "dim")}
        fields: dict[str, Any] = plain({**own, "problem": settings, "history": self.history})
        return fields

    def to_frame(self) -> Any:
        """The history as a pandas.DataFrame, one row per record; for MultiSource with a column ``task``, from 0."""
        if not isinstance(self.history, list):
            return data_frame(_records(self.history), list(self.history))
        rows = [{"task": t, **row} for t, part in enumerate(self.history) for row in _records(part)]
        return data_frame(rows, ["task", *dict.fromkeys(name for part in self.history for name in part)])

    def _summary(self) -> display.Summary:
        features = self.H if isinstance(self.H, list) else [self.H]
        shapes = ", ".join(f"{tuple(h.shape)}" for h in features[:4]) + (", …" if len(features) > 4 else "")
        return display.Summary(
            f"Solution of {self.problem!r}",
            [
                ("method", self.method),
                ("objective", f"{self.objective:.15g}"),
                ("status", self.status),
                ("feature dimension d", str(self.dim)),
                ("H", shapes),
            ],
        )

    def __repr__(self) -> str:
        return f"Solution(method={self.method!r}, objective={self.objective:.15g}, d={self.dim}, {self.status!r})"


_SETTINGS = (
    *("source", "classes", "samples", "task_weights", "lambda_H", "lambda_W", "lambda_b", "reduction", "loss"),
    *("label_smoothing", "class_names", "task_names"),
)


def _records(history: Any) -> list[dict[str, Any]]:
    """One row for each entry of the lists by name."""
    return [dict(zip(history, values, strict=True)) for values in zip(*history.values(), strict=True)]


def load(path: str | Path) -> Solution:
    """Reads what ``Solution.save`` wrote, to the last bit.

    Raises TypeError if ``path`` is not a path; FileNotFoundError if there is no file; ValueError, naming it, if the
    file is damaged, lacks a checksum (as in earlier versions), or is something else; MemoryError if it would not fit.
    """
    return Solution(**read_fields(path))
