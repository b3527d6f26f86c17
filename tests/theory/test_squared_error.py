"""The closed form of squared error against Newton, an SVD, 50 digits, cvxpy and its optimality conditions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from squared_error_program import Program, programs
from strangers import fields

import theory
from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve

RNG = np.random.default_rng(7)
REAL = RNG.standard_normal((12, 3))
SOFT = [RNG.dirichlet(np.ones(3), 9), RNG.dirichlet(np.ones(2), 9)]
SETS = RNG.integers(0, 2, (20, 4))


def settings(lambda_b: float | None = 0.0, **more: Any) -> dict[str, Any]:
    return {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": lambda_b, "loss": "squared-error", **more}


def balanced(lambda_b: float | None) -> dict[str, Any]:
    """Problems whose mean target is a direction of its own, or has one."""
    b = {"lambda_b": lambda_b}
    return {
        "label-balanced": SingleSource.balanced((3, 4), n=2, **settings(task_weights=(1, 0.5), **b)),
        "smoothed means": SingleSource.balanced((3, 4), n=2, **settings(label_smoothing=0.1, reduction="mean", **b)),
        "orthogonal array": SingleSource.orthogonal_array(3, 4, **settings(**b)),
        "correlated": SingleSource.correlated(4, n_same=30, n_different=7, **settings(task_weights=(2, 2), **b)),
        "correlated binary": SingleSource.correlated(2, n_same=3, n_different=9, **settings(label_smoothing=0.1, **b)),
        "diagonal": SingleSource.correlated(4, n_same=3, n_different=0, **settings(**b)),
        "one balanced task": SingleSource([7, 7, 7], **settings(**b)),
        "classes equal": SingleSource([[21, 6, 3], [6, 23, 1], [3, 1, 26]], **settings(task_weights=(1, 3), **b)),
        "tasks alone": MultiSource([[3, 3, 3], [7, 7]], **settings(task_weights=(2, 0.5), reduction="mean", **b)),
        "sets": MultiLabel.balanced(4, {1: 4, 2: 2, 3: 1}, **settings(label_smoothing=0.1, **b)),
        "sets of one size": MultiLabel.balanced(4, {2: 2}, **settings(**b)),
        "centred targets": Regression(REAL - REAL.mean(axis=0), **settings(**b)),
    }


def unbalanced(lambda_b: float | None) -> dict[str, Any]:
    b = {"lambda_b": lambda_b}
    return {
        "one task": SingleSource([30, 20, 3, 3, 0], **settings(**b)),
        "smoothed": SingleSource([30, 20, 3, 3], **settings(label_smoothing=0.2, **b)),
        "two tasks": SingleSource([[9, 1, 4], [0, 3, 2]], **settings(task_weights=(1, 3), reduction="mean", **b)),
        "several": MultiSource([[3, 4, 5], [7, 2]], **settings(task_weights=(2, 0.5), reduction="mean", **b)),
        "label sets": MultiLabel.from_indicators(SETS, **settings(label_smoothing=0.1, **b)),
        "regression": Regression(REAL, **settings(**b)),
        "regressions": Regression([REAL, REAL[:, :1] ** 2], **settings(task_weights=(1, 2), **b)),
        "far targets": Regression(REAL + 1e6, **settings(**b)),
        "soft": SingleSource.from_probabilities(SOFT, RNG.integers(1, 9, 9), **settings(label_smoothing=0.1, **b)),
    }


FREE_OR_NONE = [(name, b) for b in (0.0, None) for name in (*balanced(b), *unbalanced(b))]
PENALIZED = [(name, b) for b in (1e-3, 0.3, 10.0, 1e4) for name in balanced(b)]


def named(name: str, lambda_b: float | None) -> Any:
    return (balanced(lambda_b) | unbalanced(lambda_b))[name]


def parts(problem: Any, prediction: theory.Prediction) -> list[tuple[Program, Any, Any, Any, Any]]:
    """(program, W, H, b, Z) of each form."""
    forms = programs(problem)
    W, b = prediction.W(), prediction.b
    if problem.source == "multi":
        return list(zip(forms, W, prediction.H(), b, prediction.logits, strict=True))
    return [(forms[0], np.concatenate(W), prediction.H(), np.concatenate(b), prediction.logits)]


@pytest.mark.parametrize(("name", "lambda_b"), FREE_OR_NONE + PENALIZED)
def test_the_predicted_point_is_a_minimum(name, lambda_b):
    """Its own W, H and b have the predicted minimum as their objective, W H the predicted logits, and are optimal."""
    problem = named(name, lambda_b)
    prediction = theory.predict(problem)
    total = 0.0
    for program, W, H, b, Z in parts(problem, prediction):
        size = max(1.0, np.abs(Z).max())
        np.testing.assert_allclose(W @ H, Z, atol=1e-12 * size)
        assert program.residual(Z, b) < (1e-9 if size < 1e3 else 1e-4)
        total += program.value(W, H, b)
    rough = 1e-9 if name == "far targets" else 1e-12  # what rounding of 1e6 beside 1 leaves of F
    assert total == pytest.approx(prediction.objective, rel=rough)
    heads = np.concatenate(prediction.W()) if problem.source != "multi" else None
    if heads is not None:
        np.testing.assert_allclose(heads @ heads.T, prediction.gram_W, atol=1e-12 * np.abs(prediction.gram_W).max())


@pytest.mark.parametrize(("name", "lambda_b"), [row for row in FREE_OR_NONE if row[0] != "far targets"])
def test_the_minimum_in_fifty_digits(name, lambda_b):
    problem = named(name, lambda_b)
    exact = sum(program.minimum_in_digits() for program in programs(problem))
    assert abs(theory.predict(problem).objective - exact) < 1e-13 * exact
    assert sum(program.minimum() for program in programs(problem)) == pytest.approx(float(exact), rel=1e-12)


@pytest.mark.parametrize("lambda_b", [0.0, None, 0.3])
@pytest.mark.parametrize("name", ["label-balanced", "correlated", "tasks alone", "sets", "classes equal"])
def test_newton_finds_it(name, lambda_b):
    problem = named(name, lambda_b)
    solution, prediction = solve(problem), theory.predict(problem)
    assert solution.objective == pytest.approx(prediction.objective, rel=1e-12)
    heads = np.concatenate([np.asarray(W) for W in solution.W])
    known = ~np.isnan(prediction.gram_W)
    np.testing.assert_allclose((heads @ heads.T)[known], prediction.gram_W[known], atol=1e-8)
    for measured, predicted in zip(solution.b, prediction.b, strict=True):
        np.testing.assert_allclose(np.asarray(measured), predicted, atol=1e-8)


@pytest.mark.parametrize(
    ("name", "lambda_b"), [("two tasks", 0.0), ("regression", None), ("sets", 0.3), ("label-balanced", 10.0)]
)
def test_cvxpy_finds_it(name, lambda_b):
    problem = named(name, lambda_b)
    (program,) = programs(problem)
    assert program.minimum_by_cvxpy() == pytest.approx(theory.predict(problem).objective, rel=1e-6)


@pytest.mark.parametrize("name", unbalanced(0.3))
def test_a_penalized_bias_needs_balance(name):
    with pytest.raises(theory.NotCovered, match=r"Squared error: bias fails: λ_b = 0\.3"):
        theory.predict(named(name, 0.3))


def test_another_loss_is_not_covered():
    problem = fields(named("label-balanced", 0.0), loss=("squared-error", "cross-entropy"))
    with pytest.raises(theory.NotCovered, match="Squared error: squared-error fails"):
        theory.predict(problem)
    missing = SingleSource.from_labels([[0, 0], [1, -1], [0, 1]], missing=-1, **settings())
    with pytest.raises(theory.NotCovered, match="Squared error: all labelled fails"):
        theory.predict(missing)


@pytest.mark.parametrize("factor", [1 - 2.0**-40, 1.0, 1 + 2.0**-40])
@pytest.mark.parametrize(
    ("problem", "value", "what"),
    [
        (lambda **s: SingleSource([16, 9, 64], **s), 4.0, "class 1"),
        (lambda **s: SingleSource([8, 8, 8, 8], **{**s, "lambda_b": 0.0}), 2.0, "task 1"),
        (lambda **s: SingleSource.balanced((2, 4), n=4, task_weights=(1, 2), **{**s, "lambda_b": 0.0}), 4.0, "task 2"),
        (
            lambda **s: SingleSource.correlated(4, n_same=30, n_different=4, **{**s, "lambda_b": 0.0}),
            4.0,
            "what the heads",
        ),
        (lambda **s: MultiLabel.balanced(4, {2: 2}, **{**s, "lambda_b": 0.0}), 1.0, "labels"),
        (lambda **s: MultiSource([[16, 9], [9, 4]], **s), 4.0, "task 1, class 1"),
        (lambda **s: Regression([[4.0, 0.0], [0.0, 1.0]], **s), 4.0, "direction 1"),
    ],
)
def test_thresholds_below_at_and_above(problem, value, what, factor):
    """λ_Hλ_W = s²/4 in rationals; just below, the singular value left is that of exact arithmetic."""
    made = problem(**settings(None) | {"lambda_H": value * factor, "lambda_W": 1.0})
    prediction = theory.predict(made)
    (row,) = [row for row in prediction.thresholds if row.what.startswith(what) and row.value == value]
    assert row.below == (factor < 1)
    left = 1.0 - np.sqrt(factor) if factor < 1 else 0.0
    assert row.margin == pytest.approx(left, rel=1e-3 if made.source == "regression" else 1e-6, abs=0.0)


def test_minority_classes_collapse_one_by_one():
    """Without bias class k is zero exactly when n_k ≤ 4 λ_H λ_W."""
    prediction = theory.predict(SingleSource([5, 4, 3, 0], **settings(None) | {"lambda_H": 1.0, "lambda_W": 1.0}))
    assert [row.below for row in prediction.thresholds] == [True, False, False]
    norms = np.diagonal(prediction.gram_W)
    np.testing.assert_allclose(norms, [np.sqrt(5) - 2, 0, 0, 0], rtol=1e-15)
    assert np.isnan(prediction.cosines[1]).all()
    assert prediction.theorem == "Squared error, orthogonal heads"
    assert "Dang et al. 2023" in prediction.citation
    assert prediction.within_theorem
    assert "2 of 3 past their thresholds" in prediction.regime


def test_bias_and_rise_of_label_balanced_tasks():
    """b = (1/K_t) N/(N + 2λ_b), and min F rises by Σ_t (c^t N/(2K_t)) 2λ_b/(N + 2λ_b) over that of a free bias."""
    penalized, free = (theory.predict(named("label-balanced", b)) for b in (0.03, 0.0))
    N, lambda_b = 24, 0.03
    for b, K in zip(penalized.b, (3, 4), strict=True):
        np.testing.assert_allclose(b, N / (K * (N + 2 * lambda_b)), rtol=1e-14)
    rise = sum(c * N / (2 * K) * 2 * lambda_b / (N + 2 * lambda_b) for c, K in ((1, 3), (0.5, 4)))
    assert penalized.objective - free.objective == pytest.approx(rise, rel=1e-12)
    np.testing.assert_array_equal(penalized.gram_W, free.gram_W)
    assert any("heads fit none of it" in row.found for row in penalized.hypotheses)
    past = theory.predict(named("label-balanced", 1e4))
    assert any("heads fit the rest" in row.found for row in past.hypotheses)
    assert "SNC2" not in past.properties


def test_label_balanced_tasks_have_theorem_3_1s_geometry():
    """a_t = 1 − τ √(K_t/(c^t N)) for its margins, and its features."""
    problem = named("label-balanced", 0.0)
    other = theory.predict(
        SingleSource.balanced((3, 4), n=2, task_weights=(1, 0.5), lambda_H=0.05, lambda_W=0.04, lambda_b=1.0)
    )
    prediction = theory.predict(problem)
    tau = 2 * np.sqrt(0.05 * 0.04)
    for row, theirs, K, c in zip(prediction.thresholds, other.thresholds, (3, 4), (1, 0.5), strict=True):
        assert row.margin == pytest.approx(1 - tau * np.sqrt(K / (c * 24)), rel=1e-14)
        assert row.value == theirs.value
    np.testing.assert_allclose(prediction.cosines, other.cosines, atol=1e-15)
    np.testing.assert_allclose(prediction.feature_weights, other.feature_weights, rtol=1e-14)
    assert prediction.properties == other.properties
    assert prediction.every_feature


@pytest.mark.parametrize(
    ("name", "lambda_b"),
    [row for row in FREE_OR_NONE if theory.predict(named(*row)).feature_weights is not None],
)
def test_features_are_weighted_sums_of_their_heads(name, lambda_b):
    problem = named(name, lambda_b)
    prediction = theory.predict(problem)
    listed = prediction.multi_source
    groups = zip(
        prediction.feature_weights if listed else [prediction.feature_weights],
        prediction.H() if listed else [prediction.H()],
        problem.labels if listed else [problem.labels],
        [[W] for W in prediction.W()] if listed else [prediction.W()],
        strict=True,
    )
    for g, H, labels, heads in groups:
        if problem.source == "multilabel":
            sums = g[0] * (heads[0].T @ labels.T)
        else:
            sums = sum(g[t] * head[labels[:, t]].T for t, head in enumerate(heads))
        np.testing.assert_allclose(H, sums, atol=1e-13)


@pytest.mark.parametrize(("name", "lambda_b"), FREE_OR_NONE + PENALIZED)
def test_the_properties_claimed_hold(name, lambda_b):
    problem = named(name, lambda_b)
    prediction = theory.predict(problem)
    codes = set(prediction.properties)
    heads, cosines = prediction.W(), prediction.cosines
    sizes = np.cumsum((0, *problem.classes))
    if codes & {"SNC2", "MNC2", "NC2"}:
        for t, K in enumerate(problem.classes):
            block = cosines[sizes[t] : sizes[t + 1], sizes[t] : sizes[t + 1]]
            np.testing.assert_allclose(block[~np.eye(K, dtype=bool)], -1 / (K - 1), atol=1e-12)
            norms = np.linalg.norm(heads[t], axis=1)
            np.testing.assert_allclose(norms, norms[0], rtol=1e-12)
    if "SNC3" in codes and len(problem.classes) > 1:
        assert np.abs(heads[0] @ heads[1].T).max() < 1e-14
    if "SNC5" in codes:
        u = prediction.logits + np.concatenate(prediction.b)[:, None]
        for t in range(len(problem.classes)):
            np.testing.assert_array_equal(u[sizes[t] : sizes[t + 1]].argmax(axis=0), problem.labels[:, t])
    if prediction.every_feature and not prediction.multi_source:
        H, W = prediction.H(), np.concatenate(heads)
        draws = RNG.standard_normal((len(H), 200))
        nearest = problem.labels[np.argmin(((draws[:, :, None] - H[:, None, :]) ** 2).sum(axis=0), axis=1)]
        for t in range(len(problem.classes)):
            np.testing.assert_array_equal((W[sizes[t] : sizes[t + 1]] @ draws).argmax(axis=0), nearest[:, t])


def test_regression_is_neural_regression_collapse():
    """W Wᵀ = √(λ_H/λ_W) ((Ỹ_c Ỹ_cᵀ)^{1/2} − τ)."""
    prediction = theory.predict(named("regression", 0.0))
    deviation = REAL - REAL.mean(axis=0)
    values, vectors = np.linalg.eigh(deviation.T @ deviation)
    root = (vectors * np.sqrt(values)) @ vectors.T
    expected = np.sqrt(0.05 / 0.04) * (root - 2 * np.sqrt(0.05 * 0.04) * np.eye(3))
    np.testing.assert_allclose(prediction.gram_W, expected, rtol=1e-12)
    assert prediction.properties == ("SNC1", "NRC1", "NRC2", "NRC3")
    assert "NRC3" not in theory.predict(named("regression", None)).properties


def test_named_cases():
    cases = {
        ("one balanced task", 0.0): ("Squared error, class-balanced", "Zhou et al. 2022", True),
        ("one balanced task", None): ("Squared error, orthogonal heads", "Tirer & Bruna 2022", True),
        ("one task", None): ("Squared error, orthogonal heads", "Dang et al. 2023", True),
        ("label-balanced", 0.3): ("Squared error, label-balanced tasks", "Theorem 3.1 with other margins", False),
        ("correlated", 0.0): ("Squared error, two correlated tasks", "Theorem 5.1 with other margins", False),
        ("smoothed means", 0.0): ("Squared error, label-balanced tasks with label smoothing", "docs/theory.md", False),
        ("regression", 0.0): ("Squared error, regression", "Andriopoulos et al. 2024", True),
        ("regressions", 0.0): ("Squared error, regression", "docs/theory.md", False),
        ("two tasks", 0.0): ("Squared error", "docs/theory.md", False),
    }
    for (name, lambda_b), (theorem, citation, published) in cases.items():
        prediction = theory.predict(named(name, lambda_b))
        assert prediction.theorem == theorem
        assert citation in prediction.citation
        assert prediction.within_theorem == published, name


@pytest.mark.parametrize("size", [1e-300, 1e-150, 1e-20, 1e20, 1e150])
def test_extreme_lambdas(size):
    for lambda_b in (0.0, None, size):
        for problem in balanced(lambda_b).values():
            prediction = theory.predict(fields(problem, lambda_H=size, lambda_W=size))
            assert np.isfinite(prediction.objective)
            assert np.isfinite(np.concatenate(prediction.b)).all()


@pytest.mark.parametrize(("lambda_b", "words"), [(None, "no bias"), (0.0, "λ_b = 0: free")])
def test_the_bias_that_was_found_is_told(lambda_b, words):
    problem = SingleSource([5, 3], loss="squared-error", lambda_H=0.05, lambda_W=0.05, lambda_b=lambda_b)
    (row,) = (row for row in theory.predict(problem).hypotheses if row.name == "bias")
    assert row.found == words
