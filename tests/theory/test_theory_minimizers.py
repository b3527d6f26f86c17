"""Every predicted minimizer, in every regime, is a global minimizer of the paper's problem: its duality gap is zero."""

from __future__ import annotations

import math

import numpy as np
import pytest
from paper_problems import every_sample, gradient_norm, objective, relative_gap

import theory
from ufm import MultiSource, SingleSource

ROUNDING = 1e-12  # relative; sums over at most a few hundred columns of terms of one sign

BIAS = {"lambda_b": 0.03}


def equal(product, ratio=2.0):
    """λ's with the given product and λ_H / λ_W = ratio² (exact where the product is a power of 4)."""
    root = math.sqrt(product)
    return {"lambda_H": root * ratio, "lambda_W": root / ratio, **BIAS}


def balanced(product, classes=(3, 3), n=4, c=None, **more):
    return SingleSource.balanced(classes, n=n, task_weights=c, **equal(product), **more)


def correlated(product, n_same, n_different, **more):
    return SingleSource.correlated(2, n_same=n_same, n_different=n_different, **equal(product), **more)


def multi(product, classes=(3, 5), n=(4, 7), c=None, **more):
    return MultiSource.balanced(classes, n=n, task_weights=c, **equal(product), **more)


def array(product, classes, tasks, **more):
    return SingleSource.orthogonal_array(classes, tasks, n=3, **equal(product), **more)


def counted(counts, product, **more):
    return SingleSource(counts, **equal(product), **more)


SMOOTHED, PAIRWISE = "with label smoothing", "for pairwise-uniform counts"
# 7 samples of each tuple of three bits of even sum, 2 of each odd one: every pair of bits 9 times
PARITY = np.where(np.indices((2, 2, 2)).sum(axis=0) % 2, 2, 7)
# 5 ± v_k by the parity of two bits, Σ_k v_k = 0
TILTED = 5 + (-1) ** np.indices((2, 2, 3))[:2].sum(axis=0) * np.array([3, -1, -2])

ALL, ZERO = "all tasks below threshold", "zero"
BOTH = "both pairs of labels below threshold"
PARALLEL = "rank one: heads parallel, labels that differ past their threshold"
OPPOSITE = "rank one: heads opposite, labels that agree past their threshold"

