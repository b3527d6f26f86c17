"""Metrics beside Tables 5 and 6 against their definitions in 50 digits, written as loops over samples."""

import itertools
import pickle

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from ufm import MultiLabel, MultiSource, SingleSource, solve
from ufm.support.strict_json import plain
from verify import compare, metrics, tracked
from verify._metrics.classic import OF_TASKS
from verify._metrics.measured import CLASSIC, definition

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.03}
NAMES = (*OF_TASKS, "effective_rank")


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


def vector(x):
    return [mpf(float(v)) for v in x]


def dot(x, y):
    return mpmath.fsum(a * b for a, b in zip(x, y, strict=True))


def norm(x):
    return mpmath.sqrt(dot(x, x))


def minus(x, y):
    return [a - b for a, b in zip(x, y, strict=True)]


def average(vectors):
    return [mpmath.fsum(column) / len(vectors) for column in zip(*vectors, strict=True)]


def mean(numbers):
    numbers = list(numbers)
    return mpmath.fsum(numbers) / len(numbers)


def angles(vectors):
    off = mpf(1) / (len(vectors) - 1)
    return mean(abs(dot(u, v) / (norm(u) * norm(v)) + off) for u, v in itertools.permutations(vectors, 2))


def variation(vectors):
    norms = [norm(v) for v in vectors]
    return mpmath.sqrt(mean((n - mean(norms)) ** 2 for n in norms)) / mean(norms)


def literal(W, b, H, y, alone=True):
    """One task, columns of H samples; tr(Σ_W Σ_B⁺) from the eigenvectors of the (d, d) matrix Σ_B."""
    d, N = H.shape
    samples = [vector(h) for h in H.T]
    heads, present = [vector(w) for w in W], sorted(set(y.tolist()))
    members = {k: [samples[i] for i in range(N) if y[i] == k] for k in present}
    mu = {k: average(members[k]) for k in present}
    centre = average(samples)
    M = {k: minus(mu[k], centre) for k in present}
    deviations = [minus(h, mu[int(k)]) for h, k in zip(samples, y, strict=True)]
    between = mpmath.matrix(d, d)
    for k in present:
        p = mpf(len(members[k])) / N
        for i, j in itertools.product(range(d), repeat=2):
            between[i, j] += p * M[k][i] * M[k][j]
    values, vectors = mpmath.eigsy(between)
    pinv = mpf(0)
    for i in range(d):
        if values[i] > mpf(10) ** -40 * max(values):
            direction = [vectors[j, i] for j in range(d)]
            pinv += mean(dot(direction, e) ** 2 for e in deviations) / values[i]
    spread = {k: mean(dot(minus(h, mu[k]), minus(h, mu[k])) for h in members[k]) for k in present}
    pairs = list(itertools.combinations(present, 2))
    rows = [heads[k] for k in present]
    size_W, size_M = (mpmath.sqrt(mpmath.fsum(dot(v, v) for v in vs)) for vs in (rows, M.values()))
    dual = mpmath.sqrt(
        mpmath.fsum((w / size_W - m / size_M) ** 2 for k in present for w, m in zip(heads[k], M[k], strict=True))
    )
    agree = 0
    for h in samples:
        logits = [dot(w, h) + mpf(float(v)) for w, v in zip(heads, b, strict=True)]
        near = min(present, key=lambda k, h=h: norm(minus(h, mu[k])))
        agree += logits.index(max(logits)) == near
    return {
        "pinv_NC1": pinv / len(present),
        "trace_NC1": mean(dot(e, e) for e in deviations)
        / mpmath.fsum(mpf(len(members[k])) / N * dot(M[k], M[k]) for k in present),
        "CDNV": mean((spread[k] + spread[m]) / (2 * norm(minus(mu[k], mu[m])) ** 2) for k, m in pairs),
        "means_cosine": angles(list(M.values())),
        "means_equinorm": variation(list(M.values())),
        "heads_cosine": angles(heads),
        "heads_equinorm": variation(heads),
        "self_duality": dual if alone else mpmath.nan,
        "centre_agreement": mpf(agree) / N,
    }


def literal_rank(H):
    sigma = mpmath.svd_r(mpmath.matrix(H.tolist()) / mpmath.sqrt(H.shape[1]), compute_uv=False)
    p = [s / mpmath.fsum(sigma) for s in sigma]
    return mpmath.exp(-mpmath.fsum(q * mpmath.log(q) for q in p if q > 0))


