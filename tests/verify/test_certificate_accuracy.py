"""Objective and bound against 50-digit arithmetic, and against an outside solver."""

import mpmath
import numpy as np
import pytest
from points import perturbed
from verified_points import COVERED, UNCOVERED, named, random_point, solved

from ufm import SingleSource, solve
from verify import certify
from verify.certification.dual import plain_bound
from verify.certification.objective import evaluate
from verify.losses import LOSSES
from verify.reading.form import forms
from verify.reading.point import read_point


def precisely(problem, W, H, b):
    """F and D of one shared H with a column per label, straight from theory's formulas in 50 digits."""
    with mpmath.workdps(50):
        m = mpmath.mpf
        N = sum(int(n) for n in problem.counts)
        divisor = N if problem.reduction == "mean" else 1
        lam_H, lam_W, lam_b = (m(v) for v in (problem.lambda_H, problem.lambda_W, problem.lambda_b))
        eps = m(problem.label_smoothing)
        F = sum(int(n) * lam_H * sum(m(x) ** 2 for x in H[:, i]) for i, n in enumerate(problem.counts))
        p, V = {}, []
        for t, k in enumerate(problem.classes):
            c = m(problem.task_weights[t])
            F += lam_W * c * sum(m(x) ** 2 for x in W[t].flat) + lam_b * c * sum(m(x) ** 2 for x in b[t])
            V += [[] for _ in range(k)]
            for i, label in enumerate(problem.labels):
                u = [sum(m(x) * m(y) for x, y in zip(W[t][j], H[:, i], strict=True)) + m(b[t][j]) for j in range(k)]
                lse = mpmath.log(sum(mpmath.exp(v) for v in u))
                y = [(1 - eps) * (j == label[t]) + eps / k for j in range(k)]
                a = m(int(problem.counts[i])) / divisor
                F += c * a * (lse - sum(v * w for v, w in zip(u, y, strict=True)))
                for j in range(k):
                    p[t, i, j] = (mpmath.exp(u[j] - lse), y[j])
                    V[sum(problem.classes[:t]) + j].append(c * a * (p[t, i, j][0] - y[j]))
        root = [mpmath.sqrt(m(c)) for c, k in zip(problem.task_weights, problem.classes, strict=True) for _ in range(k)]
        scaled = mpmath.matrix(
            [
                [v / r / mpmath.sqrt(int(n)) for v, n in zip(row, problem.counts, strict=True)]
                for row, r in zip(V, root, strict=True)
            ]
        )
        sigma = mpmath.sqrt(max(mpmath.eigsy(scaled * scaled.T, eigvals_only=True)))
        theta = min(m(1), 2 * mpmath.sqrt(lam_W * lam_H) / sigma)
        D = loss = m(0)
        for (t, i, _), (prob, y) in p.items():
            q = theta * prob + (1 - theta) * y
            if q > 0:
                D -= m(problem.task_weights[t]) * m(int(problem.counts[i])) / divisor * q * mpmath.log(q)
        for row, r in zip(V, root, strict=True):
            loss += theta**2 * sum(row) ** 2 / (4 * lam_b * r**2)
        return F, D - loss, D + loss, sigma / (2 * mpmath.sqrt(lam_W * lam_H))


TINY_TAILS = SingleSource.balanced((2, 3), 216_667, lambda_H=5e-4, lambda_W=5e-4, lambda_b=5e-4)  # N = 1,300,002


@pytest.mark.parametrize(
    "problem",
    [
        TINY_TAILS,
        named("arbitrary"),
        named("smoothed"),
        named("3.1 mean"),
        SingleSource(
            [[3, 1], [0, 2]], reduction="mean", label_smoothing=0.05, lambda_H=0.01, lambda_W=0.02, lambda_b=0.3
        ),
    ],
    ids=["tiny tails", "arbitrary", "smoothed", "mean", "mean smoothed"],
)
@pytest.mark.parametrize("where", ["minimum", "near", "far"])
def test_against_fifty_digits(problem, where):
    point = solve(problem)
    if where == "near":
        point = perturbed(point, 1e-6)
    if where == "far":
        point = random_point(problem, 4, 1.0, 3)
    W, b, H = [np.asarray(w) for w in point.W], [np.asarray(v) for v in point.b], np.asarray(point.H)
    F, D, terms, ratio = precisely(problem, W, H, b)
    certificate = certify(problem, point)
    assert abs(certificate.objective / F - 1) < 1e-14
    assert abs(certificate.spectral_ratio / ratio - 1) < 1e-13
    (form,) = forms(problem)
    (part,) = read_point(problem, point, None, None, None, None)
    plain = plain_bound(form, evaluate(form, part).residual).value
    assert plain <= D
    assert D - plain < 2e-14 * terms
    assert certificate.lower_bound >= plain
    if where == "minimum":
        assert certificate.lower_bound == plain
        assert abs(certificate.gap - (F - D)) < 2e-14 * F