# (problem, theorem, regime)
CASES = {
    # threshold N/(4K) = 36/12 = 3
    "3.1 below": (balanced(0.01), "Theorem 3.1", ALL),
    "3.1 far below": (balanced(1e-16, n=1000), "Theorem 3.1", ALL),
    "3.1 just below": (balanced(3 * (1 - 1e-6)), "Theorem 3.1", ALL),
    "3.1 above": (balanced(3.01), "Theorem 3.1", ZERO),
    # threshold 64/(4·4) = 4, a power of 4: exact in doubles
    "3.1 at": (balanced(4.0, classes=(4, 4)), "Theorem 3.1", ZERO),
    "3.1 three binary tasks": (balanced(0.3, classes=(2, 2, 2)), "Theorem 3.1", ALL),
    "3.1 ten classes": (balanced(1e-3, classes=(10, 10)), "Theorem 3.1", ALL),
    "3.1 one task": (balanced(1e-2, classes=(6,)), "Theorem 3.1", ALL),
    "3.1 correlated equally": (correlated(0.1, 7, 7), "Theorem 3.1", ALL),
    "3.1 mean": (balanced(1e-5, reduction="mean"), "Theorem 3.1", ALL),
    "3.1 mean, zero": (balanced(3.01 / 36**2, reduction="mean"), "Theorem 3.1", ZERO),
    # thresholds c N/(4K) = 6, 4.5 at N = 48; tasks (2, 4) with c = (1, 1.5)
    "B.2 below": (balanced(0.2, classes=(2, 4), n=6, c=(1, 1.5)), "Theorem B.2", ALL),
    "B.2 weights": (balanced(0.2, classes=(3, 3), n=6, c=(1, 0.2)), "Theorem B.2", ALL),
    "B.2 three sizes": (balanced(0.02, classes=(2, 3, 5), n=2, c=(3, 1, 0.5)), "Theorem B.2", ALL),
    "B.2 second zero": (
        balanced(5.0, classes=(2, 4), n=6, c=(1, 1.5)),
        "Theorem B.2",
        "task 2 collapsed to zero, others not",
    ),
    "B.2 second at": (
        balanced(4.0, classes=(2, 3), n=8, c=(1, 1)),  # thresholds 6 and 4
        "Theorem B.2",
        "task 2 collapsed to zero, others not",
    ),
    "B.2 second just below": (balanced(4.0 * (1 - 1e-9), classes=(2, 3), n=8), "Theorem B.2", ALL),
    "B.2 two of three zero": (
        balanced(1.4, classes=(2, 3, 5), n=1, c=(1, 0.1, 0.1)),
        "Theorem B.2",
        "tasks 2 and 3 collapsed to zero, others not",
    ),
    "B.2 zero": (balanced(7.0, classes=(2, 4), n=6, c=(1, 1.5)), "Theorem B.2", ZERO),
    "B.2 mean, second zero": (
        balanced(5.0 / 48**2, classes=(2, 4), n=6, c=(1, 1.5), reduction="mean"),
        "Theorem B.2",
        "task 2 collapsed to zero, others not",
    ),
    # thresholds n_t/4 = 1, 1.75
    "3.2 below": (multi(0.01), "Theorem 3.2", ALL),
    "3.2 weights": (multi(0.01, c=(3, 0.2)), "Theorem 3.2", ALL),
    "3.2 first just below": (multi(1.0 - 1e-9), "Theorem 3.2", ALL),
    "3.2 first at": (multi(1.0, c=(3, 0.2)), "Theorem 3.2", "task 1 collapsed to zero, others not"),
    "3.2 first above": (multi(1.5), "Theorem 3.2", "task 1 collapsed to zero, others not"),
    "3.2 zero": (multi(1.8), "Theorem 3.2", ZERO),
    "3.2 mean": (multi(1e-4, c=(3, 0.2), reduction="mean"), "Theorem 3.2", ALL),
    # thresholds n_t/(4 N_t²) = 4/576, 7/4900
    "3.2 mean, second zero": (
        multi(0.003, c=(3, 0.2), reduction="mean"),
        "Theorem 3.2",
        "task 2 collapsed to zero, others not",
    ),
    "5.1 below": (correlated(0.0025, 38, 2), "Theorem 5.1", BOTH),
    "5.1 more different": (correlated(0.0025, 2, 38), "Theorem 5.1", BOTH),
    "5.1 far below": (correlated(1e-16, 3999, 1), "Theorem 5.1", BOTH),
    "5.1 rarer just below": (correlated(1.0 - 1e-9, 38, 2), "Theorem 5.1", BOTH),
    "5.1 rarer at": (correlated(1.0, 38, 2), "Theorem 5.1", PARALLEL),
    "5.1 rarer above": (correlated(5.0, 38, 2), "Theorem 5.1", PARALLEL),
    "5.1 rarer the diagonal": (correlated(5.0, 2, 38), "Theorem 5.1", OPPOSITE),
    "5.1 only agreeing": (correlated(0.0025, 38, 0), "Theorem 5.1", PARALLEL),
    "5.1 only differing": (correlated(0.0025, 0, 38), "Theorem 5.1", OPPOSITE),
    "5.1 both at": (correlated(4.0, 8, 2), "Theorem 5.1", ZERO),
    "5.1 zero": (correlated(20.0, 38, 2), "Theorem 5.1", ZERO),
    "5.1 mean": (correlated(0.0025 / 80**2, 38, 2, reduction="mean"), "Theorem 5.1", BOTH),
    "5.1 mean, rank one": (correlated(5.0 / 80**2, 38, 2, reduction="mean"), "Theorem 5.1", PARALLEL),
    # ε divides each threshold by 1/(1 − ε)²: 4/4 at ε = 1/2
    "3.1 smoothed": (balanced(0.01, label_smoothing=0.1), f"Theorem 3.1 {SMOOTHED}", ALL),
    "3.1 smoothed far below": (balanced(1e-4, n=1000, label_smoothing=0.1), f"Theorem 3.1 {SMOOTHED}", ALL),
    "3.1 smoothed just below": (
        balanced(1 - 1e-9, classes=(4, 4), label_smoothing=0.5),
        f"Theorem 3.1 {SMOOTHED}",
        ALL,
    ),
    "3.1 smoothed at": (balanced(1.0, classes=(4, 4), label_smoothing=0.5), f"Theorem 3.1 {SMOOTHED}", ZERO),
    "3.1 smoothed mean": (balanced(1e-5, reduction="mean", label_smoothing=0.3), f"Theorem 3.1 {SMOOTHED}", ALL),
    "B.2 smoothed, second zero": (
        balanced(4.0, classes=(2, 4), n=6, c=(1, 1.5), label_smoothing=0.1),
        f"Theorem B.2 {SMOOTHED}",
        "task 2 collapsed to zero, others not",
    ),
    "3.2 smoothed": (multi(0.01, c=(3, 0.2), label_smoothing=0.2), f"Theorem 3.2 {SMOOTHED}", ALL),
    "3.2 smoothed, first zero": (
        multi(0.9, label_smoothing=0.1),
        f"Theorem 3.2 {SMOOTHED}",
        "task 1 collapsed to zero, others not",
    ),
    "5.1 smoothed": (correlated(0.0025, 38, 2, label_smoothing=0.1), f"Theorem 5.1 {SMOOTHED}", BOTH),
    "5.1 smoothed, rank one": (correlated(0.9, 38, 2, label_smoothing=0.1), f"Theorem 5.1 {SMOOTHED}", PARALLEL),
    "5.1 smoothed, zero": (correlated(18.0, 38, 2, label_smoothing=0.1), f"Theorem 5.1 {SMOOTHED}", ZERO),
    # K² tuples, N = 3·25 of 5 classes: threshold 75/20 = 3.75
    "array": (array(0.01, 5, 4), f"Theorem 3.1 {PAIRWISE}", ALL),
    "array, zero": (array(3.8, 5, 4), f"Theorem 3.1 {PAIRWISE}", ZERO),
    "array of every task": (array(0.01, 3, 4), f"Theorem 3.1 {PAIRWISE}", ALL),
    "array, weights": (
        array(0.3, 5, 3, task_weights=(1, 0.05, 2)),
        f"Theorem B.2 {PAIRWISE}",
        "task 2 collapsed to zero, others not",
    ),
    "array, smoothed": (array(0.01, 5, 4, label_smoothing=0.1), f"Theorem 3.1 {PAIRWISE} {SMOOTHED}", ALL),
    "uneven pairs": (counted(PARITY, 0.05), f"Theorem 3.1 {PAIRWISE}", ALL),
    "uneven pairs, unequal tasks": (counted(TILTED, 0.05, task_weights=(1, 2, 0.5)), f"Theorem B.2 {PAIRWISE}", ALL),
}


