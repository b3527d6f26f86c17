"""Problem (3) literally: all N features free, by full-batch first-order steps on an analytic, fused gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.problems.standard_form import StandardForm
from ufm.solvers.gradient.adam import Adam, Rates
from ufm.solvers.gradient.checkpoint import own_checkpoint
from ufm.solvers.gradient.fingerprint import fingerprint
from ufm.solvers.gradient.fixed_momentum import FixedMomentum
from ufm.solvers.gradient.lbfgs import LBFGS
from ufm.solvers.gradient.line_momentum import LineMomentum
from ufm.solvers.gradient.method import Method
from ufm.solvers.gradient.nc_metrics import Metrics
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point
from ufm.solvers.gradient.requirements import require_memory
from ufm.solvers.gradient.run import Run
from ufm.solvers.gradient.samples import Samples, expand
from ufm.solvers.gradient.settings import Settings, checked
from ufm.solvers.gradient.start import random_start
from ufm.solvers.gradient.status import describe
from ufm.solvers.gradient.units import balanced_units, own_units
from ufm.solvers.gradient.weighted_momentum import WeightedMomentum, weighted_momentum
from ufm.support import validation

UserMetrics = Callable[[Tensor, Tensor, Tensor], Mapping[str, float]]


@dataclass
class GradientResult:
    """W (R, d), H (d, N), b (R,) in the form's units and row order, and how they were reached.

    sample_column      (N,) the column of the form each sample came from, ascending
    objective          F at this point, evaluated in float64
    relative_gradient  ‖∇F‖ / √(2F) in balanced units, what ``tolerance`` is on
    history            lists by name: step, loss, gradient_norm (relative, as above), and the metrics
    """

    W: Tensor
    H: Tensor
    b: Tensor
    sample_column: NDArray[np.int64]
    objective: float
    relative_gradient: float
    steps: int
    converged: bool
    interrupted: bool
    status: str
    history: dict[str, list[float]]


def minimize(
    form: StandardForm,
    counts: NDArray[np.int64],
    *,
    dim: int,
    seed: int = 0,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | str = torch.float64,
    optimizer: str = "momentum",
    steps: int | None = None,
    tolerance: float | None = None,
    learning_rate: float | None = None,
    momentum: float | None = None,
    log_every: int | None = None,
    metrics: UserMetrics | None = None,
    source: str = "single",
    checkpoint: str | Path | None = None,
    checkpoint_every: int | None = None,
    progress: bool | None = None,
    weighting: str | None = None,
    weighting_options: Mapping[str, Any] | None = None,
) -> GradientResult:
    """Minimizes F over W (R, d), one feature h_i per sample, and b, from a random start.

        Σ_t c^t Σ_i w_i [ s lse(u_ti) − ⟨y, u_ti⟩ ] + λ_H Σ_i w_i ω ‖h_i‖² + λ_W Σ_t c^t ‖W^t‖² + λ_b Σ_t c^t ‖b^t‖²

    with w_i = multiplicity / count of sample i's column: 1 where λ's stand beside the SUM of cross-entropies.

    counts         (m,) samples of each column, ≥ 1
    optimizer      "momentum": nothing to tune, an exact line search and Polak-Ribière's momentum, or a fixed
                   ``momentum``; with ``learning_rate`` torch.optim.SGD's recursion (momentum 0.9 unless given)
                   "lbfgs": two-loop L-BFGS with the same line search
                   "adam": a cosine schedule over ``steps`` in balanced units; with ``learning_rate`` torch.optim.Adam
    steps          at most so many: 5000 (adam: 2000, the length of its schedule)
    tolerance      stops at ‖∇F‖ / √(2F) ≤ 1e-5 (float32: 3e-5) in balanced units, whose square estimates F's
                   relative error; looked at every ``log_every`` steps where steps do not tell F
    log_every      steps between entries of the history: 10
    metrics        called with W (R, d), H (d, N), b (R,) for the history; default those of ``source``, "single"
                   (Table 5), "multi" (Table 6) or "multilabel"
    checkpoint     file resumed from where it exists, and written every ``checkpoint_every`` steps (default: every
                   minute) and at the end; of one run at a time, by the lock file ``.NAME.lock`` beside it
    progress       a bar on stderr: None where the run is long and stderr a terminal
    weighting      a name in ``ufm.weighting``: task weights anew at every step, in place of the form's, which must be
                   1, with ``weighting_options``. See ``weighted_momentum``; needs a ``learning_rate``. F and its
                   gradient in the history, and ``tolerance``, are then those of c = the weights in effect, which the
                   history has as weight_t beside the losses loss_t; ``objective`` is F with c = 1 still.

    Ctrl-C returns the point reached. Deterministic for a seed, device and number of threads. Raises ValueError or
    TypeError naming the field, and MemoryError before anything is allocated.
    """
    settings = checked(
        dim=dim,
        seed=seed,
        device=device,
        dtype=dtype,
        optimizer=optimizer,
        steps=steps,
        tolerance=tolerance,
        learning_rate=learning_rate,
        momentum=momentum,
        log_every=log_every,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        weighting=weighting,
        weighting_options=weighting_options,
    )
    validation.one_of("source", source, ("single", "multi", "multilabel"))
    counts = _checked_counts(counts, form.columns)
    require_memory(form, int(counts.sum()), settings, copies_for_metrics=0 if metrics is None else 1)
    with torch.no_grad():
        samples = expand(form, counts, settings.device, settings.dtype)
        method = build(samples, settings) if weighting is None else weighted_momentum(form, counts, samples, settings)
        built_in = Metrics(form, method.objective, source)

        def measure() -> dict[str, float]:
            own, now = {}, built_in
            if isinstance(method, WeightedMomentum):
                own = method.measures()
                now = Metrics(method.weighted_form(), method.objective, source)
            if metrics is None:
                return own | now(method.point)
            return own | {name: float(value) for name, value in metrics(*_in_own_units(method, copy=True)).items()}

        with own_checkpoint(settings.checkpoint):
            outcome = Run(method, settings, fingerprint(form, counts, settings), measure).finish(progress)
        W, H, b = _in_own_units(method, copy=False)
        exact = expand(form, counts, settings.device, torch.float64)
        point = method.point
        objective = Objective(exact, own_units(exact), settings.dim).value(point)
    return GradientResult(
        W=W,
        H=H,
        b=b,
        sample_column=samples.column.cpu().numpy().astype(np.int64),
        objective=objective,
        relative_gradient=outcome.last.relative_gradient,
        steps=outcome.step,
        converged=outcome.reason in ("converged", "rounding"),
        interrupted=outcome.reason == "interrupted",
        status=describe(outcome, settings),
        history=outcome.history,
    )


def build(samples: Samples, settings: Settings) -> Method:
    """The optimizer at its random start: in the problem's own units where a learning rate is given, else balanced."""
    objective = Objective(samples, balanced_units(samples), settings.dim)
    point = random_start(objective, settings.seed)
    rate, momentum = settings.learning_rate, settings.momentum
    if rate is not None:
        objective.units.to_own(point, samples)
        objective = Objective(samples, own_units(samples), settings.dim)
        if settings.optimizer == "adam":
            return Adam(objective, point, Rates.constant(rate, momentum or 0.0))
        return FixedMomentum(objective, point, rate, momentum or 0.0)
    if settings.optimizer == "adam":
        return Adam(objective, point, Rates.natural(point, objective, momentum or 0.0, settings.steps))
    return LBFGS(objective, point) if settings.optimizer == "lbfgs" else LineMomentum(objective, point, momentum)


def _in_own_units(method: Method, copy: bool) -> tuple[Tensor, Tensor, Tensor]:
    """W (R, d), H (d, N), b (R,) in the form's row order; without ``copy`` the optimizer's point is given up."""
    point, objective = method.point, method.objective
    if copy:
        point = Point(point.vector.clone(), *point.shape)
    objective.units.to_own(point, objective.samples)
    order = torch.as_tensor(objective.samples.row_order)
    W, b = torch.empty_like(point.heads), torch.empty_like(point.bias)
    W[order], b[order] = point.heads, point.bias
    return W, point.features.T, b


def _checked_counts(counts: Any, columns: int) -> NDArray[np.int64]:
    whole = validation.count_array("counts", counts)
    if whole.shape != (columns,) or whole.min() < 1:
        raise ValueError(f"counts must be {columns} numbers ≥ 1, samples per column, got shape {whole.shape}")
    return whole
