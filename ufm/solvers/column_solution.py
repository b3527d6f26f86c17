"""What a solver of one standard form returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from torch import Tensor


@dataclass
class ColumnSolution:
    """W (R, d), H (d, m), b (R,) in the form's own units, its objective, and how it was reached."""

    W: Tensor
    H: Tensor
    b: Tensor
    objective: float
    converged: bool
    status: str
    history: dict[str, list[float]] = field(default_factory=dict)