def assert_close(measured, expected, rtol=1e-12):
    for name, value in expected.items():
        assert measured[name] == pytest.approx(float(value), rel=rtol, abs=1e-14, nan_ok=True), name


def point(classes, samples, dim, seed=0):
    rng = np.random.default_rng(seed)
    W = [rng.standard_normal((k, dim)) for k in classes]
    b = [rng.standard_normal(k) for k in classes]
    y = np.stack([rng.permutation(np.arange(samples) % k) for k in classes], axis=1)
    y[: samples // 4] = y[0]  # classes of unequal size
    H = rng.standard_normal((dim, samples)) + sum(3 * W[t][y[:, t]].T for t in range(len(W)))
    return W, b, H, y


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("k", "dim"), [(4, 5), (5, 3), (2, 2)])
def test_one_task(k, dim, seed):
    W, b, H, y = point((k,), 20, dim, seed)
    measured = metrics(W=W, b=b, H=H, labels=y, classic=True)
    assert_close(measured, literal(W[0], b[0], H, y[:, 0]) | {"effective_rank": literal_rank(H)})
    assert set(NAMES) == set(CLASSIC)
    assert list(measured)[-len(NAMES) :] == list(CLASSIC)
    assert all(type(value) is float for value in measured.values())


def test_several_tasks_are_averaged_and_samples_left_out_where_they_have_no_label():
    W, b, H, y = point((3, 4), 24, 6)
    y[::5, 1] = -1
    measured = metrics(W=W, b=b, H=H, labels=y, classic=True)
    tasks = []
    for t in range(2):
        own = y[:, t] >= 0
        tasks.append(literal(W[t], b[t], H[:, own], y[own, t], alone=False))
    assert_close(measured, {name: (tasks[0][name] + tasks[1][name]) / 2 for name in OF_TASKS})
    assert measured["effective_rank"] == pytest.approx(float(literal_rank(H)), rel=1e-12)
    assert measured.reasons["self_duality"].startswith("several tasks share these features")


def test_tasks_with_samples_of_their_own():
    points = [point((3,), 12, 4, seed=1), point((4,), 16, 4, seed=2)]
    W, b = ([p[i][0] for p in points] for i in range(2))
    H, y = [p[2] for p in points], [p[3][:, 0] for p in points]
    measured = metrics(W=W, b=b, H=H, labels=y, classic=True)
    tasks = [literal(*parts) for parts in zip(W, b, H, y, strict=True)]
    assert_close(measured, {name: (tasks[0][name] + tasks[1][name]) / 2 for name in OF_TASKS})
    assert not np.isnan(measured["self_duality"])


def test_a_column_stands_for_the_samples_behind_it():
    """Of labels seen n_l times with a column each, the metrics are those of n_l equal columns."""
    problem = SingleSource([[5, 1, 2], [3, 4, 6]], **LAMBDAS)
    W, b, _, _ = point((2, 3), 6, 4)
    H = np.random.default_rng(0).standard_normal((4, 6))
    repeated, labels = np.repeat(H, problem.counts, axis=1), np.repeat(problem.labels, problem.counts, axis=0)
    one = metrics(problem, W=W, b=b, H=H, classic=True)
    assert_close(metrics(problem, W=W, b=b, H=repeated, labels=labels, classic=True), dict(one))
    assert_close(one, {"CDNV": sum(literal(W[t], b[t], repeated, labels[:, t])["CDNV"] for t in (0, 1)) / 2})


@pytest.mark.parametrize("condition", [1e4, 1e8, 1e11])
def test_ill_conditioned_means(condition):
    """Means whose spread falls over singular values 1 … 1/condition: what Bᵀ B in float64 has lost by 1e8."""
    rng = np.random.default_rng(3)
    K, dim, n = 5, 8, 4
    y = np.repeat(np.arange(K), n)
    basis = np.linalg.qr(rng.standard_normal((dim, K - 1)))[0]
    scales = np.geomspace(1, 1 / condition, K - 1)
    mu = basis @ (scales[:, None] * np.linalg.qr(rng.standard_normal((K, K - 1)))[0].T)
    noise = basis @ (scales[:, None] * rng.standard_normal((K - 1, K * n)))
    H = mu[:, y] + 0.1 * noise
    W = [rng.standard_normal((K, dim))]
    measured = metrics(W=W, H=H, labels=y, classic=True)["pinv_NC1"]
    expected = float(literal(W[0], np.zeros(K), H, y)["pinv_NC1"])
    assert measured == pytest.approx(expected, rel=64 * 2.0**-52 * condition)
    if condition == 1e8:
        centred = np.stack([H[:, y == k].mean(axis=1) for k in range(K)], axis=1) - H.mean(axis=1, keepdims=True)
        within = H - (centred + H.mean(axis=1, keepdims=True))[:, y]
        gram = np.linalg.pinv(centred @ centred.T / K)
        assert abs(np.trace(within @ within.T / (K * n) @ gram) / K - expected) > 0.01 * expected