PAPER = ("Theorem 3.1", "Theorem B.2", "Theorem 3.2", "Theorem 5.1")


@pytest.fixture(params=CASES.values(), ids=CASES.keys())
def case(request):
    problem, theorem, regime = request.param
    return problem, theory.predict(problem), theorem, regime


def as_list(value):
    return value if isinstance(value, list) else [value]


def test_theorem_and_regime(case):
    problem, prediction, theorem, regime = case
    assert prediction.theorem == theorem
    assert prediction.regime == regime
    assert prediction.past_threshold == (regime not in (ALL, BOTH))
    assert prediction.within_theorem == (not prediction.past_threshold and theorem in PAPER)
    product = problem.lambda_H * problem.lambda_W
    for row in prediction.thresholds:
        assert row.product == pytest.approx(product, rel=1e-15)
        assert row.below == (row.margin > 0)


def test_is_a_certified_global_minimizer(case):
    problem, prediction, *_ = case
    point = prediction.W(), prediction.H(), prediction.b
    assert abs(relative_gap(problem, *point)) < ROUNDING
    assert gradient_norm(problem, *point) < ROUNDING


def test_objective_is_the_problem_at_the_minimizer(case):
    problem, prediction, *_ = case
    assert prediction.objective == pytest.approx(
        objective(problem, prediction.W(), prediction.H(), prediction.b), rel=1e-13
    )


def test_larger_dimension_is_the_same_point(case):
    problem, prediction, *_ = case
    W, H = prediction.W(prediction.required_dim + 5), prediction.H(prediction.required_dim + 5)
    assert all(head.shape == (k, prediction.required_dim + 5) for head, k in zip(W, problem.classes, strict=True))
    assert objective(problem, W, H, prediction.b) == pytest.approx(prediction.objective, rel=1e-13)


def test_rank_is_the_least_dimension(case):
    _, prediction, _, regime = case
    least = max(1, prediction.rank)
    assert prediction.rank <= prediction.required_dim
    assert prediction.W(least)[0].shape[1] == as_list(prediction.H(least))[0].shape[0] == least
    with pytest.raises(ValueError, match=f"dim={least - 1} is too small: .* dim ≥ {least}"):
        prediction.W(least - 1)
    with pytest.raises(ValueError, match="dim"):
        prediction.H(least - 1)
    assert (prediction.rank == 0) == (regime == ZERO)


