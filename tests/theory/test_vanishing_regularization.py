"""The limit λ → 0: verdicts against the max-margin program itself, and against certified minima at small λ."""

from __future__ import annotations

import math

import cvxpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

import theory
from theory import vanishing_regularization
from theory.feature_space import centred_labels
from ufm import MultiLabel, MultiSource, SingleSource, solve
from verify import certify

LAMBDAS = {"lambda_H": 0.2, "lambda_W": 0.05, "lambda_b": 0.1}
FEWEST = [[0, 0, 1], [1, 1, 0]]  # three samples, one a class of its own in both tasks


def max_margin(problem):
    """min ‖diag(√c) Z diag(√n)‖_* with every label ahead by 1, by cvxpy; and the same at the centred labels."""
    rows = np.sqrt(np.repeat(problem.task_weights, problem.classes))
    Z = cvxpy.Variable((len(rows), len(problem.counts)))
    constraints, centred, start = [], [], 0
    for K, k in zip(problem.classes, problem.labels.T, strict=True):
        block = Z[start : start + K]
        for column, label in enumerate(k):
            others = [j for j in range(K) if j != label]
            constraints.append(block[label, column] - block[others, column] >= 1)
        centred.append(np.eye(K)[:, k] - 1.0 / K)
        start += K

    def scaled(logits):
        return np.diag(rows) @ logits @ np.diag(np.sqrt(problem.counts))

    program = cvxpy.Problem(cvxpy.Minimize(cvxpy.normNuc(scaled(Z))), constraints)
    program.solve(solver="SCS", eps=1e-8, max_iters=100_000)
    labels = np.concatenate(centred)
    return program.value, float(np.linalg.norm(scaled(labels), "nuc")), float(np.abs(Z.value - labels).max())


@pytest.mark.parametrize(
    ("counts", "weights"),
    [
        ([5, 1, 1, 30], None),
        ([[3, 1], [2, 7]], (1.0, 30.0)),
        ([[20, 10, 10], [10, 20, 10], [10, 10, 20]], None),
        ([[4, 0, 0], [0, 5, 0], [0, 0, 1]], None),
        ([[[0, 2, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 1]]], None),  # by a subgradient other than U Vᵀ
    ],
)
def test_proven_limits_solve_the_max_margin_program(counts, weights):
    problem = SingleSource(counts, task_weights=weights, **LAMBDAS)
    assert vanishing_regularization(problem).verdict == "proven"
    value, at_labels, distance = max_margin(problem)
    assert value == pytest.approx(at_labels, rel=1e-5)
    assert distance < 1e-2


@pytest.mark.parametrize(
    "counts",
    [FEWEST, [[1, 1, 50], [50, 50, 1]], [[4, 1, 1], [1, 0, 5], [1, 5, 0]], [[0, 0, 1], [0, 1, 1], [1, 1, 0]]],
)
def test_where_it_fails_the_max_margin_program_has_a_better_point(counts):
    problem = SingleSource(counts, **LAMBDAS)
    limit = vanishing_regularization(problem)
    assert limit.verdict == "fails"
    assert "the only subgradient" in limit.reason
    value, at_labels, distance = max_margin(problem)
    assert value < at_labels * (1 - 1e-5)
    assert distance > 1e-2


def cosines_at(problem, penalty):
    """Of a certified minimum with all λ's scaled down."""
    small = {name: penalty * getattr(problem, name) for name in ("lambda_H", "lambda_W", "lambda_b")}
    moved = SingleSource(problem.count_tensor(), task_weights=problem.task_weights, **small)
    solution = solve(moved)
    assert certify(moved, solution).verdict == "global minimum"
    W = np.concatenate([np.asarray(w) for w in solution.W])
    norms = np.linalg.norm(W, axis=1)
    return W @ W.T / np.outer(norms, norms)


def distances(problem, powers):
    limit = vanishing_regularization(problem).cosines
    return np.array([np.abs(cosines_at(problem, 10.0**-p) - limit).max() for p in powers])


@pytest.mark.parametrize("counts", [[[3, 1], [2, 7]], [[21, 6, 3], [6, 23, 1], [3, 1, 26]], [40, 3, 1]])
def test_certified_minima_tend_to_a_proven_limit(counts):
    """As 1/log(1/λ)."""
    distance = distances(SingleSource(counts, **LAMBDAS), (2, 4, 8))
    assert (np.diff(distance) < 0).all()
    assert distance[-1] < 0.6 * distance[0]


