"""The objective against Problems (3) and (4) sample by sample, its derivatives, and its last digits."""

import math

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

from ufm import MultiSource, SingleSource
from ufm.problems.standard_form import StandardForm
from ufm.solvers.objective import Objective, evaluate


def random_problem(rng, source):
    classes = rng.integers(2, 5, rng.integers(1, 4)).tolist()
    settings = dict(zip(("lambda_H", "lambda_W", "lambda_b"), 10.0 ** rng.uniform(-3, 1, 3), strict=True))
    settings["reduction"] = str(rng.choice(["sum", "mean"]))
    settings["label_smoothing"] = float(rng.choice([0.0, 0.2]))
    settings["task_weights"] = rng.uniform(0.2, 3, len(classes))
    if source == "single":
        counts = rng.integers(0, 3, classes)
        counts.flat[rng.integers(counts.size)] += 2
        return SingleSource(counts, **settings)
    tasks = [rng.integers(0, 4, k) for k in classes]
    for counts in tasks:
        counts[rng.integers(len(counts))] += 1
    return MultiSource(tasks, **settings)


def cross_entropy(logits, label, smoothing):
    """−Σ_k y_k log softmax_k of one sample in one task, in plain floats."""
    total = math.log(math.fsum(math.exp(u) for u in logits))
    targets = [smoothing / len(logits) + (1 - smoothing) * (k == label) for k in range(len(logits))]
    return math.fsum(y * (total - u) for y, u in zip(targets, logits, strict=True))


def literal(problem, W, H, b):
    """Problem (3), or (4), as the paper writes it: a feature per sample, a Python loop over samples."""
    c = problem.task_weights
    squares = lambda a: float(np.sum(np.square(a)))
    heads = [problem.lambda_W * squares(w) + problem.lambda_b * squares(x) for w, x in zip(W, b, strict=True)]

    def samples(H, labels, counts):
        return [(H[:, i], labels[i]) for i in range(len(counts)) for _ in range(counts[i])]

    if problem.source == "single":
        data = samples(H, problem.labels, problem.counts)
        over = len(data) if problem.reduction == "mean" else 1
        fit = sum(
            c[t] * cross_entropy(W[t] @ h + b[t], y[t], problem.label_smoothing) for h, y in data for t in range(len(W))
        )
        features = problem.lambda_H * sum(squares(h) for h, _ in data)
        return fit / over + features + sum(c[t] * heads[t] for t in range(len(W)))
    total = 0.0
    for t in range(len(W)):
        data = samples(H[t], problem.labels[t], problem.counts[t])
        over = len(data) if problem.reduction == "mean" else 1
        fit = sum(cross_entropy(W[t] @ h + b[t], y[0], problem.label_smoothing) for h, y in data)
        total += c[t] * (fit / over + problem.lambda_H * sum(squares(h) for h, _ in data) + heads[t])
    return total


@settings(max_examples=examples(60))
@given(st.integers(0, 2**32 - 1), st.sampled_from(["single", "multi"]))
def test_value_of_every_sample_separately(seed, source):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng, source)
    dim = int(rng.integers(1, 5))
    W = [rng.normal(size=(k, dim)) for k in problem.classes]
    b = [rng.normal(size=k) for k in problem.classes]
    tensor = torch.as_tensor
    if source == "single":
        H = rng.normal(size=(dim, len(problem.counts)))
        (form,) = problem.standard_forms()
        value = evaluate(form, tensor(np.concatenate(W)), tensor(H), tensor(np.concatenate(b)))
    else:
        H = [rng.normal(size=(dim, len(n))) for n in problem.counts]
        parts = zip(problem.standard_forms(), W, H, b, strict=True)
        value = sum(evaluate(form, *map(tensor, point)) for form, *point in parts)
    assert value == pytest.approx(literal(problem, W, H, b), rel=1e-13)