def test_logits_and_gram_are_those_of_the_minimizer(case):
    problem, prediction, *_ = case
    W, H, Z = prediction.W(), as_list(prediction.H()), as_list(prediction.logits)
    scale = max(np.abs(z).max() for z in Z) + np.finfo(float).tiny
    if problem.source == "single":
        np.testing.assert_allclose(np.concatenate(W) @ H[0], Z[0], rtol=0, atol=1e-14 * scale)
        stacked = np.concatenate(W)
        gram = stacked @ stacked.T
        np.testing.assert_allclose(prediction.gram_W, gram, rtol=0, atol=1e-14 * np.abs(gram).max(initial=0.0))
        return
    offsets = np.cumsum((0, *problem.classes))
    between = np.ones_like(prediction.gram_W, dtype=bool)
    for t, (w, h, z) in enumerate(zip(W, H, Z, strict=True)):
        np.testing.assert_allclose(w @ h, z, rtol=0, atol=1e-14 * scale)
        block = slice(offsets[t], offsets[t + 1])
        gram = w @ w.T
        np.testing.assert_allclose(
            prediction.gram_W[block, block], gram, rtol=0, atol=1e-14 * np.abs(gram).max(initial=0.0)
        )
        between[block, block] = False
    assert np.isnan(prediction.gram_W[between]).all()
    assert np.isnan(prediction.cosines[between]).all()


def test_cosines_are_those_of_the_gram(case):
    _, prediction, *_ = case
    norms = np.sqrt(np.diag(prediction.gram_W))
    expected = np.full_like(prediction.gram_W, np.nan)
    nonzero = np.ix_(norms > 0, norms > 0)
    expected[nonzero] = prediction.gram_W[nonzero] / np.outer(norms, norms)[nonzero]
    np.testing.assert_allclose(prediction.cosines, expected, rtol=0, atol=1e-14)


def test_features_are_the_weighted_sum_of_their_heads(case):
    """Eqs. 14, 17, 23, 29 with their scale, typed out here."""
    problem, prediction, theorem, _ = case
    N = problem.samples
    ratio = problem.lambda_W / problem.lambda_H
    if problem.source == "multi":
        expected = [
            np.full((1, k), math.sqrt(ratio / n[0])) for k, n in zip(problem.classes, problem.counts, strict=True)
        ]
    elif theorem.startswith("Theorem 5.1"):
        expected = [np.tile(np.sqrt(ratio / (2 * problem.counts)), (2, 1))]
    else:
        weights = np.sqrt(np.array(problem.task_weights) * problem.classes) * math.sqrt(ratio / N)
        expected = [np.tile(weights[:, None], len(problem.labels))]
    labels = problem.labels if problem.source == "multi" else [problem.labels]
    W, H = prediction.W(), as_list(prediction.H())
    for s, (g, want, y, h) in enumerate(zip(as_list(prediction.feature_weights), expected, labels, H, strict=True)):
        np.testing.assert_allclose(g, want, rtol=1e-14)
        heads = [W[s]] if problem.source == "multi" else W
        total = sum(g[t] * w[y[:, t]].T for t, w in enumerate(heads))
        np.testing.assert_allclose(h, total, rtol=0, atol=1e-15 * np.abs(h).max(initial=0.0))


def test_balance_of_the_factors(case):
    """λ_W Σ_t c^t W^tᵀ W^t = λ_H H diag(n) Hᵀ at every critical point."""
    problem, prediction, *_ = case
    W, H = prediction.W(), as_list(prediction.H())
    counts = problem.counts if problem.source == "multi" else [problem.counts]
    groups = [[w] for w in W] if problem.source == "multi" else [W]
    weights = [[1.0]] * len(W) if problem.source == "multi" else [problem.task_weights]
    for heads, cs, h, n in zip(groups, weights, H, counts, strict=True):
        left = problem.lambda_W * sum(c * w.T @ w for c, w in zip(cs, heads, strict=True))
        right = problem.lambda_H * (h * n) @ h.T
        np.testing.assert_allclose(left, right, rtol=0, atol=1e-14 * np.abs(right).max(initial=0.0))


def full(problem):
    return len(problem.counts) == math.prod(problem.classes)