def test_certified_minima_stay_away_where_it_fails():
    """cos(w_1^1, w_3^2) is 1 in every solution, and 0.704 in the labels' geometry."""
    problem = SingleSource(FEWEST, **LAMBDAS)
    assert vanishing_regularization(problem).cosines[0, 4] == pytest.approx(0.70439, abs=1e-5)
    for power in (0, 3, 6):
        assert cosines_at(problem, 10.0**-power)[0, 4] == pytest.approx(1.0, abs=1e-6)


@settings(max_examples=examples(60))
@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=9).filter(any))
def test_one_task_has_the_signs_for_any_counts(counts):
    """U Vᵀ itself, which the verdict does not look at for one task."""
    K, present = len(counts), np.flatnonzero(counts)
    scaled = centred_labels(K, present) * np.sqrt(np.array(counts)[present])
    U, singular, Vt = np.linalg.svd(scaled, full_matrices=False)
    rank = int(np.count_nonzero(singular > 1e-12 * singular.max()))
    polar = U[:, :rank] @ Vt[:rank]
    off = np.ones_like(polar, dtype=bool)
    off[present, np.arange(len(present))] = False
    assert polar[off].max() < 1e-12
    limit = vanishing_regularization(SingleSource(counts, **LAMBDAS))
    assert limit.verdict == "proven"


@settings(max_examples=examples(60))
@given(
    st.lists(st.integers(0, 10**4), min_size=4, max_size=4).filter(lambda n: min(n) > 0),
    st.floats(1e-2, 1e2),
)
def test_two_binary_tasks_have_the_signs_for_any_counts_and_weights(counts, weight):
    problem = SingleSource(np.reshape(counts, (2, 2)), task_weights=(1.0, weight), **LAMBDAS)
    assert vanishing_regularization(problem).verdict == "proven"


@pytest.mark.parametrize("counts", [(38, 2), (2, 38)])
def test_two_correlated_binary_tasks(counts):
    """(√n_s − √n_d)/(√n_s + √n_d)."""
    problem = SingleSource.correlated(2, n_same=counts[0], n_different=counts[1], **LAMBDAS)
    a, b = map(math.sqrt, counts)
    assert vanishing_regularization(problem).cosines[0, 2] == pytest.approx((a - b) / (a + b), rel=1e-12)


@pytest.mark.parametrize("K", [3, 6])
@pytest.mark.parametrize("counts", [(20, 10), (0, 7), (7, 0), (1, 100)])
def test_correlated_classes(K, counts):
    """The law's limit α = γ, δ = 0, and its Gram matrix per unit of α at a λ where α, s and t are nearly equal."""
    n_s, n_d = counts
    problem = SingleSource.correlated(K, n_same=n_s, n_different=n_d, **LAMBDAS)
    limit = vanishing_regularization(problem)
    shared, apart = math.sqrt(2 * n_s + (K - 2) * n_d), math.sqrt(K * n_d)
    assert limit.cosines[0, K] == pytest.approx((shared - apart) / (shared + apart), rel=1e-12)
    tiny = {"lambda_H": 4e-150, "lambda_W": 1e-150, "lambda_b": 1e-150}
    prediction = theory.predict(SingleSource.correlated(K, n_same=n_s, n_different=n_d, **tiny))
    margin = np.mean([row.margin for row in prediction.thresholds if row.below])
    np.testing.assert_allclose(prediction.gram_W / margin, limit.gram, rtol=0.02, atol=0.02)


def gram_at(problem):
    W = np.concatenate([np.asarray(w) for w in solve(problem).W])
    return W @ W.T


def test_label_smoothing_has_finite_logits():
    """A cyclic table: a permutation of both tasks' classes maps it to itself, so biases are zero.

    The Gram matrix is off by O(λ), 6e-6 here, and by the residual's rounding over λ, the curvature of the penalty: at
    λ = 1e-9 that would be up to 1e-4, another on every machine.
    """
    tiny = {"lambda_H": 4e-7, "lambda_W": 1e-7, "lambda_b": 1e-7}
    problem = SingleSource([[5, 2, 0], [0, 5, 2], [2, 0, 5]], label_smoothing=0.1, **tiny)
    limit = vanishing_regularization(problem)
    assert limit.verdict == "proven"
    np.testing.assert_allclose(gram_at(problem), limit.gram, atol=1e-4)
    sets = MultiLabel.balanced(4, {1: 3, 2: 5}, label_smoothing=0.2, **tiny)
    limit = vanishing_regularization(sets)
    assert limit.verdict == "proven"
    np.testing.assert_allclose(gram_at(sets), limit.gram, atol=1e-4)


