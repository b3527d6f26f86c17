"""Squared error: problems that are one, limits of the bias, invariances, numbers worked out elsewhere."""

from __future__ import annotations

import itertools
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strangers import fields

import theory
from ufm import MultiLabel, MultiSource, Regression, SingleSource

RNG = np.random.default_rng(3)
REAL = RNG.standard_normal((9, 3))
COUNTS = np.array([[9, 1, 4], [2, 3, 2]])


def lambdas(lambda_b: float | None = 0.0, **more: Any) -> dict[str, Any]:
    return {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": lambda_b, "loss": "squared-error", **more}


def same(one: theory.Prediction, other: theory.Prediction, *, scale: float = 1.0) -> None:
    assert scale * one.objective == pytest.approx(other.objective, rel=1e-13)
    np.testing.assert_allclose(one.gram_W, other.gram_W, atol=1e-13 * np.abs(other.gram_W).max())
    np.testing.assert_allclose(np.concatenate(one.b), np.concatenate(other.b), atol=1e-13)


@pytest.mark.parametrize("lambda_b", [0.0, None])
def test_one_target_matrix_is_one_problem(lambda_b):
    """One-hot labels, their rows as soft labels and as real targets; label sets and their indicators."""
    given_ = lambdas(lambda_b)
    hot = SingleSource(COUNTS, task_weights=(1, 3), **given_)
    rows = [np.eye(2)[hot.labels[:, 0]], np.eye(3)[hot.labels[:, 1]]]
    for other in (
        Regression(rows, hot.counts, task_weights=(1, 3), **given_),
        SingleSource.from_probabilities(rows, hot.counts, task_weights=(1, 3), **given_),
    ):
        same(theory.predict(hot), theory.predict(other))
    indicators = RNG.integers(0, 2, (12, 3))
    same(
        theory.predict(MultiLabel.from_indicators(indicators, **given_)),
        theory.predict(Regression(indicators.astype(float), **given_)),
    )


@pytest.mark.parametrize("lambda_b", [0.0, None])
def test_tasks_alone_are_problems_of_one_task(lambda_b):
    together = theory.predict(MultiSource([[3, 4, 5], [7, 2]], task_weights=(2, 0.5), **lambdas(lambda_b)))
    alone = [theory.predict(SingleSource(n, **lambdas(lambda_b))) for n in ([3, 4, 5], [7, 2])]
    assert together.objective == pytest.approx(2 * alone[0].objective + 0.5 * alone[1].objective, rel=1e-14)
    np.testing.assert_allclose(together.gram_W[:3, :3], alone[0].gram_W, rtol=1e-13, atol=1e-15)
    assert np.isnan(together.gram_W[:3, 3:]).all()


def test_a_free_bias_does_not_see_a_constant():
    one, other = (theory.predict(Regression(Y, **lambdas())) for Y in (REAL, REAL + np.array([1.0, -3.0, 100.0])))
    assert one.objective == pytest.approx(other.objective, rel=1e-12)
    np.testing.assert_allclose(one.gram_W, other.gram_W, rtol=1e-11)
    np.testing.assert_allclose(other.b[0] - one.b[0], [1.0, -3.0, 100.0], rtol=1e-13)


@pytest.mark.parametrize(
    "make",
    [
        lambda **s: SingleSource.balanced((3, 4), n=2, task_weights=(1, 0.5), **s),
        lambda **s: SingleSource.correlated(3, n_same=5, n_different=2, label_smoothing=0.1, **s),
        lambda **s: MultiLabel.balanced(4, {1: 4, 2: 2, 3: 1}, **s),
        lambda **s: MultiSource([[3, 3, 3], [7, 7]], reduction="mean", **s),
    ],
)
def test_the_bias_between_free_and_none(make):
    """min F and each |b| are monotonic in λ_b, and tend to those of a free bias and of none."""
    penalties = [0.0, 1e-9, 1e-3, 1e-2, 0.1, 1.0, 10.0, 100.0, 1e4, 1e12]
    found = [theory.predict(make(**lambdas(b))) for b in penalties]
    none = theory.predict(make(**lambdas(None)))
    minima = [prediction.objective for prediction in found]
    assert all(low <= high * (1 + 1e-14) for low, high in zip(minima, [*minima[1:], none.objective], strict=True))
    sizes = [np.abs(np.concatenate(prediction.b)).max() for prediction in found]
    assert all(high <= low * (1 + 1e-14) for low, high in itertools.pairwise(sizes))
    assert minima[1] == pytest.approx(minima[0], rel=1e-7)
    assert minima[-1] == pytest.approx(none.objective, rel=1e-9)
    np.testing.assert_allclose(found[-1].gram_W, none.gram_W, atol=1e-6)


def test_means_and_sums():
    """The mean of losses is the sum over N with λ's N times as large."""
    N = COUNTS.sum()
    for b in (0.0, None):
        of_means = theory.predict(SingleSource(COUNTS, reduction="mean", **lambdas(b)))
        of_sums = theory.predict(SingleSource(COUNTS, **lambdas(b) | {"lambda_H": 0.05 * N, "lambda_W": 0.04 * N}))
        same(of_sums, of_means, scale=1 / N)
        assert [row.value * N**2 for row in of_means.thresholds] == pytest.approx([r.value for r in of_sums.thresholds])


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, None]))
def test_duplicates_scales_and_permutations(seed, lambda_b):
    rng = np.random.default_rng(seed)
    targets = rng.standard_normal((6, 3)) * 10.0 ** rng.integers(-2, 3)
    counts = rng.integers(1, 5, 6)
    base = theory.predict(Regression(targets, counts, **lambdas(lambda_b)))
    repeated = theory.predict(Regression(np.repeat(targets, counts, axis=0), **lambdas(lambda_b)))
    same(base, repeated)
    ratio = 4.0 ** rng.integers(-3, 4)
    scaled = theory.predict(
        Regression(targets, counts, **lambdas(lambda_b) | {"lambda_H": 0.05 * ratio, "lambda_W": 0.04 / ratio})
    )
    assert scaled.objective == pytest.approx(base.objective, rel=1e-13)
    np.testing.assert_allclose(scaled.gram_W, ratio * base.gram_W, rtol=1e-11, atol=1e-12 * ratio)
    order = rng.permutation(3)
    permuted = theory.predict(Regression(targets[:, order], counts, **lambdas(lambda_b)))
    assert permuted.objective == pytest.approx(base.objective, rel=1e-13)
    size = np.abs(base.gram_W).max(initial=1e-300)
    np.testing.assert_allclose(permuted.gram_W, base.gram_W[np.ix_(order, order)], atol=1e-12 * size)


