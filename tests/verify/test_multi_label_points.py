"""Pick-all-label points: both objectives against a loop over samples, certificates, and what labels= may be."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

from ufm import MultiLabel, solve
from ufm.solvers.objective import evaluate
from verify import certify, compare
from verify._metrics.sum_of_heads import summed_heads
from verify.main_job import write_report
from verify.main_job.case import JobResult, run_case
from verify.reading.form import forms

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
REAL = {(0,): 4, (1,): 9, (0, 2): 5, (0, 1, 2): 1, (1, 3): 7, (0, 1, 2, 3): 2}
MINIMA = {
    "K = 3": MultiLabel.balanced(3, {1: 10, 2: 5}, **LAMBDAS),
    "K = 4, all multiplicities": MultiLabel.balanced(4, {1: 7, 2: 3, 3: 9, 4: 2}, **LAMBDAS),
    "K = 5, no multiplicity 1": MultiLabel.balanced(5, {2: 4, 4: 1}, **LAMBDAS),
    "K = 5, mean": MultiLabel.balanced(5, {1: 4, 3: 2}, reduction="mean", lambda_H=1e-3, lambda_W=5e-4, lambda_b=1e-2),
    "smoothed": MultiLabel.balanced(4, {1: 7, 2: 3, 4: 2}, label_smoothing=0.1, **LAMBDAS),
    "imbalanced": MultiLabel(REAL, classes=4, **LAMBDAS),
    "imbalanced, mean, smoothed": MultiLabel(
        REAL, classes=5, reduction="mean", label_smoothing=0.2, lambda_H=1e-3, lambda_W=1e-3, lambda_b=1e-3
    ),
    "one label set": MultiLabel({(0, 1): 3}, classes=3, **LAMBDAS),
    "all labels": MultiLabel({(0, 1, 2): 3}, classes=3, **LAMBDAS),
}


def random_problem(rng):
    k = int(rng.integers(2, 6))
    rows = (rng.random((int(rng.integers(1, 8)), k)) < 0.5).astype(int)
    rows[np.arange(len(rows)), rng.integers(0, k, len(rows))] = 1
    lambdas = dict(zip(LAMBDAS, 10.0 ** rng.uniform(-3, 0.3, 3), strict=True))
    reduction = str(rng.choice(["sum", "mean"]))
    rows = np.repeat(rows, rng.integers(1, 5, len(rows)), axis=0)
    return MultiLabel.from_indicators(
        rows, reduction=reduction, label_smoothing=float(rng.choice([0.0, 0.2])), **lambdas
    )


def random_point(problem, rng, dim=3):
    k = problem.classes[0]
    draw = lambda *shape: rng.standard_normal(shape)
    return SimpleNamespace(W=[draw(k, dim)], b=[draw(k)], H=draw(dim, len(problem.counts)), labels=problem.labels)


def literal(problem, W, H, b):
    """Σ over samples, over their labels, of smoothed cross-entropies in plain floats; then the penalties."""
    k, smoothing = problem.classes[0], problem.label_smoothing
    data = [(H[:, i], members) for i, members in enumerate(problem.label_sets) for _ in range(problem.counts[i])]
    fit = 0.0
    for h, members in data:
        u = [sum(w * x for w, x in zip(W[j], h, strict=True)) + b[j] for j in range(k)]
        total = math.log(sum(math.exp(x) for x in u))
        for label in members:
            fit += (1 - smoothing) * (total - u[label]) + smoothing * sum(total - x for x in u) / k
    fit /= len(data) if problem.reduction == "mean" else 1
    features = problem.lambda_H * sum(float(h @ h) for h, _ in data)
    return fit + features + problem.lambda_W * float(np.sum(W**2)) + problem.lambda_b * float(b @ b)


@given(st.integers(0, 2**32 - 1))
def test_a_loop_over_samples_is_both_objectives(seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    point = random_point(problem, rng)
    W, H, b = point.W[0], point.H, point.b[0]
    expected = literal(problem, W, H, b)
    (form,) = problem.standard_forms()
    assert evaluate(form, *(torch.as_tensor(x) for x in (W, H, b))) == pytest.approx(expected, rel=1e-12)
    assert certify(problem, point).objective == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", MINIMA)
def test_newton_reaches_certified_minima(name):
    problem = MINIMA[name]
    solution = solve(problem)
    certificate = certify(problem, solution)
    assert certificate.verdict == "global minimum"
    assert certificate.relative_gap < 1e-11
    assert certificate.objective == pytest.approx(solution.objective, rel=1e-13)
    assert certificate.sufficient_dim == min(problem.classes[0] - 1, len(problem.counts))


@settings(max_examples=examples(30))
@given(st.integers(0, 2**32 - 1))
def test_any_problem_is_certified(seed):
    problem = random_problem(np.random.default_rng(seed))
    assert certify(problem, solve(problem), tolerance=1e-8).verdict == "global minimum"


@settings(max_examples=examples(30))
@given(st.integers(0, 2**32 - 1))
def test_no_point_is_below_the_bound_of_another(seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(rng)
    least = solve(problem).objective
    certificate = certify(problem, random_point(problem, rng))
    assert certificate.lower_bound <= least * (1 + 1e-12)
    assert certificate.objective >= least * (1 - 1e-12)


@pytest.mark.parametrize("name", ["K = 3", "K = 4, all multiplicities", "imbalanced", "smoothed"])
def test_other_points_are_refused(name):
    """Zero, which is stationary; a perturbed minimizer; and the minimizer with two label sets' features exchanged."""
    problem = MINIMA[name]
    solution = solve(problem)
    W, b, H = solution.W[0].numpy(), solution.b[0].numpy(), solution.H.numpy()
    exchanged = H[:, [1, 0, *range(2, H.shape[1])]]
    noise = 1 + 1e-3 * np.random.default_rng(0).standard_normal(H.shape)
    zero = certify(problem, W=[0 * W], H=0 * H, b=[0 * b])
    assert zero.verdict == "not optimal"
    assert zero.spectral_ratio > 1
    assert certify(problem, W=[W], H=H * noise, b=[b]).verdict == "not optimal"
    assert certify(problem, W=[W], H=exchanged, b=[b]).verdict == "not optimal"