def soft_form(rng, classes, columns):
    """Soft targets of arbitrary mass, some blocks without any."""
    mass = rng.integers(0, 3, (len(classes), columns))
    blocks = [m * rng.dirichlet(np.ones(k), columns).T for m, k in zip(mass, classes, strict=True)]
    lambdas = 10.0 ** rng.uniform(-2, 0, 3)
    return StandardForm(
        tuple(classes),
        np.concatenate(blocks),
        rng.uniform(0.1, 5, columns),
        rng.uniform(0.5, 2, columns),
        rng.uniform(0.3, 3, len(classes)),
        *map(float, lambdas),
        ("cross-entropy",) * len(classes),
    )


def plain(form, W, H, b):
    """The standard form's equation in torch, for autograd."""
    n, total = torch.as_tensor(form.multiplicity), 0.0
    y = torch.as_tensor(form.targets)
    u = W @ H + b[:, None]
    for t, c in enumerate(form.task_weights):
        rows = slice(form.offsets[t], form.offsets[t + 1])
        total = total + c * (n * (y[rows].sum(0) * u[rows].logsumexp(0) - (y[rows] * u[rows]).sum(0))).sum()
        total = total + c * (form.lambda_W * W[rows].square().sum() + form.lambda_b * b[rows].square().sum())
    return total + form.lambda_H * (n * torch.as_tensor(form.omega) * H.square().sum(0)).sum()


SHAPES = [((2,), 1, 1), ((3,), 5, 1), ((2, 2), 1, 3), ((4, 4, 4), 7, 2), ((2, 5), 6, 4), ((5, 2, 3), 4, 9)]


@pytest.mark.parametrize(("classes", "columns", "dim"), SHAPES)
@pytest.mark.parametrize("size", [0.3, 3.0])
def test_derivatives_against_autograd(classes, columns, dim, size):
    rng = np.random.default_rng(columns)
    form = soft_form(rng, classes, columns)
    objective = Objective(form, dim)
    x = torch.as_tensor(size * rng.normal(size=objective.variables))
    v = torch.as_tensor(rng.normal(size=objective.variables))

    def function(x):
        return plain(form, *objective.unscale(x))

    value, pieces = objective.value(x)
    at = objective.linearize(x, pieces)
    expected, gradient = torch.autograd.functional.vjp(function, x)
    assert value == pytest.approx(float(expected), rel=1e-13)
    torch.testing.assert_close(objective.gradient(at), gradient, rtol=1e-11, atol=1e-11 * float(gradient.norm()))
    _, product = torch.autograd.functional.hvp(function, x, v)
    measured = objective.hessian_vector(at, v.clone())
    torch.testing.assert_close(measured, product, rtol=1e-11, atol=1e-11 * float(product.norm()))
    difference = (function(x + 1e-6 * v) - function(x - 1e-6 * v)) / 2e-6
    assert float(difference) == pytest.approx(float(gradient @ v), rel=1e-5, abs=1e-6 * float(gradient.norm()))


def test_a_product_leaves_its_arguments_alone():
    rng = np.random.default_rng(1)
    objective = Objective(soft_form(rng, (2, 3), 4), 3)
    x, v = (torch.as_tensor(rng.normal(size=objective.variables)) for _ in range(2))
    x_before, v_before = x.clone(), v.clone()
    at = objective.linearize(x, objective.value(x)[1])
    first = objective.hessian_vector(at, v)
    assert torch.equal(objective.hessian_vector(at, v), first)
    assert torch.equal(x, x_before)
    assert torch.equal(v, v_before)


