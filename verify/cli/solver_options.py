"""How the problem is solved, from flags."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True)
class SolverOptions:
    """The solver; flags left out take the method's own defaults."""

    method: Literal["newton", "gradient", "convex"] = "newton"
    """newton: to machine precision; gradient: all N features free, first order; convex: cvxpy."""
    dim: int | None = None
    """Feature dimension d; by default what the theorems need."""
    seed: int = 0
    """Of the random start."""
    device: str = "cpu"
    """cpu or cuda."""
    tolerance: float | None = None
    """The solver's stopping tolerance."""
    steps: int | None = None
    """Largest number of steps (newton, gradient)."""
    optimizer: Literal["lbfgs", "momentum", "adam"] | None = None
    """gradient: the optimizer."""
    dtype: Literal["float32", "float64"] | None = None
    """gradient: the floating-point type."""
    learning_rate: float | None = None
    """gradient: a fixed learning rate in place of the line search."""
    weighting: Literal["uniform", "mgda", "uncertainty", "pcgrad", "dwa", "famo", "fairgrad"] | None = None
    """gradient: task weights anew at every step; needs a learning rate."""
    checkpoint: Path | None = None
    """gradient: a file to save the run to, and to resume it from."""
    solver: Literal["CLARABEL", "SCS"] | None = None
    """convex: the solver behind cvxpy."""

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of ``ufm.solve``."""
        always = {"method": self.method, "dim": self.dim, "seed": self.seed, "device": self.device}
        rest = ("tolerance", "steps", "optimizer", "dtype", "learning_rate", "weighting", "checkpoint", "solver")
        return always | {name: getattr(self, name) for name in rest if getattr(self, name) is not None}
