"""The result of a solver of one standard form."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ufm.outcome import Outcome


@dataclass
class ColumnSolution:
    """W (R, d), H (d, columns), b (R,) in the form's own units, its objective, and how it was reached.

    sample_column  (columns,) the form's column behind each column of H if every sample has its own feature;
                   None if H has one column per column of the form
    """

    W: Tensor
    H: Tensor
    b: Tensor
    objective: float
    converged: bool
    outcome: Outcome
    status: str
    history: dict[str, list[float]] = field(default_factory=dict)
    sample_column: NDArray[np.int64] | None = None


def below_sufficient(dim: int, needed: int) -> str:
    """What a status adds below the sufficient dimension."""
    return (
        f"; dim={dim} is less than {needed}: a stationary point that no theorem covers and that may not be the global "
        f"minimum of its dimension; dim={needed} lowers the minimum as far as any"
    )
