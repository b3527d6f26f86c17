"""No lower bound exceeds the minimum at λ's 1e-14 … 1e3, weights 1e±15, 10^9 samples: closed forms in 60 digits."""

import mpmath as mp
import numpy as np
import pytest
from degenerate_points import KINDS, minimum, point_at_random, problem_at_random
from family import columns

import ufm
from verify import certify

BIASES = {"free": 0.0, "none": None}


def check(problem, point, F, told):
    certificate = certify(problem, point)
    assert 0 <= mp.mpf(certificate.lower_bound) <= F, told
    if certificate.verdict == "global minimum":
        assert certificate.objective <= F * (1 + 2 * mp.mpf(certificate.tolerance)), told
    if certificate.verdict == "not optimal":
        sums = mp.mpf(10) ** -14 if problem.source == "multi" else 0
        assert certificate.objective > F * (1 - sums), told
        assert certificate.better_objective > F * (1 - mp.mpf(10) ** -12), told
    return certificate


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("start", range(0, 100, 50))
def test_balanced_cross_entropy_has_the_minimum_of_a_penalized_bias(start, bias):
    """Its bias is zero there, so that the closed form knows nothing of λ_b."""
    for seed in range(start, start + 50):
        rng = np.random.default_rng(seed)
        problem = problem_at_random(rng)
        problem.lambda_b = BIASES[bias]
        kind = KINDS[seed % len(KINDS)]
        point = point_at_random(problem, kind, rng)
        if bias == "none":
            point.b = None
        with mp.workdps(60):
            check(problem, point, minimum(problem), (seed, kind))


def squared_minimum(problem):
    """Σ ½ min(s, τ)² + τ (s − τ)₊ over the singular values s of diag(√c) Y diag(√n), centred where the bias is free."""
    total = mp.mpf(0)
    for tasks, owner, counts, targets in columns(problem):
        over = sum(counts) if problem.reduction == "mean" else 1
        # losses a ‖z − y‖²/2 beside w ‖h‖²: divided by a/w = 1/(over · owner), the same at 1 and λ_H times over · owner
        scale = over * mp.mpf(owner)
        tau = 2 * mp.sqrt(mp.mpf(problem.lambda_W) * mp.mpf(problem.lambda_H) * scale)
        rows = [[y for block in column for y in block] for column in targets]
        c = [mp.mpf(float(problem.task_weights[t])) for t in tasks for _ in range(problem.classes[t])]
        weights = [mp.mpf(n) / over for n in counts]
        if problem.lambda_b == 0.0:
            means = [mp.fdot(weights, [row[k] for row in rows]) / mp.fsum(weights) for k in range(len(c))]
            rows = [[x - mean for x, mean in zip(row, means, strict=True)] for row in rows]
        Y = mp.matrix(
            [[mp.sqrt(k * a) * x for k, x in zip(c, row, strict=True)] for a, row in zip(weights, rows, strict=True)]
        )
        for value in mp.eigsy(Y.T * Y, eigvals_only=True):
            s = mp.sqrt(max(value, mp.mpf(0)))
            total += min(s, tau) ** 2 / 2 + tau * max(s - tau, mp.mpf(0))
    return total


def squared_problem(rng, bias):
    lambdas = 10.0 ** rng.uniform(-14, 3, 2)
    settings = {"lambda_H": float(lambdas[0]), "lambda_W": float(lambdas[1]), "lambda_b": BIASES[bias]}
    settings["reduction"] = str(rng.choice(["sum", "mean"]))
    most = 10.0 ** rng.choice([1, 4, 9])
    tasks = int(rng.integers(1, 3))
    weights = (10.0 ** (rng.choice([1, 12, 15]) * rng.uniform(-1, 1, tasks))).tolist()
    source = rng.choice(["single", "multi", "regression"])
    if source == "regression":
        size, mean = 10.0 ** rng.uniform(-9, 9), rng.choice([0.0, 1.0, 1e6])
        blocks = [size * (mean + rng.standard_normal((9, int(rng.integers(1, 4))))) for _ in range(tasks)]
        return ufm.Regression(blocks, counts=rng.integers(1, most + 1, 9), task_weights=weights, **settings)
    settings |= {"loss": "squared-error", "label_smoothing": float(rng.choice([0.0, 1e-9, 0.1, 0.7]))}
    classes = [int(k) for k in rng.integers(2, 5, tasks)]
    if source == "multi":
        return ufm.MultiSource([rng.integers(1, most + 1, k) for k in classes], task_weights=weights, **settings)
    return ufm.SingleSource(rng.integers(0, most + 1, classes) + 1, task_weights=weights, **settings)


def squared_point(problem, kind, rng):
    """Any of ``degenerate_points``, whose columns are labels; near and far from the targets."""
    point = point_at_random(problem, kind, rng)
    if problem.lambda_b is None:
        point.b = None
    return point


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("start", range(0, 100, 50))
def test_squared_error_of_any_counts(start, bias):
    for seed in range(start, start + 50):
        rng = np.random.default_rng(seed)
        problem = squared_problem(rng, bias)
        kind = KINDS[seed % len(KINDS)]
        with mp.workdps(60):
            check(problem, squared_point(problem, kind, rng), squared_minimum(problem), (seed, kind))


@pytest.mark.parametrize("bias", BIASES)
def test_newtons_minima_of_squared_error_are_the_closed_form(bias):
    """The formula above is one."""
    for seed in range(6):
        rng = np.random.default_rng(seed)
        problem = squared_problem(rng, bias)
        problem.lambda_H, problem.lambda_W = 0.01, 0.02
        with mp.workdps(60):
            F = squared_minimum(problem)
        assert ufm.solve(problem).objective == pytest.approx(float(F), rel=1e-6)
