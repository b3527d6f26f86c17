"""The descent that exhibits a better objective, on the convex form itself."""

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples
from verified_points import named, problems, random_point, solved

import theory
from ufm import SingleSource, solve
from verify import certify
from verify.certification.descent import _evaluate, _factored, _prox_step, better_objective
from verify.reading.form import forms


def start(form):
    Z, b = np.zeros_like(form.targets), np.zeros(len(form.targets))
    return _evaluate(form, Z, b, np.zeros(1))


@pytest.mark.parametrize("name", ["arbitrary", "smoothed", "B.2 below", "3.1 one task"])
def test_steps_of_the_safe_length_reach_the_minimum(name):
    """Below 1 / L every step of the prox lowers P; its limit is min F."""
    problem = named(name)
    (form,) = forms(problem)
    safe = 2.0 / float((form.masses.max(axis=0) * form.loss_weight / form.feature_weight).max())
    state, step = start(form), safe
    for _ in range(3000):
        trial = _prox_step(form, state, 2 * step)
        longer = trial.value < state.value
        step = 2 * step if longer else max(safe, step / 4)
        trial = trial if longer else _prox_step(form, state, step)
        assert trial.value <= state.value * (1 + 1e-13) or step > safe
        state = trial if trial.value <= state.value else state
    np.testing.assert_allclose(state.value, certify(problem, solved(name)).objective, rtol=1e-7)


def exact_convex_form(form, Z, b):
    """P(Z̃, b) of the doubles given, term by term in 50 digits."""
    with mp.workdps(50):
        total = mp.mpf(form.tau) * mp.fsum(mp.svd_r(mp.matrix(Z.tolist()), compute_uv=False))
        for weight, rows in zip(form.task_weights, form.blocks, strict=True):
            offsets = [mp.mpf(v) for v in b[rows]]
            total += mp.mpf(form.lambda_b) * mp.mpf(weight) * mp.fsum(v * v for v in offsets)
            for column, a in enumerate(form.loss_weight):
                scale = mp.sqrt(mp.mpf(weight) * mp.mpf(form.feature_weight[column]))
                logits = [mp.mpf(z) / scale + v for z, v in zip(Z[rows, column], offsets, strict=True)]
                y = [mp.mpf(v) for v in form.targets[rows, column]]
                lse = mp.log(mp.fsum(map(mp.exp, logits)))
                total += mp.mpf(weight) * mp.mpf(a) * mp.fsum(v * (lse - z) for v, z in zip(y, logits, strict=True))
        return total


@pytest.mark.parametrize("excess", [0.0, 1e-12, 1e-6, 0.1])
@pytest.mark.parametrize("name", ["arbitrary", "smoothed"])
def test_the_rounding_covers_factors_longer_than_one(name, excess):
    """Σ s_i is below ‖U S Vᵀ‖_* by what the columns exceed length 1, and the exhibited value must own up to it."""
    (form,) = forms(named(name))
    rng = np.random.default_rng(0)
    U, singular, Vt = np.linalg.svd(rng.standard_normal(form.targets.shape), full_matrices=False)
    state = _factored(form, U * (1.0 + excess), singular, Vt, rng.standard_normal(len(U)))
    exact = exact_convex_form(form, state.Z, state.b)
    assert abs(exact - state.value) <= state.rounding
    assert state.rounding <= 1e-10 * state.value + 2.0 * excess * form.tau * singular.sum()


@given(problems(sources=("single",)), st.integers(0, 10**6))
@settings(max_examples=examples(40))
def test_a_safe_step_never_raises_the_convex_form(problem, seed):
    (form,) = forms(problem)
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal(form.targets.shape) * form.scaling
    state = _evaluate(form, Z, rng.standard_normal(len(Z)), np.linalg.svd(Z, compute_uv=False))
    safe = 1.0 / float((form.masses.max(axis=0) * form.loss_weight / form.feature_weight).max())
    assert _prox_step(form, state, safe).value <= state.value * (1 + 1e-13)


def test_the_value_of_a_factorization_is_at_most_its_objective():
    """And equals it where the factors are balanced."""
    problem = named("arbitrary")
    (form,) = forms(problem)
    point = random_point(problem, 3, 1.0, 0)
    W, b = np.concatenate(point.W), np.concatenate(point.b)
    objective = certify(problem, point).objective
    assert better_objective(form, W @ point.H, b, objective, 0.0) < objective
    best = solved("arbitrary")
    logits, bias = np.concatenate(best.W) @ np.asarray(best.H), np.concatenate(best.b)
    value = better_objective(form, logits, bias, np.inf, 0.0)
    np.testing.assert_allclose(value, certify(problem, best).objective, rtol=1e-13)


def test_constants_added_to_a_tasks_logits_and_biases_are_taken_off_at_once():
    """So the value exhibited is that of logits of rank R − T."""
    problem = named("3.1 below")
    prediction = theory.predict(problem)
    shift = np.repeat(np.random.default_rng(0).standard_normal((2, 9)), 3, axis=0)
    bias = np.repeat([0.3, -2.0], 3)
    value = better_objective(forms(problem)[0], prediction.logits + shift, bias, np.inf, 0.0)
    np.testing.assert_allclose(value, prediction.objective, rtol=1e-14)


def test_nothing_is_better_than_a_minimum():
    problem = named("arbitrary")
    point = solved("arbitrary")
    logits, bias = np.concatenate(point.W) @ np.asarray(point.H), np.concatenate(point.b)
    objective = certify(problem, point).objective
    assert better_objective(forms(problem)[0], logits, bias, objective, 1e-13 * objective) is None


def test_a_better_point_of_that_dimension_exists():
    """d = R − T: the solver attains less than what was exhibited, in that dimension."""
    problem = SingleSource([[4, 1], [2, 6]], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    point = random_point(problem, 2, 1.0, 0)
    certificate = certify(problem, point)
    assert certify(problem, solve(problem, dim=2)).objective <= certificate.better_objective < certificate.objective
