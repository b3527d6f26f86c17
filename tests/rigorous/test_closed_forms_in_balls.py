"""Closed forms and laws in balls, against the certificate, the predictions in floating point, and brute force."""

from __future__ import annotations

import math
import sys

import flint
import numpy as np
import pytest
from enclosed_problems import ALONE, KNOWN, LAMBDAS, UNKNOWN, solved
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from thorough import examples

import theory
from theory.balls.convex_in_balls import Program, Term, _dual
from ufm import MultiLabel, SingleSource, solve
from verify import certify


@pytest.mark.parametrize("name", KNOWN)
def test_a_minimum_wrong_by_a_part_in_ten_thousand_million_does_not_meet(name):
    """The negative control: 1e-10 relative, a gap that figures in floating point would call closed."""
    minimum = theory.objective_in_balls(KNOWN[name])
    enclosure = certify(KNOWN[name], solved(name), rigorous=True).enclosure
    assert minimum.meets(*enclosure)
    assert float(minimum.ball.rad()) < 1e-20 * minimum.lower
    for wrong in (1 + 1e-10, 1 - 1e-10):
        assert not minimum.meets(enclosure.lower * wrong, enclosure.upper * wrong)


@pytest.mark.parametrize("name", KNOWN)
def test_prediction_in_floating_point_lies_within_rounding(name):
    prediction = theory.predict(KNOWN[name])
    minimum = theory.objective_in_balls(KNOWN[name])
    assert prediction.objective == pytest.approx(minimum.lower, rel=1e-14)
    assert minimum.lower <= minimum.upper
    assert minimum.upper <= math.nextafter(math.nextafter(minimum.lower, math.inf), math.inf)


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("B.2 partial", "Theorem B.2"),
        ("3.2 mean", "Theorem 3.2"),
        ("5.1 opposite", "Theorem 5.1"),
        ("K classes", "K correlated classes"),
        ("labels", "several labels"),
    ],
)
def test_law_is_named(name, law):
    assert theory.objective_in_balls(KNOWN[name]).law == law


@settings(max_examples=examples(40))
@given(
    K=st.integers(2, 5),
    n=st.integers(1, 1000),
    scale=st.floats(1e-3, 1.2),
    epsilon=st.sampled_from([0.0, 0.1, 0.5]),
    skew=st.floats(0.1, 10),
)
def test_any_distance_from_the_threshold(K, n, scale, epsilon, skew):
    """λ_H λ_W from far below to above (1 − ε)² N/(4K)."""
    root = scale * (1 - epsilon) * math.sqrt(K * K * n / (4 * K))
    problem = SingleSource.balanced(
        (K, K), n, lambda_H=root * skew, lambda_W=root / skew, lambda_b=1.0, label_smoothing=epsilon
    )
    assert theory.objective_in_balls(problem).meets(*certify(problem, solve(problem), rigorous=True).enclosure)


def test_threshold_is_decided_exactly():
    """λ_H λ_W = 9/12 exactly, and the doubles beside it: at and past it the minimum is Σ_t N log K, below it less."""
    with_logits = SingleSource.balanced((3, 3), 1, lambda_H=1.5, lambda_W=math.nextafter(0.5, 0), lambda_b=1.0)
    zero = [
        SingleSource.balanced((3, 3), 1, lambda_H=1.5, lambda_W=w, lambda_b=1.0) for w in (0.5, math.nextafter(0.5, 1))
    ]
    below, at, past = (theory.objective_in_balls(p, bits=400).ball for p in (with_logits, *zero))
    assert below < at
    assert at.overlaps(past)


def test_bits_make_the_ball_small():
    balls = [theory.objective_in_balls(KNOWN["K classes"], bits=bits).ball for bits in (96, 128, 256)]
    radii = [float(ball.rad()) for ball in balls]
    assert balls[0].overlaps(balls[1])
    assert balls[1].overlaps(balls[2])
    assert radii[0] > 1e6 * radii[1] > 1e24 * radii[2]