def test_gap_of_a_million_samples_is_resolved_to_its_last_digits():
    """A naive p − y leaves 1e-10 here."""
    certificate = certify(named("3.1 large"), solved("3.1 large"))
    assert abs(certificate.relative_gap) < 1e-12
    assert abs(certificate.spectral_ratio - 1) < 1e-12


def test_cross_entropy_of_extreme_logits():
    """Tails far below machine precision, and a wrong decision by 2,000."""
    u = np.array([[0.0, 2000.0, 30.0], [-50.0, 0.0, 0.0], [-60.0, -2000.0, 0.0]])
    y = np.array([[1.0, 0.0, 0.2], [0.0, 1.0, 0.3], [0.0, 0.0, 0.5]])
    loss, residual = LOSSES["cross-entropy"].value_and_residual(u, y)
    tail = np.exp(-50.0) + np.exp(-60.0)
    np.testing.assert_allclose(loss[:2], [tail, 2000.0], rtol=1e-15)
    np.testing.assert_allclose(loss[2], 0.8 * 30, rtol=1e-12)
    np.testing.assert_allclose(residual[:, 0], [-tail, np.exp(-50.0), np.exp(-60.0)], rtol=1e-14)
    np.testing.assert_array_equal(residual[:, 1], [1.0, -1.0, 0.0])
    np.testing.assert_array_equal(np.abs(residual.sum(axis=0)) < 1e-16, True)


def test_objective_that_overflows_is_refused():
    problem = SingleSource([3, 1], lambda_H=1e300, lambda_W=1.0, lambda_b=1.0)
    with pytest.raises(FloatingPointError, match="overflows"):
        certify(problem, W=[[[1.0], [1.0]]], H=[[1e70, 1.0]])


@pytest.mark.parametrize("name", ["5.1 below", "arbitrary", "smoothed", "B.2 partial"])
def test_outside_solver_lies_between_bound_and_objective(name):
    cp = pytest.importorskip("cvxpy")
    problem = {**COVERED, **UNCOVERED}[name]
    m, R = len(problem.labels), sum(problem.classes)
    Z, b = cp.Variable((R, m)), cp.Variable(R)
    c = np.repeat(problem.task_weights, problem.classes)
    loss, row = 0, 0
    for t, k in enumerate(problem.classes):
        y = (1 - problem.label_smoothing) * np.eye(k)[problem.labels[:, t]] + problem.label_smoothing / k
        for i in range(m):
            u = Z[row : row + k, i] + b[row : row + k]
            loss += problem.task_weights[t] * problem.counts[i] * (cp.log_sum_exp(u) - y[i] @ u)
        row += k
    nuclear = cp.normNuc(cp.diag(np.sqrt(c)) @ Z @ cp.diag(np.sqrt(problem.counts)))
    tau = 2 * np.sqrt(problem.lambda_W * problem.lambda_H)
    program = cp.Problem(cp.Minimize(loss + tau * nuclear + problem.lambda_b * c @ cp.square(b)))
    program.solve(solver=cp.CLARABEL)
    certificate = certify(problem, solved(name))
    np.testing.assert_allclose(certificate.objective, program.value, rtol=1e-6)
    np.testing.assert_allclose(certificate.lower_bound, program.value, rtol=1e-6)
    far = certify(problem, random_point(problem, R, 0.5, 0))
    assert far.lower_bound <= program.value * (1 + 1e-6)
    assert far.objective >= program.value * (1 - 1e-6)