def test_a_direction_of_no_means_is_left_out():
    """Means of rank 1, variance within classes along another axis: ⁺ is 0 there, and rounding makes it no 1/ε."""
    H = np.array([[0.1, 0.3, 1.1, 1.3, 2.1, 2.3], [0.7, -0.7, 0.7, -0.7, 0.7, -0.7], [1e3] * 6]) + 1 / 3
    y = np.repeat(np.arange(3), 2)
    measured = metrics(W=[np.eye(3)], H=H, labels=y, classic=True)
    assert measured["pinv_NC1"] == pytest.approx(0.01 / (2 / 3) / 3, rel=1e-9)


def test_scale_changes_snc1_and_no_ratio():
    W, b, H, y = point((4,), 20, 5)
    one = metrics(W=W, b=b, H=H, labels=y, classic=True)
    other = metrics(W=[W[0] / 8], b=b, H=8 * H, labels=y, classic=True)
    assert other["SNC1"] == 64 * one["SNC1"]
    assert_close(other, {name: one[name] for name in NAMES}, rtol=1e-12)


def test_collapsed_points_of_a_balanced_problem():
    problem = SingleSource.balanced((4,), 9, **LAMBDAS)
    measured = metrics(problem, solve(problem), classic=True)
    for name in NAMES:
        expected = {"centre_agreement": 1.0, "effective_rank": 3.0}.get(name, 0.0)
        assert measured[name] == pytest.approx(expected, abs=1e-10), name


def test_what_is_undefined_says_why():
    W = [np.eye(3, 4)]
    same = metrics(W=W, H=np.ones((4, 6)), labels=np.arange(6) % 3, classic=True)
    for name in ("pinv_NC1", "trace_NC1", "CDNV", "means_cosine", "means_equinorm", "self_duality"):
        assert np.isnan(same[name])
        assert same.reasons[name]
    assert same["effective_rank"] == pytest.approx(1.0)
    one = metrics(W=W, H=np.random.default_rng(0).standard_normal((4, 6)), labels=np.zeros(6, int), classic=True)
    assert one.reasons["pinv_NC1"] == one.reasons["CDNV"] == "a task has samples of one class only"
    zero = metrics(W=[np.zeros((3, 4))], H=np.zeros((4, 6)), labels=np.arange(6) % 3, classic=True)
    assert zero.reasons["effective_rank"] == "all features are zero"
    assert "zero" in zero.reasons["heads_cosine"]
    assert all(np.isnan(zero[name]) == (name in zero.reasons) for name in NAMES)
    sets = MultiLabel.balanced(4, {1: 3, 2: 2}, **LAMBDAS)
    measured = metrics(sets, solve(sets), classic=True)
    assert measured.reasons["CDNV"] == "a sample has a set of labels, not one class"
    assert measured["effective_rank"] > 1


def test_present_users_are_left_alone():
    problem = MultiSource.balanced((3, 2), 4, **LAMBDAS)
    solution = solve(problem)
    plain_ones = metrics(problem, solution)
    assert not set(NAMES) & set(plain_ones)
    assert plain_ones.reasons["CDNV"] == "measured by verify.metrics(…, classic=True) only"
    assert np.isnan(plain_ones["CDNV"])
    assert dict(compare(problem, solution).metrics) == dict(plain_ones)
    more = metrics(problem, solution, classic=True)
    assert {name: more[name] for name in plain_ones} == dict(plain_ones)
    assert pickle.loads(pickle.dumps(more)).reasons == more.reasons
    assert definition("CDNV") == "Galanti et al. 2022"
    assert plain(more)["CDNV"] == more["CDNV"]
    with pytest.raises(ValueError, match="CDNV"):
        tracked(problem, "CDNV")
