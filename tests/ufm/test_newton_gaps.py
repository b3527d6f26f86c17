"""Newton reaches the global minimum, by the duality gap of code that is not its own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from newton_problems import HARD
from thorough import examples

import verify
from ufm import MultiSource, SingleSource, solve


@pytest.mark.parametrize("name", HARD)
def test_hard_problem(name, device):
    solution = solve(HARD[name], device=device)
    certificate = verify.certify(HARD[name], solution)
    assert abs(certificate.relative_gap) <= 1e-12
    assert solution.converged
    assert solution.status.split(";")[0].split(": ")[-1].startswith("converged")
    assert solution.objective == pytest.approx(certificate.objective, rel=1e-13)


@settings(max_examples=examples(150))
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["single", "multi"]),
    st.lists(st.integers(2, 5), min_size=1, max_size=3),
    st.tuples(*[st.floats(-4, 1)] * 3),
    st.sampled_from(["sum", "mean"]),
    st.sampled_from([0.0, 0.0, 0.1, 0.5]),
    st.sampled_from([1, 10, 1000]),
)
def test_random_problem(seed, source, classes, exponents, reduction, smoothing, most):
    rng = np.random.default_rng(seed)
    options = dict(zip(("lambda_H", "lambda_W", "lambda_b"), (10.0**e for e in exponents), strict=True))
    options |= {"task_weights": rng.uniform(0.2, 5, len(classes)), "reduction": reduction, "label_smoothing": smoothing}

    def draw(shape):
        counts = rng.integers(0, most + 1, shape) * (rng.random(shape) < 0.7)
        counts.flat[rng.integers(counts.size)] += 1
        return counts

    problem = (
        SingleSource(draw(classes), **options) if source == "single" else MultiSource(map_(draw, classes), **options)
    )
    solution = solve(problem, seed=seed)
    assert solution.converged, solution.status
    assert verify.certify(problem, solution).relative_gap <= 1e-10


def map_(function, values):
    return [function((value,)) for value in values]


@pytest.mark.slow
def test_forty_attributes():
    rng = np.random.default_rng(0)
    labels = (0.7 * rng.normal(size=(2000, 1)) + rng.normal(size=(2000, 40)) > 0.5).astype(int)
    problem = SingleSource.from_labels(labels, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    assert verify.certify(problem, solve(problem)).relative_gap <= 1e-12


def test_a_single_class_with_samples():
    """Its minimum is all bias, whose penalty is a small part of ‖b̂‖² in the solver's units."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        counts = [0, int(rng.integers(1, 1000))]
        lambda_H, lambda_W, lambda_b = 10 ** rng.uniform([-2, -2, -4], [1, 1, -2])
        problem = SingleSource(counts, lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=lambda_b)
        solution = solve(problem, seed=seed)
        certificate = verify.certify(problem, solution)
        assert solution.converged, solution.status
        assert certificate.relative_gap <= 1e-12
        assert abs(solution.objective - certificate.objective) <= 1e-13 * certificate.objective
