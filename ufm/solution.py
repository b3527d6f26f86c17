"""What a solver returns: the point, its objective, and how it was reached."""

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

__all__ = ["Problem", "Solution", "load"]


@dataclass
class Solution(display.Summarized):
    """A point of Problem (3), (4) or of pick-all-label.

    W          list of T tensors (K_t, d)
    b          list of T tensors (K_t,)
    H          (d, columns); for MultiSource a list of T such tensors
    labels     (columns, T) the label tuple of each column of H; for MultiSource a tuple of T arrays (columns_t, 1);
               for MultiLabel (columns, K) the indicators of its label set
    counts     (columns,) samples behind each column: 1 where every sample has a feature of its own
    objective  F at this point, in the problem's reduction
    converged  whether the solver reached its tolerance
    outcome    why it stopped, ``ufm.Outcome``
    status     the same in a sentence, with what would do
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
        """Writes the point and its problem as safetensors, to a temporary name first; read with ``ufm.load``.

        ValueError where the arrays are no point of the problem, or not finite: ``load`` would refuse them.
        """
        write_fields(vars(self), path)

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


def load(path: str | Path) -> Solution:
    """Reads what ``Solution.save`` wrote, to the last bit.

    TypeError where ``path`` is no path; FileNotFoundError where there is no file; ValueError, naming it, for one that
    is damaged, without checksum (as earlier versions wrote them), or something else; MemoryError where it would not
    fit.
    """
    return Solution(**read_fields(path))