@pytest.mark.parametrize("counts", [FEWEST, [9, 2, 1]])
def test_label_smoothing_lets_biases_in_where_classes_are_unequal(counts):
    problem = SingleSource(counts, label_smoothing=0.1, lambda_H=4e-9, lambda_W=1e-9, lambda_b=1e-9)
    limit = vanishing_regularization(problem)
    assert limit.verdict == "fails"
    assert np.abs(gram_at(problem) - limit.gram).max() > 0.01


def test_tasks_of_problem_4_are_alone():
    problem = MultiSource([[100, 1, 3], [2, 5]], task_weights=(2.0, 1.0), **LAMBDAS)
    limit = vanishing_regularization(problem)
    assert limit.verdict == "proven"
    assert np.isnan(limit.gram[:3, 3:]).all()
    alone = vanishing_regularization(SingleSource([100, 1, 3], **LAMBDAS))
    np.testing.assert_allclose(limit.cosines[:3, :3], alone.cosines, atol=1e-12)
    assert [signs.shape for signs in limit.signs] == [(3, 3), (2, 2)]


def test_label_sets():
    """Balanced sets: a_m all equal in the limit, so W is a simplex frame."""
    limit = vanishing_regularization(MultiLabel.balanced(4, {1: 10, 2: 5}, **LAMBDAS))
    assert limit.verdict == "proven"
    np.testing.assert_allclose(limit.cosines, (4 * np.eye(4) - 1) / 3, atol=1e-12)


def test_signs_are_those_a_proof_wants():
    problem = SingleSource([[3, 1], [2, 7]], **LAMBDAS)
    own = np.concatenate([np.eye(2)[:, k] for k in problem.labels.T])
    np.testing.assert_array_equal(vanishing_regularization(problem).signs, 2 * own - 1)
    failing = SingleSource(FEWEST, **LAMBDAS)
    own = np.concatenate([np.eye(k)[:, column] for k, column in zip((2, 3), failing.labels.T, strict=True)])
    assert ((vanishing_regularization(failing).signs > 0) & (own == 0)).any()


def test_neither_proof():
    """Rank below full, and no subgradient with the signs: the max-margin program says that it fails."""
    problem = SingleSource([[1, 1, 0, 0], [1, 2, 0, 0], [1, 0, 0, 0]], **LAMBDAS)
    limit = vanishing_regularization(problem)
    assert limit.verdict == "unproven"
    assert "rank 4 < 5" in str(limit)
    assert "unproven" in limit._repr_html_()


def test_unknown_source():
    class Stranger:
        source = "pairs"

    with pytest.raises(ValueError, match="source must be 'single', 'multi' or 'multilabel', got 'pairs'"):
        vanishing_regularization(Stranger())


@pytest.mark.parametrize(
    ("counts", "smoothing", "lambda_b", "verdict"),
    [
        ([9, 3, 1], 0.0, 1.0, "proven"),
        ([9, 3, 1], 0.0, None, "proven"),
        ([9, 3, 1], 0.0, 0.0, "fails"),
        ([9, 3, 1], 0.1, 1.0, "fails"),
        ([9, 3, 1], 0.1, None, "proven"),
        ([9, 3, 1], 0.1, 0.0, "fails"),
        ([4, 4, 4], 0.0, 0.0, "proven"),
        ([4, 4, 4], 0.1, 0.0, "proven"),
        ([[6, 2], [2, 6]], 0.0, 0.0, "proven"),
    ],
)
def test_the_bias_decides(counts, smoothing, lambda_b, verdict):
    problem = SingleSource(counts, lambda_H=1.0, lambda_W=1.0, lambda_b=lambda_b, label_smoothing=smoothing)
    assert theory.vanishing_regularization(problem).verdict == verdict


@pytest.mark.parametrize(("smoothing", "lambda_b"), [(0.0, 0.0), (0.1, None)])
def test_minima_with_free_and_without_bias_show_the_verdict(smoothing, lambda_b):
    """Heads of [9, 3, 1] samples at λ = 1e-8 stay away from the labels' own, or come to them."""
    settings = {"lambda_b": lambda_b, "label_smoothing": smoothing}
    limit = vanishing_regularization(SingleSource([9, 3, 1], lambda_H=1.0, lambda_W=1.0, **settings))
    point = solve(SingleSource([9, 3, 1], lambda_H=1e-8, lambda_W=1e-8, **settings))
    gram = np.concatenate(point.W) @ np.concatenate(point.W).T
    scaled = [g / np.linalg.norm(g) for g in (gram, limit.gram)]
    assert (np.abs(scaled[0] - scaled[1]).max() < 0.01) == (limit.verdict == "proven")
