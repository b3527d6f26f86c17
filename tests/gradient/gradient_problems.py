"""Problems of odd shapes, plain autograd for them, and the float64 optimum of their collapsed form."""

from __future__ import annotations

import numpy as np
import torch

from ufm import MultiSource, SingleSource
from ufm.problems.standard_form import StandardForm
from ufm.solvers.newton import solve_newton


def lambdas(size):
    return {"lambda_H": size, "lambda_W": size, "lambda_b": size}


LOSSES = ("squared-error", "cross-entropy", "binary-cross-entropy")


def odd_form(seed=0, classes=(3, 2, 5, 3), columns=7, kind="cross-entropy", lambda_b=0.07):
    """Soft targets of unequal masses, one task absent from one column, unequal K_t, weights everywhere; its counts."""
    rng = np.random.default_rng(seed)
    targets = rng.random((sum(classes), columns)) ** 2
    losses = tuple(LOSSES[t % 3] if kind == "mixed" else kind for t in range(len(classes)))
    labelled = np.ones((len(classes), columns), dtype=bool)
    if len(classes) > 1:
        targets[: classes[0], 1] = 0.0
        labelled[0, 1] = False
    counts = rng.integers(1, 6, columns)
    form = StandardForm(
        classes=classes,
        targets=targets,
        multiplicity=rng.uniform(0.5, 4.0, columns),
        omega=rng.uniform(0.5, 2.0, columns),
        task_weights=rng.uniform(0.4, 2.0, len(classes)),
        lambda_H=0.03,
        lambda_W=0.2,
        lambda_b=lambda_b,
        losses=losses,
        labelled=None if kind == "cross-entropy" else labelled,
    )
    return form, counts


def problems():
    """(name, problem) pairs at whose defaults 1e-6 is asked for."""
    rng = np.random.default_rng(3)
    long_tail = np.maximum(1, 100 * 0.01 ** (np.arange(10) / 9)).astype(int)
    at = np.sqrt(80 / 16)  # Theorem 3.1's threshold of the 4 × 4 problems below
    yield "balanced", SingleSource.balanced((10, 10), 10, **lambdas(0.05))
    yield "balanced, small λ", SingleSource.balanced((10, 10), 10, **lambdas(5e-4))
    yield "correlated", SingleSource.correlated(5, n_same=30, n_different=4, **lambdas(0.05))
    yield "long tail", SingleSource(long_tail, **lambdas(0.05))
    yield "two long tails", SingleSource(np.outer(long_tail, long_tail) // 40, **lambdas(5e-3))
    yield "task weights", SingleSource.balanced((4, 6), 20, task_weights=[1.5, 1], **lambdas(0.05))
    yield "three binary tasks", SingleSource(rng.integers(0, 30, (2, 2, 2)), **lambdas(0.05))
    yield "soft targets", SingleSource.balanced((10,), 30, label_smoothing=0.1, **lambdas(0.05))
    yield "collapsed to zero", SingleSource.balanced((4, 4), 5, **lambdas(1.2 * at))
    yield "one task collapsed", SingleSource.balanced((4, 4), 5, task_weights=[1, 0.5], **lambdas(0.8 * at))
    yield "near the threshold", SingleSource.balanced((4, 4), 5, **lambdas(0.98 * at))
    yield "mean of cross-entropies", SingleSource.balanced((5, 5), 4, reduction="mean", **lambdas(5e-4))
    yield "tiny λ_b", SingleSource(long_tail, lambda_H=0.05, lambda_W=0.05, lambda_b=1e-6)
    yield "unequal λ", SingleSource.balanced((5, 5), 10, lambda_H=1e-3, lambda_W=0.5, lambda_b=1e-5)
    yield "a class without samples", SingleSource([30, 0, 20, 7], **lambdas(0.01))
    yield (
        "twelve attributes",
        SingleSource.from_labels(
            (rng.random((400, 12)) < rng.random(12)).astype(int), classes=(2,) * 12, **lambdas(0.01)
        ),
    )
    yield "one sample", SingleSource.from_labels([[1, 0]], classes=(3, 2), **lambdas(0.05))


def first_form(problem):
    """The only form of a SingleSource problem, the first task's of a MultiSource one, with its counts."""
    counts = problem.counts[0] if isinstance(problem, MultiSource) else problem.counts
    return problem.standard_forms()[0], counts


def optimum(problem):
    """min F by the second-order solver on one column per label."""
    form, _ = first_form(problem)
    solution = solve_newton(form, dim=form.sufficient_dim)
    assert solution.converged, solution.status
    return solution.objective


def written_out(form, counts, W, H, b):
    """F of the module docstring of ufm/problems/standard_form.py, sample by sample, differentiable."""
    column = np.repeat(np.arange(form.columns), counts)
    weight = torch.as_tensor((form.multiplicity / counts)[column], dtype=W.dtype)
    omega = torch.as_tensor(form.omega[column], dtype=W.dtype)
    y = torch.as_tensor(form.targets[:, column], dtype=W.dtype)
    u = W @ H + b[:, None]
    total = form.lambda_H * (weight * omega * H.square().sum(dim=0)).sum()
    for t, c in enumerate(form.task_weights):
        rows = slice(form.offsets[t], form.offsets[t + 1])
        w = weight if form.labelled is None else weight * torch.as_tensor(form.labelled[t, column])
        total = total + c * (w * loss_of_columns(form.losses[t], u[rows], y[rows])).sum()
        total = total + c * (form.lambda_W * W[rows].square().sum() + (form.lambda_b or 0) * b[rows].square().sum())
    return total


def loss_of_columns(name, u, y):
    """(n,) ℓ of each column, of the table of losses."""
    if name == "squared-error":
        return 0.5 * (u - y).square().sum(dim=0)
    if name == "binary-cross-entropy":
        return torch.nn.functional.binary_cross_entropy_with_logits(u, y, reduction="none").sum(dim=0)
    return y.sum(dim=0) * torch.logsumexp(u, dim=0) - (y * u).sum(dim=0)


def in_form_order(objective, point):
    """W (R, d), H (d, N), b (R,) of a point in the problem's own units, leaves of a new graph."""
    order = torch.as_tensor(np.argsort(objective.samples.row_order))
    parts = point.heads[order], point.features.T, point.bias[order]
    return tuple(x.clone().requires_grad_() for x in parts)
