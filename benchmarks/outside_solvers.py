"""What people would take instead: scipy, torch.optim and cvxpy on the same F, written as they would write it.

F has one column of features for every label with its count, which spares the others the samples too, but for the one
named after the field's papers, where every sample has a feature of its own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize
import torch
from torch import Tensor

Curve = list[tuple[float, float]]  # seconds since the start, F


class Program:
    """F(W, H, b) of a single-source problem, all tasks of one loss, in plain PyTorch.

    F = Σ_t Σ_l n_l ℓ(W^t h_l + b^t; y^t_l) + λ_H Σ_l n_l ‖h_l‖² + λ_W ‖W‖² + λ_b ‖b‖²
    """

    def __init__(self, problem: Any) -> None:
        self.classes = tuple(problem.classes)
        self.labels = torch.as_tensor(np.asarray(problem.labels))
        self.counts = torch.as_tensor(np.asarray(problem.counts), dtype=torch.float64)
        self.loss: str = problem.loss
        if self.loss not in ("cross-entropy", "squared-error"):
            raise ValueError(f"loss={self.loss!r} is not written here; cross-entropy and squared-error are")
        self.lambdas = (problem.lambda_H, problem.lambda_W, problem.lambda_b)
        self.rows, self.columns = sum(self.classes), len(self.labels)
        self.dim = self.rows if self.loss != "cross-entropy" else self.rows - len(self.classes)

    def value(self, W: Tensor, H: Tensor, b: Tensor, labels: Tensor, counts: Tensor | float) -> Tensor:
        logits = (W @ H).T + b
        total = torch.zeros((), dtype=torch.float64)
        for u, y in zip(logits.split(self.classes, dim=1), labels.T, strict=True):
            if self.loss == "cross-entropy":
                losses = torch.nn.functional.cross_entropy(u, y, reduction="none")
            else:
                losses = 0.5 * (u - torch.nn.functional.one_hot(y, u.shape[1])).square().sum(dim=1)
            total = total + (counts * losses).sum()
        lambda_H, lambda_W, lambda_b = self.lambdas
        return (
            total
            + lambda_H * (counts * H.square().sum(dim=0)).sum()
            + lambda_W * W.square().sum()
            + lambda_b * b.square().sum()
        )

    def start(self, columns: int) -> list[Tensor]:
        """W, H, b: standard normal over √d, and zero."""
        generator = torch.Generator().manual_seed(1)
        shapes = ((self.rows, self.dim), (self.dim, columns))
        W, H = (torch.randn(shape, generator=generator, dtype=torch.float64) / self.dim**0.5 for shape in shapes)
        return [W, H, torch.zeros(self.rows, dtype=torch.float64)]

    def flat(self, x: Tensor) -> Tensor:
        """F of (W, H, b) in one vector."""
        W, H, b = x.split([self.rows * self.dim, self.dim * self.columns, self.rows])
        return self.value(W.view(self.rows, self.dim), H.view(self.dim, self.columns), b, self.labels, self.counts)


class TimeIsUpError(Exception):
    """Ends a solver that has no limit of its own."""


def _scipy(program: Program, seconds: float, method: str, **options: Any) -> Curve:
    curve: Curve = []
    began = time.perf_counter()

    def value_and_gradient(x: np.ndarray) -> tuple[float, np.ndarray]:
        at = torch.tensor(x, requires_grad=True)
        value = program.flat(at)
        (slope,) = torch.autograd.grad(value, at)
        curve.append((time.perf_counter() - began, float(value.detach())))
        if curve[-1][0] > seconds:
            raise TimeIsUpError
        return curve[-1][1], slope.numpy()

    def product(x: np.ndarray, v: np.ndarray) -> np.ndarray:
        at = torch.tensor(x, requires_grad=True)
        (slope,) = torch.autograd.grad(program.flat(at), at, create_graph=True)
        (image,) = torch.autograd.grad(slope @ torch.tensor(v), at)
        return np.asarray(image.numpy())

    extra = {"hessp": product} if method == "trust-ncg" else {}
    start = torch.cat([part.flatten() for part in program.start(program.columns)]).numpy()
    with contextlib.suppress(TimeIsUpError):
        scipy.optimize.minimize(
            value_and_gradient, start, jac=True, method=method, options={"maxiter": 10**7, **options}, **extra
        )
    return curve


def l_bfgs_b(program: Program, seconds: float) -> Curve:
    return _scipy(program, seconds, "L-BFGS-B", ftol=0.0, gtol=1e-14, maxfun=10**7, maxcor=20)


def trust_ncg(program: Program, seconds: float) -> Curve:
    return _scipy(program, seconds, "trust-ncg", gtol=1e-10)


def torch_lbfgs(program: Program, seconds: float) -> Curve:
    point = [part.requires_grad_() for part in program.start(program.columns)]
    optimizer = torch.optim.LBFGS(
        point,
        max_iter=10**7,
        history_size=20,
        tolerance_grad=1e-14,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )
    curve: Curve = []
    began = time.perf_counter()

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = program.value(*point, program.labels, program.counts)
        value.backward()
        curve.append((time.perf_counter() - began, float(value.detach())))
        if curve[-1][0] > seconds:
            raise TimeIsUpError
        return value

    with contextlib.suppress(TimeIsUpError):
        optimizer.step(closure)
    return curve


def _best(curves: list[Curve]) -> Curve:
    """That of the learning rate which came lowest; the search for it costs nothing here."""
    return min(curves, key=lambda curve: min((value for _, value in curve), default=float("inf")))


def _steps(make: Callable[[list[Tensor]], Any], program: Program, each: bool, seconds: float) -> Curve:
    """Full-batch steps under a cosine schedule that ends with the seconds."""
    if each:  # a feature for every sample
        labels = program.labels.repeat_interleave(program.counts.long(), dim=0)
        counts: Tensor | float = 1.0
    else:
        labels, counts = program.labels, program.counts
    point = [part.requires_grad_() for part in program.start(len(labels))]
    optimizer = make(point)
    rates = [group["lr"] for group in optimizer.param_groups]
    curve: Curve = []
    began = time.perf_counter()
    while not curve or curve[-1][0] < seconds:
        optimizer.zero_grad()
        value = program.value(*point, labels, counts)
        (value / program.counts.sum()).backward()
        curve.append((time.perf_counter() - began, float(value.detach())))
        if not np.isfinite(curve[-1][1]):
            return []
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * 0.5 * (1 + np.cos(np.pi * min(1.0, curve[-1][0] / seconds)))
        optimizer.step()
    return curve


def adam(program: Program, seconds: float) -> Curve:
    return _best(
        [_steps(lambda p, lr=lr: torch.optim.Adam(p, lr=lr), program, False, seconds) for lr in (0.3, 0.1, 0.03, 0.01)]
    )


def sgd_of_samples(program: Program, seconds: float) -> Curve:
    """As in the field's papers: every sample's feature free, momentum 0.9, a schedule; H's rate is N times W's."""
    N = float(program.counts.sum())

    def make(lr: float) -> Callable[[list[Tensor]], Any]:
        return lambda p: torch.optim.SGD(
            [{"params": [p[0], p[2]], "lr": lr}, {"params": [p[1]], "lr": lr * N}], momentum=0.9
        )

    return _best([_steps(make(lr), program, True, seconds) for lr in (1.0, 0.1, 0.01)])


def _cvxpy(program: Program, seconds: float, solver: str, **options: Any) -> Curve:
    """min_{Z, b} Σ n ℓ(z + b; y) + 2√(λ_H λ_W) ‖Z diag(√n)‖_* + λ_b ‖b‖², whose minimum is that of F."""
    import cvxpy as cp

    if program.columns * program.rows > 5000:
        return []  # minutes to hours
    began = time.perf_counter()
    root = np.sqrt(program.counts.numpy())
    Z, b = cp.Variable((program.rows, program.columns)), cp.Variable((program.rows, 1))
    logits = Z + b @ np.ones((1, program.columns))
    parts, first = [], 0
    for K, y in zip(program.classes, program.labels.numpy().T, strict=True):
        Y = np.eye(K)[y].T
        u = logits[first : first + K]
        if program.loss == "cross-entropy":
            parts.append((cp.log_sum_exp(u, axis=0) - cp.sum(cp.multiply(Y, u), axis=0)) @ root**2)
        else:
            parts.append(0.5 * cp.sum_squares(cp.multiply(u - Y, np.ones((K, 1)) * root)))
        first += K
    lambda_H, lambda_W, lambda_b = program.lambdas
    nuclear = 2 * np.sqrt(lambda_H * lambda_W) * cp.normNuc(Z @ np.diag(root))
    task = cp.Problem(cp.Minimize(sum(parts) + nuclear + lambda_b * cp.sum_squares(b)))
    try:
        task.solve(solver=solver, **options)
    except cp.SolverError:
        return []
    moment = time.perf_counter() - began
    if Z.value is None:
        return []
    U, S, V = np.linalg.svd(Z.value * root, full_matrices=False)
    W = torch.tensor((lambda_H / lambda_W) ** 0.25 * U * np.sqrt(S))
    H = torch.tensor((lambda_W / lambda_H) ** 0.25 * np.sqrt(S)[:, None] * V / root)
    return [(moment, float(program.value(W, H, torch.tensor(b.value[:, 0]), program.labels, program.counts)))]


def clarabel(program: Program, seconds: float) -> Curve:
    return _cvxpy(program, seconds, "CLARABEL", time_limit=10 * seconds)


def scs(program: Program, seconds: float) -> Curve:
    return _cvxpy(program, seconds, "SCS", eps_abs=1e-7, eps_rel=1e-7, max_iters=10**6, time_limit_secs=10 * seconds)


SOLVERS: dict[str, Callable[[Program, float], Curve]] = {
    "scipy L-BFGS-B": l_bfgs_b,
    "scipy trust-ncg": trust_ncg,
    "torch LBFGS": torch_lbfgs,
    "torch Adam": adam,
    "torch SGD, every sample": sgd_of_samples,
    "cvxpy, Clarabel": clarabel,
    "cvxpy, SCS": scs,
}