def test_a_feature_of_every_sample_in_any_order():
    problem = MINIMA["imbalanced"]
    solution = solve(problem)
    columns = np.random.default_rng(0).permutation(np.repeat(np.arange(len(problem.counts)), problem.counts))
    H, labels = solution.H.numpy()[:, columns], problem.labels[columns]
    for given_labels in (labels, labels.astype(bool), torch.as_tensor(labels)):
        certificate = certify(problem, W=solution.W, H=H, b=solution.b, labels=given_labels)
        assert certificate.objective == pytest.approx(solution.objective, rel=1e-13)
        assert certificate.verdict == "global minimum"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros((6, 1), int), r"labels must have 4 columns of 0s and 1s, one per class, got shape \(6, 1\)"),
        (np.arange(6), r"labels must have shape \(N, K\)"),
        (2 * np.eye(6, 4, dtype=int), r"labels\[0, 0\] = 2; indicators are 0 and 1"),
        (np.eye(6, 4, dtype=int), r"labels\[4\] names no class"),
        (np.ones((5, 4), int), "labels has 5 rows but H has 6 columns"),
        ([[0, 0, 0, 1]] * 6, r"labels\[0\] = \(0, 0, 0, 1\) has no samples in the problem"),
        ([[1, 1, 1, 1]] * 6, r"no column of H for the problem's label \(1, 0, 0, 0\)"),
    ],
)
def test_labels_that_do_not_fit(labels, message):
    problem = MINIMA["imbalanced"]
    with pytest.raises(ValueError, match=message):
        certify(problem, W=[np.ones((4, 2))], H=np.ones((2, 6)), labels=labels)


def test_columns_that_nothing_names():
    with pytest.raises(ValueError, match=r"6 distinct labels; pass labels=, \(7, 4\)"):
        certify(MINIMA["imbalanced"], W=[np.ones((4, 2))], H=np.ones((2, 7)))


def test_sums_of_heads_run_over_label_sets():
    (form,) = forms(MINIMA["imbalanced"])
    W = np.random.default_rng(0).standard_normal((4, 3))
    weights = np.arange(1.0, 7.0)[None]
    expected = [g * sum(W[k] for k in s) for g, s in zip(weights[0], MINIMA["imbalanced"].label_sets, strict=True)]
    np.testing.assert_allclose(summed_heads(form, W, weights), np.stack(expected, axis=1), rtol=1e-14)


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", ["K = 3", "imbalanced"])
def test_compared_and_reported(name, tmp_path):
    case = run_case(name, MINIMA[name])
    assert case.report.passed
    assert "NN_decoding_error" in case.report.metrics
    first_order = run_case(name, MINIMA[name], tolerance=1e-5, method="gradient")
    assert first_order.report.passed
    page = write_report(JobResult((case, first_order)), tmp_path)
    assert "NC-m" in page.read_text()


def test_a_point_that_is_not_minimal_does_not_pass():
    problem = MINIMA["K = 3"]
    solution = solve(MultiLabel.balanced(3, {1: 10, 2: 6}, **LAMBDAS))
    assert not compare(problem, solution).passed
