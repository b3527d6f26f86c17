"""No lower bound exceeds the minimum, whatever the point: against closed forms in 60 digits, and against balls."""

import mpmath as mp
import numpy as np
import pytest
from degenerate_points import KINDS, minimum, point_at_random, problem_at_random

from ufm import SingleSource
from verify import certify
from verify.certification.dual import per_task_deviation, polar_deviations
from verify.certification.dual_value import _norms, dual_point
from verify.certification.norm_bound import norm_bound
from verify.certification.objective import evaluate
from verify.reading.form import forms
from verify.reading.point import read_point


def check(seed):
    rng = np.random.default_rng(seed)
    problem = problem_at_random(rng)
    kind = KINDS[seed % len(KINDS)]
    certificate = certify(problem, point_at_random(problem, kind, rng))
    with mp.workdps(60):
        F = minimum(problem)
        assert 0 <= mp.mpf(certificate.lower_bound) <= F, (seed, kind)
        if certificate.verdict == "global minimum":
            assert certificate.objective <= F * (1 + 2 * mp.mpf(certificate.tolerance)), (seed, kind)
        if certificate.verdict == "not optimal":
            sums = mp.mpf(10) ** -14 if problem.source == "multi" else 0  # a light task may not show in the total
            assert certificate.objective > F * (1 - sums), (seed, kind)
            assert certificate.better_objective > F * (1 - mp.mpf(10) ** -12), (seed, kind)


@pytest.mark.parametrize("start", range(0, 300, 50))
def test_bound_of_a_degenerate_point(start):
    for seed in range(start, start + 50):
        check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(300, 10_000, 100))
def test_bound_of_ten_thousand_degenerate_points(start):
    for seed in range(start, start + 100):
        check(seed)


@pytest.mark.parametrize(("K", "n", "size"), [(10, 5000, 5e-4), (3, 5000, 5e-4), (10, 5000, 1e-8), (3, 5000, 1e-14)])
def test_zero_of_a_balanced_problem(K, n, size):
    """The closed form's dual point: nothing of D may be lost but its rounding, nothing gained."""
    problem = SingleSource([n] * K, lambda_H=size, lambda_W=size, lambda_b=size)
    certificate = certify(problem, W=[np.zeros((K, K - 1))], H=np.zeros((K - 1, K)))
    with mp.workdps(60):
        F = minimum(problem)
        assert F * (1 - mp.mpf(10) ** -13) <= certificate.lower_bound <= F


