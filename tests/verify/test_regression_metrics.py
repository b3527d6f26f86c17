"""NRC1 to NRC3 against the paper's definitions in 50 digits, and at minima, where they vanish."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from points import mapped

import theory
from ufm import Regression, solve
from verify import metrics

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04}
NRC = ("NRC1", "NRC2", "NRC3")
DIGITS = 50


def made(seed, samples=25, outputs=3, dim=6, **settings):
    """A problem, and heads and features of no particular shape."""
    rng = np.random.default_rng(seed)
    targets = rng.standard_normal((samples, outputs)) @ rng.standard_normal((outputs, outputs))
    problem = Regression(targets, lambda_b=0.0, **LAMBDAS | settings)
    return problem, [rng.standard_normal((outputs, dim))], 0.4 + rng.standard_normal((dim, samples))


def exact(array):
    return mpmath.matrix([[mpmath.mpf(float(x)) for x in row] for row in np.atleast_2d(array)])


def root(matrix):
    """The symmetric square root."""
    values, vectors = mpmath.eigsy(matrix)
    return vectors * mpmath.diag([mpmath.sqrt(max(v, 0)) for v in values]) * vectors.T


def frobenius(matrix):
    return mpmath.sqrt(mpmath.fsum(x**2 for x in matrix))


def covariance(columns, weights):
    """N⁻¹ Σ (x − x̄)(x − x̄)ᵀ of the columns of a matrix."""
    weights = [mpmath.mpf(int(w)) / int(sum(weights)) for w in weights]
    total = mpmath.zeros(columns.rows)
    mean = mpmath.matrix([mpmath.fsum(columns[i, j] * w for j, w in enumerate(weights)) for i in range(columns.rows)])
    for j, w in enumerate(weights):
        off = columns[:, j] - mean
        total += w * off * off.T
    return total


def literal(targets, counts, W, H):
    """Section 3.1 of the paper: projections by an eigendecomposition and by normal equations, γ by golden sections."""
    with mpmath.workdps(DIGITS):
        W, H, Y = exact(W), exact(H), exact(np.asarray(targets).T)
        n, N = W.rows, int(sum(counts))
        _, vectors = mpmath.eigsy(covariance(H, counts))  # ascending
        P = vectors[:, vectors.cols - n :]
        onto = (P * P.T, W.T * mpmath.inverse(W * W.T) * W)
        outside = []
        for projection in onto:
            rest = mpmath.mpf(0)
            for j in range(H.cols):
                h = H[:, j] / mpmath.norm(H[:, j])
                rest += int(counts[j]) * mpmath.norm(h - projection * h) ** 2
            outside.append(rest / N)
        S, G = root(covariance(Y, counts)), W * W.T
        least = mpmath.sqrt(min(mpmath.eigsy(covariance(Y, counts), eigvals_only=True)))

        def distance(g):
            A = S - g * mpmath.eye(n)
            return frobenius(G / frobenius(G) - A / frobenius(A)) ** 2

        low, high, golden = mpmath.mpf(0), least, (mpmath.sqrt(5) - 1) / 2
        for _ in range(150):
            a, b = high - golden * (high - low), low + golden * (high - low)
            low, high = (low, b) if distance(a) <= distance(b) else (a, high)
        return [float(outside[0]), float(outside[1]), float(distance(low))]


@pytest.mark.parametrize("seed", range(6))
def test_in_fifty_digits(seed):
    counts = np.random.default_rng(seed).integers(1, 5, 25)
    problem, W, H = made(seed, counts=counts)
    measured = metrics(problem, W=W, H=H)
    assert [measured[name] for name in NRC] == pytest.approx(
        literal(problem.targets, problem.counts, W[0], H), rel=1e-10, abs=1e-13
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_best_shift_inside_its_interval(seed):
    """Heads close to the root of the covariance less a third of its least eigenvalue's root."""
    problem, _, H = made(seed)
    values, vectors = np.linalg.eigh(np.cov(problem.targets.T, bias=True))
    gram = vectors @ np.diag(np.sqrt(values) - np.sqrt(values[0]) / 3) @ vectors.T
    W = 1.7 * np.linalg.cholesky(gram) @ np.eye(3, 6)
    assert metrics(problem, W=[W], H=H)["NRC3"] < 1e-24
    noisy = W + 0.03 * np.random.default_rng(seed).standard_normal(W.shape)
    found = metrics(problem, W=[noisy], H=H)["NRC3"]
    assert found == pytest.approx(literal(problem.targets, problem.counts, noisy, H)[2], rel=1e-9)
    assert found > 1e-6