def test_many_columns_are_read_in_blocks(monkeypatch):
    """The decomposition of a block after the other is that of all."""
    problem = SingleSource.from_labels(RNG.integers(0, 3, (300, 4)), task_weights=(1, 2, 3, 4), **lambdas())
    whole = theory.predict(problem)
    monkeypatch.setattr("theory.margins.target_columns.BLOCK", 12)
    same(theory.predict(problem), whole)


def test_classes_of_equal_counts_are_one_mode():
    """The reduced decomposition of one task is that of all its classes."""
    counts = [9, 4, 4, 4, 1, 1, 0]
    made = SingleSource(counts, label_smoothing=0.1, **lambdas())
    prediction = theory.predict(made)
    rows = np.eye(7)[made.labels[:, 0]] * 0.9 + 0.1 / 7
    same(prediction, theory.predict(Regression(rows, made.counts, **lambdas())))
    assert [row.what for row in prediction.thresholds][:2] == ["classes of 1 samples", "classes of 4 samples"]
    assert prediction.thresholds[1].value == pytest.approx(0.81, rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "cosine"),
    [((4, 30, 7, 0.05, 0.05), 0.24177481), ((2, 5, 0, 0.05, 0.05), 1.0), ((3, 0, 5, 2.0, 1.0), -1.0)],
)
def test_worked_cosines(arguments, cosine):
    found = float(theory.class_correlation_cosine(*arguments, loss="squared-error"))
    assert found == pytest.approx(cosine, abs=5e-9)
    K, same_, different, H, W = arguments
    problem = SingleSource.correlated(
        K, n_same=same_, n_different=different, **lambdas() | {"lambda_H": H, "lambda_W": W}
    )
    assert theory.predict(problem).cosines[0, K] == pytest.approx(found, abs=1e-12)


def test_cosines_keep_their_digits():
    """n_same near n_different: no cancellation; NaN past both thresholds, and ValueError for another loss."""
    n, K = 1e6, 5
    found = theory.class_correlation_cosine(K, n + 1e-3, n, 1e-3, 1e-3, loss="squared-error")
    with mpmath.workdps(50):
        same_ = mpmath.mpf(n + 1e-3)
        tau = 2 * mpmath.sqrt(mpmath.mpf(1e-3) ** 2)
        s, a = mpmath.sqrt(2 * same_ + (K - 2) * n) - tau, mpmath.sqrt(K * n) - tau
        assert float(found) == pytest.approx(float((s - a) / (s + a)), rel=1e-13)
    assert np.isnan(theory.class_correlation_cosine(3, 1, 1, 9.0, 9.0, loss="squared-error"))
    with pytest.raises(ValueError, match="loss must be one of 'cross-entropy', 'squared-error'"):
        theory.class_correlation_cosine(3, 1, 1, 9.0, 9.0, loss="focal")


def test_zero_targets_and_constant_targets():
    nothing = theory.predict(Regression(np.zeros((3, 2)), **lambdas(None)))
    assert nothing.objective == 0.0
    assert nothing.H().shape == (1, 1)
    constant = Regression(np.full((3, 2), 5.0), **lambdas())
    prediction = theory.predict(constant)
    assert prediction.objective == 0.0
    np.testing.assert_array_equal(prediction.b[0], [5.0, 5.0])
    penalized = theory.predict(fields(constant, lambda_b=0.3))
    assert penalized.objective > 0.0