def test_the_claimed_decision_property(case):
    """SNC5, MNC4: the linear decision is the nearest class centre, ties excepted, where it is claimed."""
    problem, prediction, theorem, _ = case
    claimed = "MNC4" if problem.source == "multi" else "SNC5"
    assert prediction.every_feature == (theorem[:11] != "Theorem 5.1" and (PAIRWISE not in theorem or full(problem)))
    H, W = as_list(prediction.H()), prediction.W()
    groups = [[w] for w in W] if problem.source == "multi" else [W]
    labels = problem.labels if problem.source == "multi" else [problem.labels]
    random = np.random.default_rng(0)
    agree = True
    for heads, h, y in zip(groups, H, labels, strict=True):
        tries = h if not prediction.every_feature else h.std() * random.standard_normal((len(h), 200))
        decisions = np.stack([(w @ tries).argmax(axis=0) for w in heads], axis=1)
        distance = ((tries[:, :, None] - h[:, None, :]) ** 2).sum(axis=0)
        agree &= bool(np.array_equal(decisions, y[distance.argmin(axis=1)]))
    if claimed in prediction.properties:
        assert agree
    else:
        assert prediction.past_threshold


def test_an_absent_tuple_has_no_centre_to_be_nearest():
    """Why the array claims SNC5 of training features only: some h are decided for tuples that no sample has."""
    problem = CASES["array"][0]
    prediction = theory.predict(problem)
    h = prediction.H().std() * np.random.default_rng(0).standard_normal((len(prediction.H()), 200))
    decisions = np.stack([(w @ h).argmax(axis=0) for w in prediction.W()], axis=1)
    nearest = ((h[:, :, None] - prediction.H()[:, None, :]) ** 2).sum(axis=0).argmin(axis=1)
    assert (decisions != problem.labels[nearest]).any()


@pytest.mark.parametrize("name", ["3.1 below", "B.2 three sizes", "5.1 below", "5.1 rarer above", "5.1 mean"])
def test_objective_over_every_sample(name):
    problem = CASES[name][0]
    prediction = theory.predict(problem)
    literal = every_sample(problem, prediction.W(), prediction.H(), prediction.b)
    assert prediction.objective == pytest.approx(literal, rel=1e-12)


# just below a threshold the minimizer is nearly zero, and twice it is nearly as good
FAR_FROM_ZERO = [name for name, (_, _, regime) in CASES.items() if regime in (ALL, BOTH) and "just below" not in name]


@pytest.mark.parametrize("name", FAR_FROM_ZERO)
def test_a_theorem_wrong_by_two_is_refused(name):
    problem = CASES[name][0]
    prediction = theory.predict(problem)
    wrong = [math.sqrt(2) * w for w in prediction.W()], prediction.H(), prediction.b
    assert relative_gap(problem, *wrong) > 1e-4


@pytest.mark.parametrize("name", ["3.1 below", "B.2 second zero", "3.2 first above", "5.1 below", "5.1 rarer above"])
def test_the_zero_saddle_is_refused(name):
    problem = CASES[name][0]
    prediction = theory.predict(problem)
    zero = [0 * w for w in prediction.W()], [0 * h for h in as_list(prediction.H())], prediction.b
    point = zero if problem.source == "multi" else (zero[0], zero[1][0], zero[2])
    assert gradient_norm(problem, *point) < ROUNDING
    assert relative_gap(problem, *point) > 1e-4


def test_a_biased_minimizer_is_refused():
    problem = balanced(0.01)
    prediction = theory.predict(problem)
    b = prediction.b
    b[0][0] += 0.1
    assert relative_gap(problem, prediction.W(), prediction.H(), b) > 1e-6


def test_no_point_is_below_and_no_bound_above(case):
    """What certifies the predictions is itself a bound: dual ≤ min F ≤ F at points of no theorem."""
    problem, prediction, *_ = case
    random = np.random.default_rng(1)
    for noise in (1e-3, 0.3, 2.0):
        W = [w + noise * random.standard_normal(w.shape) for w in prediction.W()]
        H = [h + noise * random.standard_normal(h.shape) for h in as_list(prediction.H())]
        b = [noise * random.standard_normal(x.shape) for x in prediction.b]
        point = W, H if problem.source == "multi" else H[0], b
        above = objective(problem, *point)
        below = above * (1 - relative_gap(problem, *point))
        assert below <= prediction.objective * (1 + 1e-12)
        assert above >= prediction.objective * (1 - 1e-12)
