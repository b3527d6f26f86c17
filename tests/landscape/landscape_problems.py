"""Problems of every kind, random points of them, and F written as a loop in PyTorch, to be differentiated by it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

from ufm import MultiLabel, MultiSource, SingleSource
from verify.reading.form import forms
from verify.reading.point import read_point

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
UNEQUAL = {"lambda_H": 0.3, "lambda_W": 0.02, "lambda_b": 0.004}

PROBLEMS = {
    "two tasks": SingleSource.balanced((3, 3), 10, **LAMBDAS),
    "one task": SingleSource.balanced((4,), 10, **LAMBDAS),
    "weights": SingleSource.balanced((2, 3), 5, task_weights=(2.5, 0.5), **UNEQUAL),
    "mean": SingleSource.balanced((2, 3), 5, reduction="mean", lambda_H=1e-3, lambda_W=2e-3, lambda_b=1e-3),
    "smoothed": SingleSource.balanced((2, 3), 9, label_smoothing=0.1, **LAMBDAS),
    "long tail": SingleSource([10**6, 1000, 1], lambda_H=5e-4, lambda_W=5e-4, lambda_b=5e-4),
    "absent labels": SingleSource([[5, 0, 3], [1, 7, 0]], task_weights=(0.5, 2.0), **LAMBDAS),
    "orthogonal array": SingleSource.orthogonal_array(3, 3, n=5, **LAMBDAS),
    "5.1": SingleSource.correlated(2, n_same=30, n_different=10, **LAMBDAS),
    "5.1 one singular value": SingleSource.correlated(
        2, n_same=38, n_different=2, lambda_H=1.2, lambda_W=1.2, lambda_b=1
    ),
    "correlated K = 3": SingleSource.correlated(3, n_same=20, n_different=10, **LAMBDAS),
    "multi source": MultiSource.balanced((3, 4), (10, 20), task_weights=(1.0, 2.0), **LAMBDAS),
    "multi source, one task zero": MultiSource.balanced((3, 3), (30, 2), lambda_H=0.8, lambda_W=0.9, lambda_b=0.1),
    "all zero": SingleSource.balanced((2, 2), 1, lambda_H=0.9, lambda_W=0.9, lambda_b=0.1),
    "label sets": MultiLabel.balanced(classes=4, n_by_multiplicity={1: 10, 2: 5}, **LAMBDAS),
}


def random_point(problem, dim, seed=0, size=0.5, repeats=1):
    """Gaussian W, H, b; each label with ``repeats`` columns of H of its own, in shuffled order."""
    rng = np.random.default_rng(seed)
    each = problem.labels if problem.source == "multi" else [problem.labels]
    labels = [rng.permutation(np.repeat(y, repeats, axis=0)) for y in each]
    H = [size * rng.standard_normal((dim, len(y))) for y in labels]
    W = [size * rng.standard_normal((k, dim)) for k in problem.classes]
    b = [size * rng.standard_normal(k) * (problem.lambda_b is not None) for k in problem.classes]
    if problem.source == "multi":
        return SimpleNamespace(W=W, b=b, H=H, labels=labels)
    return SimpleNamespace(W=W, b=b, H=H[0], labels=labels[0])


def parts(problem, point):
    """(form, point of the form) pairs."""
    return list(zip(forms(problem), read_point(problem, point, None, None, None, None), strict=True))


LITERAL = {
    "cross-entropy": lambda u, y: -(y * torch.log_softmax(u, dim=0)).sum(),
    "binary-cross-entropy": lambda u, y: torch.nn.functional.binary_cross_entropy_with_logits(u, y, reduction="sum"),
    "squared-error": lambda u, y: (u - y).square().sum() / 2,
}


def literal(form, point, W, H, b):
    """F by a loop over columns and tasks; tensors W (R, d), H (d, n), b (R,)."""
    total = form.lambda_W * sum(c * W[r].square().sum() for c, r in zip(form.task_weights, form.blocks, strict=True))
    total = total + (form.lambda_b or 0.0) * sum(
        c * b[r].square().sum() for c, r in zip(form.task_weights, form.blocks, strict=True)
    )
    for i, label in enumerate(point.index):
        m = point.share[label]
        for t, (c, r) in enumerate(zip(form.task_weights, form.blocks, strict=True)):
            if form.labelled is None or form.labelled[t, label]:
                u, y = W[r] @ H[:, i] + b[r], torch.as_tensor(form.targets[r, label])
                total = total + c * form.loss_weight[label] / m * LITERAL[form.losses[t]](u, y)
        total = total + form.lambda_H * form.feature_weight[label] / m * H[:, i].square().sum()
    return total


def derivatives(form, point):
    """Gradient and Hessian of the literal F over the flat (W, H, b), in its own units, by automatic differentiation."""
    shapes = [point.W.shape, point.H.shape, point.b.shape]
    sizes = [int(np.prod(shape)) for shape in shapes]

    def value(x):
        W, H, b = (part.reshape(shape) for part, shape in zip(torch.split(x, sizes), shapes, strict=True))
        return literal(form, point, W, H, b)

    x = torch.as_tensor(np.concatenate([point.W.ravel(), point.H.ravel(), point.b]))
    gradient = torch.autograd.functional.jacobian(value, x)
    return gradient.numpy(), torch.autograd.functional.hessian(value, x).numpy()