@pytest.mark.parametrize("tasks", [1, 2])
def test_vanish_at_minima(tasks):
    rng = np.random.default_rng(tasks)
    arrays = [rng.standard_normal((40, 2)) + 3.0 for _ in range(tasks)]
    problem = Regression(arrays, task_weights=(1.0, 2.5)[:tasks], lambda_b=0.0, **LAMBDAS)
    assert not theory.predict(problem).past_threshold
    point = solve(problem, dim=6)
    assert max(metrics(problem, point)[name] for name in NRC) < 1e-20
    rng = np.random.default_rng(0)
    away = mapped(point, lambda x: x + 0.1 * rng.standard_normal(x.shape))
    assert min(metrics(problem, away)[name] for name in NRC) > 1e-5


def test_without_bias_the_mean_is_fitted_by_heads_and_the_third_fails():
    """W Wᵀ is then a function of the second moments about zero, not of the covariance."""
    problem = Regression(3.0 + np.random.default_rng(0).standard_normal((40, 2)), lambda_b=None, **LAMBDAS)
    measured = metrics(problem, solve(problem, dim=5))
    assert max(measured["NRC1"], measured["NRC2"]) < 1e-20
    assert measured["NRC3"] > 1e-3


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), scale=st.floats(1e-6, 1e6))
def test_rotations_and_scales_do_not_matter(seed, scale):
    problem, W, H = made(seed)
    rotation = np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((6, 6)))[0]
    measured = metrics(problem, W=W, H=H)
    other = metrics(problem, W=[scale * W[0] @ rotation], H=rotation.T @ H / scale)
    assert [other[n] for n in NRC] == pytest.approx([measured[n] for n in NRC], rel=1e-8, abs=1e-12)


def test_a_column_stands_for_its_samples():
    rng = np.random.default_rng(3)
    targets, counts = rng.standard_normal((8, 2)), rng.integers(1, 6, 8)
    problem = Regression(targets, counts=counts, lambda_b=0.0, **LAMBDAS)
    W, H = [rng.standard_normal((2, 4))], rng.standard_normal((4, 8))
    spread = np.repeat(np.arange(8), counts)
    whole = metrics(problem, W=W, H=H)
    apart = metrics(problem, W=W, H=H[:, spread], labels=problem.labels[spread])
    assert [apart[n] for n in NRC] == pytest.approx([whole[n] for n in NRC], rel=1e-12)


def test_blocks_of_columns_do_not_matter(monkeypatch):
    problem, W, H = made(0)
    whole = metrics(problem, W=W, H=H)
    monkeypatch.setattr("verify.reading.label_sums.BLOCK", 20)
    pieces = metrics(problem, W=W, H=H)
    assert [pieces[n] for n in NRC] == pytest.approx([whole[n] for n in NRC], rel=1e-12)


def test_weak_directions_keep_their_digits():
    """Features in a plane, one direction 1e-9 of the other: a covariance matrix would see one direction only."""
    rng = np.random.default_rng(2)
    basis = np.linalg.qr(rng.standard_normal((5, 2)))[0]
    H = basis @ (np.array([[1.0], [1e-9]]) * rng.standard_normal((2, 30)))
    problem = Regression(rng.standard_normal((30, 2)), lambda_b=0.0, **LAMBDAS)
    assert metrics(problem, W=[basis.T], H=H)["NRC1"] < 1e-28


def test_one_output_has_no_third():
    problem, W, H = made(1, outputs=1)
    measured = metrics(problem, W=W, H=H)
    assert measured["NRC3"] == 0.0
    assert [measured[n] for n in NRC[:2]] == pytest.approx(literal(problem.targets, problem.counts, W[0], H)[:2])


def test_equal_variances_leave_the_shift_no_matter():
    """Σ a multiple of the identity: every Σ^{1/2} − γ^{1/2} I is one direction, and orthogonal equal heads have it."""
    targets = np.concatenate([np.eye(2), -np.eye(2)])
    problem = Regression(targets, lambda_b=0.0, **LAMBDAS)
    H = np.random.default_rng(0).standard_normal((3, 4))
    assert metrics(problem, W=[0.3 * np.eye(2, 3)], H=H)["NRC3"] == pytest.approx(0.0, abs=1e-30)
    assert metrics(problem, W=[np.array([[1.0, 0, 0], [0, 0, 0]])], H=H)["NRC3"] == pytest.approx(2 - np.sqrt(2))


def test_nan_and_why():
    problem, W, H = made(0)
    zero = metrics(problem, W=[np.zeros_like(W[0])], H=H)
    assert np.isnan(zero["NRC3"])
    assert zero.reasons["NRC3"] == "every head is zero"
    assert zero["NRC2"] == pytest.approx(1.0)  # all of h is outside of {0}
    H[:, 4] = 0.0
    measured = metrics(problem, W=W, H=H)
    assert np.isnan([measured["NRC1"], measured["NRC2"]]).all()
    assert "zero" in measured.reasons["NRC1"]
    flat = Regression(np.outer(np.arange(4.0), [1.0, 2.0]), lambda_b=0.0, **LAMBDAS)
    measured = metrics(flat, W=[np.eye(2)], H=np.eye(2, 4) + 1.0)
    assert measured.reasons["NRC3"] == "the covariance of the targets is singular"
