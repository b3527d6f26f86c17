"""The options of every method, each defined once: its name, type, default, meaning and valid values.

``ufm.solve(problem, ufm.Newton(steps=100))`` is ``ufm.solve(problem, "newton", steps=100)``; the command line derives
its flags from them. The typed dictionaries repeat only names and types, for type checkers; a test compares them with
the classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, get_args

if TYPE_CHECKING:  # the flags of the command line are read from here before PyTorch is needed
    import torch

    from ufm.solvers.run_point import Metrics

Optimizer = Literal["momentum", "adam", "lbfgs"]
Precision = Literal["float32", "float64"]
Weighting = Literal["uniform", "mgda", "uncertainty", "pcgrad", "dwa", "famo", "fairgrad"]
ConvexSolver = Literal["CLARABEL", "SCS"]


@dataclass(frozen=True, kw_only=True)
class Newton:
    """One column per label, float64, trust-region Newton-CG from a random start, to machine precision.

    Large problems, of R × m ≥ 2,500 entries, start on the ray of the losses' gradient at zero instead, and ``status``
    says so.
    """

    tolerance: float = 1e-12
    """Tolerance on the relative optimality residual: of the gradient, and of σ/τ − 1."""
    steps: int = 5000
    """Maximum number of Newton steps."""

    def __post_init__(self) -> None:
        from ufm.solvers import option_checks
        from ufm.support import validation

        _check(self, tolerance=validation.positive, steps=option_checks.at_least_one)


class NewtonOptions(TypedDict, total=False):
    """Keywords of method="newton"."""

    tolerance: float
    steps: int


@dataclass(frozen=True, kw_only=True)
class Gradient:
    """The problem as written, each of the N features free, full-batch first-order steps, CPU or GPU."""

    tolerance: float | None = None
    """Tolerance on ‖∇F‖ / √(2F) in balanced units, whose square estimates F's relative error; by default 1e-5, in
    float32 3e-5."""
    optimizer: Optimizer = "momentum"
    """momentum: an exact line search, nothing to tune; lbfgs: two-loop L-BFGS with the same search; adam: a cosine
    schedule over the steps. With a learning rate, momentum and adam are PyTorch's SGD and Adam."""
    dtype: torch.dtype | Precision = "float64"
    """Precision of the moving point; the objective is evaluated in float64 at the end."""
    steps: int | None = None
    """Maximum number of steps; by default 5000, for adam 2000, the length of its schedule."""
    learning_rate: float | None = None
    """A fixed learning rate, in place of the line search or of adam's schedule."""
    momentum: float | None = None
    """A fixed momentum in [0, 1), in place of Polak-Ribière's; with a learning rate 0.9 by default, for adam 0.95."""
    log_every: int = 10
    """Steps between entries of the history."""
    metrics: Metrics | None = None
    """Metrics for the history: a function of each ``ufm.RunPoint`` that returns numbers by name, such as
    ``verify.tracked(problem)``."""
    checkpoint: str | Path | None = None
    """A file to save the run to and resume it from, or a folder if it is distributed; one per task for several
    sources."""
    checkpoint_every: int | None = None
    """Steps between checkpoints; by default one a minute."""
    progress: bool | None = None
    """A progress bar on stderr; by default if the run is long and stderr is a terminal."""
    weighting: Weighting | None = None
    """A task weighting, which sets the task weights anew at every step; needs momentum with a learning rate."""
    weighting_options: Mapping[str, Any] | None = None
    """Options of the weighting, such as {"temperature": 2} for dwa."""
    distributed: bool | Literal["sharded"] = False
    """Share the columns of H among the processes of the default process group. True: the first process returns all of
    H, the others their columns; "sharded": every process returns its own."""

    def __post_init__(self) -> None:
        from ufm.solvers import option_checks
        from ufm.support import validation

        validation.one_of("optimizer", self.optimizer, get_args(Optimizer))
        option_checks.line_search_alone(self.optimizer, self.learning_rate, self.momentum)
        _check(
            self,
            tolerance=validation.positive,
            dtype=option_checks.precision,
            steps=option_checks.at_least_one,
            learning_rate=option_checks.learning_rate,
            momentum=option_checks.momentum,
            log_every=option_checks.at_least_one,
            metrics=option_checks.function,
            checkpoint=option_checks.checkpoint_folder if self.distributed else option_checks.checkpoint,
            checkpoint_every=option_checks.at_least_one,
            progress=option_checks.flag,
        )
        option_checks.distributed(self.distributed, self.metrics)
        option_checks.weighting(self.weighting, self.weighting_options, self.optimizer, self.learning_rate)


class GradientOptions(TypedDict, total=False):
    """Keywords of method="gradient"."""

    tolerance: float | None
    optimizer: Optimizer
    dtype: torch.dtype | Precision
    steps: int | None
    learning_rate: float | None
    momentum: float | None
    log_every: int
    metrics: Metrics | None
    checkpoint: str | Path | None
    checkpoint_every: int | None
    progress: bool | None
    weighting: Weighting | None
    weighting_options: Mapping[str, Any] | None
    distributed: bool | Literal["sharded"]


@dataclass(frozen=True, kw_only=True)
class Projection:
    """The heads alone, each label's feature the best one for them: for very many label columns, chunk by chunk."""

    tolerance: float = 1e-6
    """Tolerance on the relative duality gap, estimated to second order, for ``verify.certify`` to prove; below the
    sufficient dimension on the relative gradient."""
    steps: int = 2000
    """Maximum number of steps of the heads."""

    def __post_init__(self) -> None:
        from ufm.solvers import option_checks
        from ufm.support import validation

        _check(self, tolerance=validation.positive, steps=option_checks.at_least_one)


class ProjectionOptions(TypedDict, total=False):
    """Keywords of method="projection"."""

    tolerance: float
    steps: int


@dataclass(frozen=True, kw_only=True)
class Convex:
    """cvxpy's nuclear-norm program, the outside reference for small problems (extra ``convex``)."""

    tolerance: float | None = None
    """The external solver's tolerance, in the units of the program; by default 1e-8 (CLARABEL) or 1e-6 (SCS)."""
    solver: ConvexSolver = "CLARABEL"
    """The solver behind cvxpy."""

    def __post_init__(self) -> None:
        from ufm.support import validation

        validation.one_of("solver", self.solver, get_args(ConvexSolver))
        _check(self, tolerance=validation.positive)


class ConvexOptions(TypedDict, total=False):
    """Keywords of method="convex"."""

    tolerance: float | None
    solver: ConvexSolver


Options = Newton | Gradient | Projection | Convex
METHODS: dict[str, type[Options]] = {
    "newton": Newton,
    "gradient": Gradient,
    "projection": Projection,
    "convex": Convex,
}


def _check(options: Options, **checks: Callable[[str, Any], Any]) -> None:
    """Puts each option's checked value in its place; None stays where it is the default."""
    for name, check in checks.items():
        value = getattr(options, name)
        if value is not None or getattr(type(options), name) is not None:
            object.__setattr__(options, name, check(name, value))
