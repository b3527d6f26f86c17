"""Pick-all-label problems: how they are stated, what their minima are, and what is refused."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from thorough import examples

from ufm import MultiLabel, SingleSource, load, solve
from ufm.solvers.objective import evaluate

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
REAL = MultiLabel({(0,): 4, (1,): 9, (0, 2): 5, (0, 1, 2): 1, (3, 1): 7, (0, 1, 2, 3): 2}, classes=4, **LAMBDAS)


def gram(solution):
    return (solution.W[0] @ solution.W[0].T).numpy()


def margins_by_minimizing(k, n, lambdas):
    """min F and a_m of the problem restricted to the logits its symmetry allows, z_S = a_m (1_S − m/K)."""
    sizes = sorted(n)
    tau = 2 * math.sqrt(lambdas["lambda_W"] * lambdas["lambda_H"])

    def restricted(a):
        fit = sum(
            n[m] * math.comb(k, m) * m * math.log(m + (k - m) * math.exp(-x)) for m, x in zip(sizes, a, strict=True)
        )
        inside = sum(n[m] * math.comb(k - 2, m - 1) * x * x for m, x in zip(sizes, a, strict=True))
        return fit + tau * (k - 1) * math.sqrt(inside)

    found = minimize(
        restricted, np.full(len(sizes), 3.0), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13}
    )
    return float(found.fun), dict(zip(sizes, found.x, strict=True))


# -- stating a problem


@given(st.integers(0, 2**32 - 1))
def test_a_mapping_and_a_data_set_of_the_same_samples_are_one_problem(seed):
    """Keys in any order and with members in any order, samples in any order."""
    rng = np.random.default_rng(seed)
    k = int(rng.integers(2, 12))
    indicators = (rng.random((int(rng.integers(1, 40)), k)) < 0.4).astype(int)
    indicators[np.arange(len(indicators)), rng.integers(0, k, len(indicators))] = 1
    counts = {}
    for row in indicators:
        key = tuple(np.flatnonzero(row).tolist())
        counts[key] = counts.get(key, 0) + 1
    keys = [tuple(rng.permutation(key).tolist()) for key in counts]
    shuffled = {keys[i]: counts[tuple(sorted(keys[i]))] for i in rng.permutation(len(keys))}
    one = MultiLabel({**shuffled}, classes=k, **LAMBDAS)
    two = MultiLabel.from_indicators(rng.permutation(indicators), **LAMBDAS)
    expected = sorted(counts, key=lambda s: (len(s), s))  # by multiplicity, then by members
    for problem in (one, two):
        assert problem.label_sets == expected
        assert problem.counts.tolist() == [counts[s] for s in expected]
        assert problem.multiplicities.tolist() == [len(s) for s in expected]
        assert problem.samples == len(indicators)
        assert problem.classes == (k,)


def test_balanced_has_every_label_set_of_each_size():
    problem = MultiLabel.balanced(4, {3: 2, 1: 7, 2: 0, 4: 5}, **LAMBDAS)
    sets = [s for m in (1, 3, 4) for s in itertools.combinations(range(4), m)]
    assert problem.label_sets == sets
    assert problem.samples_by_multiplicity() == {1: 28, 3: 8, 4: 5}
    assert [problem.count(s) for s in sets] == [7] * 4 + [2] * 4 + [5]
    assert problem.count((1, 0)) == 0
    assert problem.count((3, 0, 1)) == 2


@given(st.integers(2, 6), st.sampled_from([0.0, 0.3]), st.sampled_from(["sum", "mean"]))
def test_targets_have_the_mass_of_their_label_set(k, smoothing, reduction):
    """Smoothed cross-entropies to each label of S add up to a target of mass |S|."""
    n = {m: m + 1 for m in range(1, k + 1)}
    problem = MultiLabel.balanced(k, n, label_smoothing=smoothing, reduction=reduction, **LAMBDAS)
    (form,) = problem.standard_forms()
    np.testing.assert_allclose(form.targets.sum(axis=0), problem.multiplicities, rtol=1e-14)
    smoothed = (1 - smoothing) * np.eye(k) + smoothing / k
    for column, members in zip(form.targets.T, problem.label_sets, strict=True):
        np.testing.assert_allclose(column, sum(smoothed[j] for j in members), rtol=1e-13)


def test_bool_indicators_and_tensors():
    rows = [[1, 0, 1], [0, 1, 0]]
    expected = MultiLabel({(0, 2): 1, (1,): 1}, classes=3, **LAMBDAS)
    for indicators in (rows, np.array(rows, bool), torch.tensor(rows), np.array(rows, float)):
        problem = MultiLabel.from_indicators(indicators, **LAMBDAS)
        np.testing.assert_array_equal(problem.labels, expected.labels)
        assert problem.labels.dtype == np.int64


@pytest.mark.parametrize("problem", [REAL, MultiLabel.balanced(9, dict.fromkeys(range(1, 9), 1), **LAMBDAS)])
def test_text_and_table_name_what_matters(problem):
    for shown in (str(problem), problem._repr_html_()):
        assert f"{problem.samples}" in shown
        assert f"{np.sum(problem.multiplicities == 2)} of {math.comb(problem.classes[0], 2)} at m = 2" in shown
        assert "0.05" in shown
    assert repr(problem).startswith(f"MultiLabel(classes={problem.classes[0]}, ")


# -- what minima are


def test_the_worked_example():
    """K = 3, n_1 = 10, n_2 = 5, all λ = 0.05: min F = 25.0751119, a = (4.698551, 4.141690)."""
    problem = MultiLabel.balanced(3, {1: 10, 2: 5}, **LAMBDAS)
    solution = solve(problem)
    assert solution.objective == pytest.approx(25.0751119, rel=1e-8)
    Z = (solution.W[0] @ solution.H).numpy()
    for z, members in zip(Z.T, problem.label_sets, strict=True):
        a = {1: 4.698551, 2: 4.141690}[len(members)]
        np.testing.assert_allclose(z, [a * ((k in members) - len(members) / 3) for k in range(3)], rtol=1e-6)
    np.testing.assert_allclose(solution.b[0], 0.0, atol=1e-8)


@pytest.mark.parametrize(
    ("k", "n"),
    [(3, {1: 10, 2: 5}), (4, {1: 7, 2: 3, 3: 9, 4: 2}), (5, {2: 4, 4: 1}), (5, {1: 1, 3: 6, 5: 3}), (2, {1: 4, 2: 3})],
)
def test_within_each_multiplicity_balanced(k, n):
    """min F and the logits are those of the restricted problem, features of m = K are zero, W is a simplex frame."""
    problem = MultiLabel.balanced(k, n, **LAMBDAS)
    solution = solve(problem)
    free = {m: c for m, c in n.items() if m < k}
    least, a = margins_by_minimizing(k, free, LAMBDAS)
    least += n.get(k, 0) * k * math.log(k)
    assert solution.objective == pytest.approx(least, rel=1e-9)
    Z = (solution.W[0] @ solution.H).numpy()
    for column, (z, members) in enumerate(zip(Z.T, problem.label_sets, strict=True)):
        m = len(members)
        if m == k:
            np.testing.assert_allclose(solution.H[:, column], 0.0, atol=1e-7)
        else:
            indicator = np.isin(np.arange(k), members)
            np.testing.assert_allclose(z, a[m] * (indicator - m / k), atol=1e-4)
    G = gram(solution)
    np.testing.assert_allclose(G, G[0, 0] * (k * np.eye(k) - 1) / (k - 1), atol=1e-7)


def test_past_the_threshold_everything_is_zero():
    problem = MultiLabel.balanced(4, {1: 3, 2: 2}, lambda_H=3.0, lambda_W=3.0, lambda_b=0.1)
    solution = solve(problem)
    assert solution.objective == pytest.approx((4 * 3 + 6 * 2 * 2) * math.log(4), rel=1e-12)
    assert float(solution.W[0].abs().max()) < 1e-6


@pytest.mark.parametrize("settings", [{}, {"reduction": "mean", "lambda_H": 1e-3}, {"label_smoothing": 0.1}])
def test_only_multiplicity_one_is_the_single_label_problem(settings):
    counts = np.array([5, 0, 9, 2])
    options = {**LAMBDAS, **settings}
    one = solve(MultiLabel({(k,): int(n) for k, n in enumerate(counts)}, classes=4, **options))
    two = solve(SingleSource(counts, **options))
    assert one.objective == pytest.approx(two.objective, rel=1e-12)
    np.testing.assert_allclose(gram(one), gram(two), atol=1e-7 * gram(two).max())
    np.testing.assert_allclose((one.W[0] @ one.H).numpy(), (two.W[0] @ two.H).numpy(), atol=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_permuting_classes_permutes_the_minimum(smoothing, reduction):
    counts = {(0,): 4, (1,): 9, (0, 2): 5, (0, 1, 2): 1, (1, 3): 7}
    order = [2, 0, 3, 1]
    lambdas = {name: value / (26 if reduction == "mean" else 1) for name, value in LAMBDAS.items()}
    options = {"classes": 4, "label_smoothing": smoothing, "reduction": reduction, **lambdas}
    one = solve(MultiLabel(counts, **options))
    two = solve(MultiLabel({tuple(order[k] for k in s): n for s, n in counts.items()}, **options))
    assert one.objective == pytest.approx(two.objective, rel=1e-12)
    np.testing.assert_allclose(gram(one), gram(two)[np.ix_(order, order)], atol=1e-6)


def test_mean_is_the_sum_with_larger_lambdas():
    """F under "mean" at λ is 1/N of F under "sum" at N λ, with the same minimizers."""
    counts = {(0,): 4, (1, 2): 9, (0, 2): 5}
    lambdas = {"lambda_H": 0.004, "lambda_W": 0.003, "lambda_b": 0.002}
    mean = solve(MultiLabel(counts, classes=3, reduction="mean", **lambdas))
    total = solve(MultiLabel(counts, classes=3, **{name: 18 * value for name, value in lambdas.items()}))
    assert 18 * mean.objective == pytest.approx(total.objective, rel=1e-11)
    np.testing.assert_allclose(gram(mean), gram(total), atol=1e-7)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_convex_solver_agrees(smoothing):
    problem = MultiLabel({(0,): 3, (1, 2): 4, (0, 2): 1, (0, 1, 2): 2}, classes=3, label_smoothing=smoothing, **LAMBDAS)
    one, two = solve(problem), solve(problem, "convex")
    assert one.objective == pytest.approx(two.objective, rel=1e-6)
    assert one.objective <= two.objective * (1 + 1e-12)
    np.testing.assert_allclose(gram(one), gram(two), atol=2e-3)


@pytest.mark.parametrize("optimizer", ["momentum", pytest.param("lbfgs", marks=pytest.mark.slow)])
def test_gradient_solver_agrees_with_every_sample_free(optimizer):
    problem = REAL
    one, two = solve(problem), solve(problem, "gradient", optimizer=optimizer, tolerance=1e-7)
    assert two.converged
    assert one.objective == pytest.approx(two.objective, rel=1e-11)
    assert two.H.shape == (3, problem.samples)
    np.testing.assert_array_equal(two.labels, np.repeat(problem.labels, problem.counts, axis=0))
    assert two.counts.tolist() == [1] * problem.samples
    np.testing.assert_allclose(gram(one), gram(two), atol=1e-5)
    Z = np.repeat((one.W[0] @ one.H).numpy(), problem.counts, axis=1)
    np.testing.assert_allclose((two.W[0] @ two.H).numpy(), Z, atol=1e-4)
    assert set(two.history) == {"step", "loss", "gradient_norm"}


@pytest.mark.parametrize("method", ["newton", "gradient"])
def test_saved_and_loaded(tmp_path, method):
    problem = MultiLabel(
        {(0, 2): 3, (1,): 2, (3,): 9},
        classes=4,
        reduction="mean",
        label_smoothing=0.1,
        lambda_H=0.1 + 0.2,
        lambda_W=1 / 3,
        lambda_b=0.1,
    )
    solution = solve(problem, method)
    solution.save(tmp_path / "x.safetensors")
    again = load(tmp_path / "x.safetensors")
    assert isinstance(again.problem, MultiLabel)
    for name in ("classes", "reduction", "label_smoothing", "lambda_H", "lambda_W", "lambda_b", "label_sets"):
        assert getattr(again.problem, name) == getattr(problem, name)
    for name in ("labels", "counts"):
        np.testing.assert_array_equal(getattr(again, name), getattr(solution, name))
        np.testing.assert_array_equal(getattr(again.problem, name), getattr(problem, name))
    assert torch.equal(again.W[0], solution.W[0])
    assert torch.equal(again.H, solution.H)
    if method == "newton":
        (form,) = again.problem.standard_forms()
        assert evaluate(form, again.W[0], again.H, again.b[0]) == pytest.approx(again.objective, rel=1e-14)


@settings(max_examples=examples(25))
@given(st.integers(0, 2**32 - 1))
def test_more_samples_never_lower_the_minimum(seed):
    """F is nondecreasing in every count, and in every λ."""
    rng = np.random.default_rng(seed)
    sets = [s for m in (1, 2, 3) for s in itertools.combinations(range(3), m)]
    counts = {s: int(rng.integers(0, 4)) for s in sets}
    counts[sets[int(rng.integers(len(sets)))]] += 1
    least = solve(MultiLabel(counts, classes=3, **LAMBDAS)).objective
    more = {**counts, sets[int(rng.integers(len(sets)))]: 5}
    assert solve(MultiLabel(more, classes=3, **LAMBDAS)).objective >= least * (1 - 1e-12)
    name = str(rng.choice(list(LAMBDAS)))
    assert solve(MultiLabel(counts, classes=3, **{**LAMBDAS, name: 0.08})).objective >= least * (1 - 1e-12)


# -- what is refused


@pytest.mark.parametrize(
    ("counts", "error", "message"),
    [
        ([[1, 2]], TypeError, r"counts must be a mapping"),
        ({}, ValueError, r"counts is empty"),
        ({0: 4}, TypeError, r"label set 0 must be a tuple.*one label is \(0,\)"),
        ({"ab": 4}, TypeError, r"label set 'ab' must be a tuple"),
        ({(): 4}, ValueError, r"label set 0 names no class.*'binary-cross-entropy' or 'squared-error'"),
        ({(0, 3): 4}, ValueError, r"label set \(0, 3\) has a label outside 0 … 2"),
        ({(0, -1): 4}, ValueError, r"label set \(0, -1\), entry 1, must be an integer ≥ 0"),
        ({(0, 1.5): 4}, ValueError, r"entry 1, must be an integer"),
        ({(0, True): 4}, TypeError, r"entry 1, must be an integer"),
        ({(1, 1): 4}, ValueError, r"label set \(1, 1\) names a label twice"),
        ({(0, 1): 4, (1, 0): 3}, ValueError, r"\(0, 1\) twice"),
        ({(0,): -1}, ValueError, r"counts\[\(0,\)\] must be an integer ≥ 0, got -1"),
        ({(0,): 1.5}, ValueError, r"counts\[\(0,\)\] must be an integer"),
        ({(0,): None}, TypeError, r"counts\[\(0,\)\] must be an integer"),
        ({(0,): 0, (1, 2): 0}, ValueError, r"counts sums to 0"),
        ({(0,): 2**53, (1,): 1}, ValueError, r"2\^53"),
    ],
)
def test_bad_counts(counts, error, message):
    with pytest.raises(error, match=message):
        MultiLabel(counts, classes=3, **LAMBDAS)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"classes": 1}, ValueError, "classes must be an integer ≥ 2"),
        ({"classes": (3,)}, TypeError, "classes must be an integer"),
        ({"lambda_H": 0.0}, ValueError, "lambda_H"),
        ({"lambda_W": math.nan}, ValueError, "lambda_W"),
        ({"lambda_b": "1"}, TypeError, "lambda_b"),
        ({"reduction": "median"}, ValueError, "reduction"),
        ({"label_smoothing": 1.0}, ValueError, "label_smoothing"),
    ],
)
def test_bad_settings(change, error, message):
    with pytest.raises(error, match=message):
        MultiLabel({(0,): 4}, **{"classes": 3, **LAMBDAS, **change})


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        ({0: 3}, ValueError, "label set 0 names no class"),
        ({-1: 3}, ValueError, "multiplicity must be an integer ≥ 0"),
        ({5: 3}, ValueError, "multiplicity must be at most 4"),
        ({1: -3}, ValueError, r"n_by_multiplicity\[1\] must be an integer ≥ 0"),
        ({1: 0}, ValueError, "no samples"),
        ({}, ValueError, "no samples"),
        ([10, 5], TypeError, "n_by_multiplicity must map"),
    ],
)
def test_bad_multiplicities(n, error, message):
    with pytest.raises(error, match=message):
        MultiLabel.balanced(4, n, **LAMBDAS)


def test_too_many_label_sets_are_refused_before_they_are_listed():
    with pytest.raises(
        ValueError, match=r"n_by_multiplicity at classes=80 has 1.08e\+23 label tuples.*from_indicators"
    ):
        MultiLabel.balanced(80, {40: 1}, **LAMBDAS)


@pytest.mark.parametrize(
    ("indicators", "error", "message"),
    [
        ([[0, 1], [2, 0]], ValueError, r"indicators\[1, 0\] = 2; indicators are 0 and 1"),
        ([[0, 1], [0, 0]], ValueError, "label set 1 names no class"),
        ([[0, 0.5]], ValueError, "indicators must hold integers"),
        ([0, 1], ValueError, r"shape \(N, K\)"),
        ([[1], [1]], ValueError, r"indicators.shape\[1\] must be an integer ≥ 2"),
        ([["a", "b"]], TypeError, "indicators must hold integers"),
        ([[1, 0], [1]], ValueError, "indicators must be a full array"),
    ],
)
def test_bad_indicators(indicators, error, message):
    with pytest.raises(error, match=message):
        MultiLabel.from_indicators(indicators, **LAMBDAS)


def test_task_weights_are_not_a_setting():
    """One task: a weight on its loss and penalties alike changes no minimizer, so there is none to give."""
    with pytest.raises(TypeError, match="task_weights"):
        MultiLabel({(0,): 1}, classes=2, task_weights=[2.0], **LAMBDAS)