@pytest.mark.parametrize("exponent", [8, 15, 30])
@pytest.mark.parametrize("scale", [0.0, 1e-200, 1e-9, 1.0])
def test_task_weights_many_orders_apart_close_no_gap(exponent, scale):
    """A light task's rounding must not be divided by the root of its weight into the bound, nor the heavy one's."""
    rng = np.random.default_rng(0)
    for weights in (
        (1.0, 10.0**-exponent),
        (10.0**-exponent, 1.0),
        (10.0 ** (exponent // 2), 10.0 ** -(exponent // 2)),
    ):
        for size in (1e-12, 1e-6, 1e-3):
            problem = SingleSource.balanced(
                (3, 4), 50, task_weights=weights, lambda_H=size, lambda_W=size, lambda_b=size
            )
            W, H = [scale * rng.standard_normal((k, 5)) for k in (3, 4)], rng.standard_normal((5, 12))
            certificate = certify(problem, W=W, H=H)
            with mp.workdps(60):
                assert certificate.lower_bound <= minimum(problem)
            assert certificate.verdict != "global minimum"


def exactly(form, point):
    """The exact δ and the norm of what it is scaled to, of the doubles stored of a problem."""
    D = mp.matrix(point.deviation.tolist())
    for rows, tops in zip(form.blocks, form.tops, strict=True):
        for label, top in enumerate(tops.tolist()):
            D[top, label] = -sum(D[k, label] for k in range(rows.start, rows.stop) if k != top)
    c = [mp.sqrt(mp.mpf(x)) for x in form.rows_c.tolist()]
    column = [
        mp.mpf(x) / mp.sqrt(mp.mpf(w))
        for x, w in zip(form.loss_weight.tolist(), form.feature_weight.tolist(), strict=True)
    ]
    scaled = mp.matrix(D.rows, D.cols)
    for i in range(D.rows):
        for j in range(D.cols):
            scaled[i, j] = c[i] * column[j] * D[i, j]
    G = scaled * scaled.T if D.rows <= D.cols else scaled.T * scaled
    return D, mp.sqrt(max(mp.eigsy(G, eigvals_only=True)))


@pytest.mark.parametrize("seed", range(40))
def test_dual_point_and_its_value_in_sixty_digits(seed, monkeypatch):
    """q ≥ 0 and σ ≤ σ̄ of the very δ that is meant, sums zero by definition; the value is D there, less very little."""
    rng = np.random.default_rng(1000 + seed)
    problem = problem_at_random(rng)
    kept = []
    monkeypatch.setattr("verify.certification.dual_value._norms", lambda *a: kept.append(_norms(*a)) or kept[-1])
    points = read_point(problem, point_at_random(problem, KINDS[seed % len(KINDS)], rng), None, None, None, None)
    for form, part in zip(forms(problem), points, strict=True):
        if form.targets.size > 100:
            continue
        residual = evaluate(form, part).residual
        noise = residual + 1e-3 * rng.standard_normal(residual.shape)
        for wanted in (residual, per_task_deviation(form, residual), *polar_deviations(form, residual), noise):
            kept.clear()
            point = dual_point(form, wanted)
            bound = kept[0][1]
            with mp.workdps(60):
                D, sigma = exactly(form, point)
                tau = 2 * mp.sqrt(mp.mpf(form.lambda_W) * mp.mpf(form.lambda_H))
                theta = mp.mpf(1) if bound <= tau else tau / mp.mpf(bound)
                assert sigma <= bound
                value = size = mass = mp.mpf(0)
                for t, (rows, weight) in enumerate(zip(form.blocks, form.task_weights.tolist(), strict=True)):
                    c, drift = mp.mpf(weight), [mp.mpf(0)] * (rows.stop - rows.start)
                    for label, a in enumerate(form.loss_weight.tolist()):
                        s = round(form.masses[t, label])
                        mass += c * mp.mpf(a) * s
                        outside = mp.mpf(problem.label_smoothing) * s / len(drift)
                        for i, k in enumerate(range(rows.start, rows.stop)):
                            y = outside + (1 - mp.mpf(problem.label_smoothing)) * int(form.indicators[k, label])
                            q = y + theta * D[k, label]
                            assert q >= 0
                            value -= c * mp.mpf(a) * (q * mp.log(q / s) if q > 0 else 0)
                            drift[i] += mp.mpf(a) * theta * D[k, label]
                    size += value
                    loss = c * sum(x * x for x in drift) / (4 * mp.mpf(form.lambda_b))
                    value, size = value - loss, size + loss
                assert point.value <= value + size * mp.mpf(10) ** -16
                assert point.value >= value - size * mp.mpf(10) ** -11 - mass * mp.mpf(10) ** -12


@pytest.mark.parametrize("shape", [(1, 1), (3, 7), (12, 4), (20, 20), (6, 300), (40, 90)])
@pytest.mark.parametrize("kind", ["normal", "orthogonal", "rank one", "graded", "zero"])
def test_norm_bound_is_one_and_close(shape, kind):
    rng = np.random.default_rng(0)
    X = rng.standard_normal(shape)
    if kind == "orthogonal":
        U, _, Vt = np.linalg.svd(X, full_matrices=False)
        X = U @ Vt
    if kind == "rank one":
        X = np.outer(X[:, 0], X[0])
    if kind == "graded":
        X *= 10.0 ** -np.linspace(0, 30, shape[0])[:, None]
    X /= np.abs(X).max()
    if kind == "zero":
        X *= 0.0
    size = np.abs(X)
    square = max(float(size.sum(axis=0).max() * size.sum(axis=1).max()) * (1 + 1e-12), 1e-250)
    sigma, bound = norm_bound(X, square)
    with mp.workdps(40):
        M = mp.matrix(X.tolist() if shape[0] <= shape[1] else X.T.tolist())
        exact = mp.sqrt(max(mp.mpf(0), max(mp.eigsy(M * M.T, eigvals_only=True))))
        assert exact <= bound
        assert bound <= exact * (1 + mp.mpf(10) ** -12) + mp.mpf(10) ** -120
        assert abs(sigma - exact) <= exact * mp.mpf(10) ** -13


WRONG = {
    "too small": lambda G: 0.5 * np.linalg.eigvalsh(G),
    "too large": lambda G: 2.0 * np.linalg.eigvalsh(G),
    "zero": lambda G: np.zeros(len(G)),
    "no number": lambda G: np.full(len(G), np.nan),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_eigenvalues_need_no_proof(wrong, monkeypatch):
    X = np.random.default_rng(0).uniform(-1, 1, (5, 9))
    true = float(np.linalg.svd(X, compute_uv=False)[0])
    eigenvalues = WRONG[wrong](X @ X.T)
    monkeypatch.setattr("verify.certification.norm_bound.np.linalg.eigvalsh", lambda G: eigenvalues)
    assert norm_bound(X, float(np.sum(np.abs(X)) ** 2))[1] >= true * (1 - 1e-14)


@pytest.mark.parametrize("seed", range(40))
def test_floats_and_balls_agree(seed):
    """F within its rounding of the proven ball, and no lower bound above the other's upper end."""
    pytest.importorskip("flint")
    rng = np.random.default_rng(5000 + seed)
    problem = problem_at_random(rng)
    if sum(problem.classes) * len(problem.labels) > 150:
        problem = SingleSource(rng.integers(1, 50, (2, 3)), lambda_H=1e-3, lambda_W=1e-5, lambda_b=1e-2)
    point = point_at_random(problem, KINDS[seed % len(KINDS)], rng)
    plain, proven = certify(problem, point), certify(problem, point, rigorous=True)
    points = read_point(problem, point, None, None, None, None)
    rounding = sum(evaluate(form, part).rounding for form, part in zip(forms(problem), points, strict=True))
    assert abs(plain.objective - proven.enclosure.upper) <= rounding * 1.01 + 4e-16 * plain.objective
    assert plain.lower_bound <= proven.enclosure.upper
    assert proven.enclosure.lower <= plain.objective + rounding
    assert {plain.verdict, proven.verdict} != {"global minimum", "not optimal"}