@pytest.mark.parametrize(
    ("n_same", "n_different", "lam", "epsilon"), [(20, 10, 0.05, 0.0), (2, 9, 0.3, 0.1), (30, 1, 1.0, 0.0)]
)
def test_k_class_law_by_brute_force(n_same, n_different, lam, epsilon):
    """The logits α ẽ_k, γ ẽ_k + δ ẽ_l put into the convex program, its singular values computed."""
    K = 3
    problem = SingleSource.correlated(
        K, n_same=n_same, n_different=n_different, lambda_H=lam, lambda_W=lam, lambda_b=1.0, label_smoothing=epsilon
    )
    minimum = theory.objective_in_balls(problem)
    frame = np.eye(K) - 1 / K

    def program(x):
        total, columns = 0.0, []
        for (i, j), n in zip(problem.labels, problem.counts, strict=True):
            alone, first, second = x[0] * frame[i], x[1] * frame[i] + x[2] * frame[j], x[1] * frame[j] + x[2] * frame[i]
            blocks = [alone, alone] if i == j else [first, second]
            for z, own in zip(blocks, (i, j), strict=True):
                y = (1 - epsilon) * np.eye(K)[own] + epsilon / K
                total += n * (np.log(np.exp(z).sum()) - y @ z)
            columns.append(np.sqrt(n) * np.concatenate(blocks))
        return total + 2 * lam * np.linalg.svd(np.array(columns), compute_uv=False).sum()

    found = minimize(
        program, [1.0, 1.0, 0.1], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}
    )
    assert found.fun >= minimum.lower * (1 - 1e-13)
    assert found.fun == pytest.approx(minimum.upper, rel=1e-8)


def test_probabilities_that_rounding_takes_above_one_prove_nothing():
    """log(1 + Σ_k e^{y_k}) + 1000 ‖y‖, far from its minimum log 4 at y = 0, where the first probability is e^{−100}."""
    one, zero = flint.arb(1), flint.arb(0)
    term = Term(one, (1, 1, 1, 1), ({}, {0: one}, {1: one}, {2: one}), (one, zero, zero, zero))
    program = Program(3, (term,), ([0, 1, 2],), 1000 * one)
    with flint.ctx.workprec(64):
        minimum = flint.arb(4).log()
        bounds = [_dual(program, [(100 + one * k / 7 * i).mid() for i in range(3)]) for k in range(20)]
        bounds.append(_dual(program, [zero, zero, zero]))
    assert any(not bound.is_finite() for bound in bounds)
    assert all(bound.lower() <= minimum for bound in bounds)
    assert bounds[-1].overlaps(minimum)


@pytest.mark.parametrize("epsilon", [0.0, 0.15])
def test_multi_label_law_by_brute_force(epsilon):
    K, lam = 4, 0.1
    problem = MultiLabel.balanced(
        classes=K,
        n_by_multiplicity={1: 4, 2: 2, 3: 1},
        lambda_H=lam,
        lambda_W=lam,
        lambda_b=1.0,
        label_smoothing=epsilon,
    )
    minimum = theory.objective_in_balls(problem)

    def program(a):
        total, columns = 0.0, []
        for chosen, n in zip(problem.labels, problem.counts, strict=True):
            m = chosen.sum()
            z = a[m - 1] * (chosen - m / K)
            y = (1 - epsilon) * chosen + epsilon * m / K
            total += n * (m * np.log(np.exp(z).sum()) - y @ z)
            columns.append(np.sqrt(n) * z)
        return total + 2 * lam * np.linalg.svd(np.array(columns), compute_uv=False).sum()

    found = minimize(
        program, np.ones(3), method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12, "maxiter": 5000}
    )
    assert found.fun >= minimum.lower * (1 - 1e-13)
    assert found.fun == pytest.approx(minimum.upper, rel=1e-8)


def test_stated_examples():
    """The figures of the theory page."""
    assert theory.objective_in_balls(KNOWN["K classes"]).lower == pytest.approx(15.6487639, abs=5e-8)
    assert theory.objective_in_balls(KNOWN["labels"]).lower == pytest.approx(25.0751119, abs=5e-8)


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_not_covered_is_refused(name):
    if name == "one label":
        problem = SingleSource([[2, 1, 1], [1, 2, 1], [1, 1, 2]], task_weights=(1.0, 1.5), **LAMBDAS)
    else:
        problem = UNKNOWN[name]
    with pytest.raises(ValueError, match="no closed form or law is known for this problem; covered are label-balanced"):
        theory.objective_in_balls(problem)


def test_bad_arguments_are_refused():
    with pytest.raises(ValueError, match="bits must be an integer ≥ 32, got 8"):
        theory.objective_in_balls(KNOWN["3.1"], bits=8)
    with pytest.raises(TypeError, match="no field 'source'"):
        theory.objective_in_balls(object())


def test_python_flint_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "flint", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'ufm-toolkit\[rigorous\]'"):
        theory.objective_in_balls(KNOWN["3.1"])


def test_zero_regime_is_the_entropy_of_guessing():
    minimum = theory.objective_in_balls(SingleSource.balanced((2, 2), 1, **ALONE))
    assert minimum.lower == pytest.approx(8 * math.log(2), rel=1e-15)