def test_split_blocks_equal_viewed_blocks():
    rng = np.random.default_rng(2)
    form = soft_form(rng, (3, 3, 3), 5)
    viewed, split = Objective(form, 4), Objective(form, 4)
    assert viewed.runs[0].blocks.equal
    split.runs[0].blocks.equal = False
    x, v = (torch.as_tensor(rng.normal(size=viewed.variables)) for _ in range(2))
    at = [o.linearize(x, o.value(x)[1]) for o in (viewed, split)]
    assert viewed.value(x)[0] == pytest.approx(split.value(x)[0], rel=1e-15)
    torch.testing.assert_close(viewed.gradient(at[0]), split.gradient(at[1]), rtol=1e-13, atol=1e-13)
    torch.testing.assert_close(viewed.hessian_vector(at[0], v), split.hessian_vector(at[1], v), rtol=1e-13, atol=1e-13)


def test_scale_and_unscale_are_inverse():
    rng = np.random.default_rng(3)
    objective = Objective(soft_form(rng, (2, 3), 4), 2)
    point = [torch.as_tensor(rng.normal(size=shape)) for shape in ((5, 2), (2, 4), (5,))]
    for before, after in zip(point, objective.unscale(objective.scale(*point)), strict=True):
        torch.testing.assert_close(before, after, rtol=1e-15, atol=0)


def one_task(targets):
    targets = np.asarray(targets, dtype=float)
    m = targets.shape[1]
    return StandardForm(
        (len(targets),), targets, np.ones(m), np.ones(m), np.ones(1), 0.25, 1.0, 0.5, ("cross-entropy",)
    )


@pytest.mark.parametrize("label", [0, 1, 2])
@pytest.mark.parametrize(
    "logits", [(40, -40, 0), (40, 40, 0), (20, -20, -19.5), (0, 0, 0), (-40, -40, -40), (1e-9, 0, 0), (300, -300, 0)]
)
def test_every_digit_of_loss_and_residual(logits, label):
    # τ = 1 and unit weights, so that the logits are the product itself
    objective = Objective(one_task(np.eye(3)[:, [label]]), 3)
    u = torch.tensor(logits, dtype=torch.float64)[:, None]
    x = objective.join(torch.diag(u[:, 0]), torch.ones(3, 1, dtype=torch.float64), torch.zeros(3, 1).double())
    loss, pieces = objective.value_at_logits(u, torch.zeros(3, 1, dtype=torch.float64))
    with mpmath.workdps(400):
        powers = [mpmath.exp(mpmath.mpf(value)) for value in logits]
        p = [power / sum(powers) for power in powers]
        exact_loss = -mpmath.log(p[label])
        exact = [p[k] - (k == label) for k in range(3)]
        assert abs(loss - exact_loss) <= 1e-14 * exact_loss
        residual = objective.linearize(x, pieces).residual[:, 0].tolist()
        for measured, truth in zip(residual, exact, strict=True):
            assert abs(measured - truth) <= 1e-14 * abs(truth)


@pytest.mark.parametrize("size", [1e4, 1e150])
def test_no_overflow(size):
    form = one_task(np.eye(3))
    objective = Objective(form, 3)
    right = torch.diag(torch.full((3,), size, dtype=torch.float64))
    wrong = right.roll(1, 0)
    zero = torch.zeros(3, 1, dtype=torch.float64)
    assert objective.value_at_logits(right, zero)[0] == 0.0
    assert objective.value_at_logits(wrong, zero)[0] == pytest.approx(3 * size, rel=1e-14)
    x = objective.join(wrong / 3, torch.eye(3, dtype=torch.float64), zero)
    _, pieces = objective.value_at_logits(wrong, zero)
    at = objective.linearize(x, pieces)
    np.testing.assert_allclose(at.residual, np.roll(np.eye(3), 1, axis=0) - np.eye(3), atol=0)
    assert objective.gradient(at).isfinite().all()
    assert objective.hessian_vector(at, torch.ones_like(x)).isfinite().all()


def test_tau_does_not_underflow():
    form = StandardForm((2,), np.eye(2), np.ones(2), np.ones(2), np.ones(1), 1e-200, 1e-200, 1.0, ("cross-entropy",))
    assert form.tau == pytest.approx(2e-200)
