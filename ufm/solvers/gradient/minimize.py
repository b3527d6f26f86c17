"""Problem (3) literally: all N features free, by full-batch first-order steps on an analytic, fused gradient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.problems.standard_form import StandardForm
from ufm.solvers.column_solution import ColumnSolution
from ufm.solvers.gradient.adam import Adam, Rates
from ufm.solvers.gradient.checkpoint import FileCheckpoint, own_checkpoint
from ufm.solvers.gradient.fingerprint import fingerprint, shared_options
from ufm.solvers.gradient.fixed_momentum import FixedMomentum
from ufm.solvers.gradient.lbfgs import LBFGS
from ufm.solvers.gradient.line_momentum import LineMomentum
from ufm.solvers.gradient.method import Method
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point
from ufm.solvers.gradient.process_group import ProcessGroup, joined, told_where_it_is
from ufm.solvers.gradient.ranks import Ranks
from ufm.solvers.gradient.requirements import require_memory
from ufm.solvers.gradient.run import Kept, Run
from ufm.solvers.gradient.samples import Samples, expand
from ufm.solvers.gradient.settings import Settings, settled
from ufm.solvers.gradient.sharded_checkpoint import ShardedCheckpoint
from ufm.solvers.gradient.start import own_start, random_start
from ufm.solvers.gradient.status import describe, outcome
from ufm.solvers.gradient.units import balanced_units, own_units
from ufm.solvers.gradient.weighted_momentum import WeightedMomentum, weighted_momentum
from ufm.solvers.options import Gradient, GradientOptions
from ufm.solvers.run_point import RunPoint
from ufm.support import validation


@dataclass(kw_only=True)
class GradientResult(ColumnSolution):
    """The result of a run: H (d, N) has one column per sample, ``sample_column`` ascends, ``objective`` is in float64.

    relative_gradient  ‖∇F‖ / √(2F) in balanced units, which ``tolerance`` bounds
    history            lists by name: step, loss, gradient_norm (relative, as above), and what ``metrics`` returned
    """

    relative_gradient: float
    steps: int


def minimize(
    form: StandardForm,
    counts: NDArray[np.int64],
    *,
    dim: int,
    seed: int = 0,
    device: torch.device | str = "cpu",
    labels: NDArray[np.int64] | None = None,
    task: int = 0,
    **options: Unpack[GradientOptions],
) -> GradientResult:
    """Minimizes F over W (R, d), one feature h_i per sample, and b, from a random start.

        Σ_t c^t Σ_i w_i ℓ_t(u_ti; y_ti) + λ_H Σ_i w_i ω ‖h_i‖² + λ_W Σ_t c^t ‖W^t‖² + λ_b Σ_t c^t ‖b^t‖²

    with w_i = multiplicity / count of sample i's column: 1 if λ's stand beside the SUM of losses; the loss of a task
    is over samples with a label there. λ_b = 0 leaves b free, None keeps it at exactly 0.

    counts         (m,) samples of each column, ≥ 1
    labels, task   of the columns, (m, T), and of the form, passed on to ``metrics``; by default the columns' numbers
    options        those of ``ufm.Gradient``. With a ``weighting``, F and its gradient in the history, and ``tolerance``
                   are those of c = the weights in effect, which the history has as weight_t beside the losses loss_t;
                   the form's own weights must be 1, and ``objective`` is F with c = 1. See ``weighted_momentum``.
                   A ``checkpoint`` is of one run at a time, by a lock file: ``.NAME.lock`` beside it, or ``.lock``
                   in its folder

    Ctrl-C returns the point reached. Deterministic for a seed, device and number of threads. Raises ValueError or
    TypeError naming the field, and MemoryError before anything is allocated.
    """
    settings = settled(Gradient(**options), dim=dim, seed=seed, device=device)
    counts = _checked_counts(counts, form.columns)
    ranks = joined(settings.distributed, settings.device)
    of_run = fingerprint(form, counts, settings)
    ranks.require_same(of_run | shared_options(settings))
    total = int(counts.sum())
    ranks.together(lambda: require_memory(form, total, settings, ranks))
    with torch.no_grad(), told_where_it_is(settings.checkpoint):
        samples = expand(form, counts, settings.device, settings.dtype, ranks)
        weighted = settings.weighting is not None
        method = weighted_momentum(form, counts, samples, settings) if weighted else build(samples, settings)
        told = np.arange(form.columns)[:, None] if labels is None else labels
        of_samples = np.repeat(told, counts, axis=0) if settings.metrics is not None else told

        def measure() -> dict[str, float]:
            own, weights = {}, form.task_weights
            if isinstance(method, WeightedMomentum):
                own, weights = method.measures(), method.weighted_form().task_weights
            if settings.metrics is None:
                return own
            W, H, b = _in_own_units(method, copy=True)
            heads, biases = list(W.split(form.classes)), list(b.split(form.classes))
            found = settings.metrics(RunPoint(heads, H, biases, of_samples, weights, task))
            return own | {name: float(value) for name, value in found.items()}

        with own_checkpoint(settings.checkpoint, ranks):
            kept = _kept(settings, of_run, method, ranks)
            end = Run(method, settings, kept, measure).finish(settings.progress)
        W, H, b = _in_own_units(method, copy=False)
        exact = expand(form, counts, settings.device, torch.float64, ranks)
        point = method.point
        objective = Objective(exact, own_units(exact), settings.dim).value(point)
        column = samples.column.cpu().numpy().astype(np.int64)
        if settings.distributed is True:
            H = ranks.gathered(H.T, total).T
            column = np.repeat(np.arange(form.columns), counts) if ranks.first else column
    return GradientResult(
        W=W,
        H=H,
        b=b,
        sample_column=column,
        objective=objective,
        relative_gradient=end.last.relative_gradient,
        steps=end.step,
        converged=end.reason == "rounding" or end.last.relative_gradient <= settings.tolerance,
        outcome=outcome(end.reason),
        status=describe(end, settings),
        history=end.history,
    )


def _kept(settings: Settings, of_run: dict[str, Any], method: Method, ranks: Ranks) -> Kept:
    """The checkpoint of the run, or None."""
    if settings.checkpoint is None:
        return None
    if isinstance(ranks, ProcessGroup):
        return ShardedCheckpoint(settings.checkpoint, of_run, method.objective, ranks)
    return FileCheckpoint(settings.checkpoint, of_run)


def build(samples: Samples, settings: Settings) -> Method:
    """The optimizer at its random start, in the problem's own units if a learning rate is given, else balanced."""
    rate, momentum = settings.learning_rate, settings.momentum
    if rate is not None:
        objective, point = own_start(samples, settings.dim, settings.seed)
        if settings.optimizer == "adam":
            return Adam(objective, point, Rates.constant(rate, momentum or 0.0))
        return FixedMomentum(objective, point, rate, momentum or 0.0)
    objective = Objective(samples, balanced_units(samples), settings.dim)
    point = random_start(objective, settings.seed)
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
