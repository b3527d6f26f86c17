"""What changes neither the bound nor the verdict."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from points import perturbed
from verified_points import named, per_sample, problems, random_point, solved

from ufm import MultiSource, SingleSource, solve
from verify import certify

FIGURES = ("objective", "lower_bound")


def figures(certificate):
    return [getattr(certificate, name) for name in FIGURES]


def restated(problem, counts, **changes):
    settings = {
        name: getattr(problem, name)
        for name in ("lambda_H", "lambda_W", "lambda_b", "task_weights", "reduction", "label_smoothing")
    }
    return type(problem)(counts, **{**settings, **changes})


@given(problems(), st.floats(-2, 2), st.integers(0, 10**6))
@settings(max_examples=40)
def test_scaling_one_lambda_against_the_other(problem, log_a, seed):
    """(λ_W, λ_H) → (a λ_W, λ_H / a), W → W / √a, H → H √a."""
    a = 10.0**log_a
    point = random_point(problem, 3, 0.3, seed)
    moved = restated(problem, problem.count_tensor(), lambda_W=a * problem.lambda_W, lambda_H=problem.lambda_H / a)
    W = [w / np.sqrt(a) for w in point.W]
    H = [h * np.sqrt(a) for h in point.H] if problem.source == "multi" else point.H * np.sqrt(a)
    np.testing.assert_allclose(
        figures(certify(moved, W=W, H=H, b=point.b)), figures(certify(problem, point)), rtol=1e-9, atol=1e-9
    )


@given(problems(), st.integers(2, 7), st.integers(0, 10**6))
@settings(max_examples=40)
def test_duplicating_every_sample(problem, times, seed):
    """Sums: F(kn, λ_H, kλ_W, kλ_b) = k F(n, λ_H, λ_W, λ_b). Means: F(kn, λ_H / k, λ_W, λ_b) = F."""
    point = random_point(problem, 3, 0.3, seed)
    counts = problem.count_tensor()
    counts = [times * c for c in counts] if problem.source == "multi" else times * counts
    if problem.reduction == "sum":
        more = restated(problem, counts, lambda_W=times * problem.lambda_W, lambda_b=times * problem.lambda_b)
        factor = times
    else:
        more = restated(problem, counts, lambda_H=problem.lambda_H / times)
        factor = 1
    np.testing.assert_allclose(
        figures(certify(more, point)), np.multiply(factor, figures(certify(problem, point))), rtol=1e-9, atol=1e-9
    )


def test_means_are_sums_with_larger_lambdas():
    """Mean: F_mean(λ) = F_sum(Nλ) / N."""
    problem, point = named("arbitrary"), perturbed(solved("arbitrary"), 1e-2)
    N = problem.samples
    lambdas = {name: getattr(problem, name) / N for name in ("lambda_H", "lambda_W", "lambda_b")}
    mean = restated(problem, problem.count_tensor(), reduction="mean", **lambdas)
    np.testing.assert_allclose(
        np.multiply(N, figures(certify(mean, point))), figures(certify(problem, point)), rtol=1e-12
    )


def test_multi_source_means_are_over_each_tasks_own_samples():
    counts, lambdas = [[5, 9], [40, 3, 7]], {"lambda_H": 0.01, "lambda_W": 0.02, "lambda_b": 0.03}
    problem = MultiSource(counts, reduction="mean", task_weights=(2.0, 0.5), **lambdas)
    point = solve(problem)
    certificate = certify(problem, point)
    for t, n in enumerate(counts):
        N = sum(n)
        alone = SingleSource(n, **{name: N * value for name, value in lambdas.items()})
        one = certify(alone, W=[point.W[t]], H=point.H[t], b=[point.b[t]])
        np.testing.assert_allclose(
            figures(certificate.tasks[t]), np.multiply(problem.task_weights[t] / N, figures(one)), rtol=1e-12
        )


@pytest.mark.parametrize("name", ["B.2 below", "arbitrary", "5.1 below"])
def test_rotations_and_orders_do_not_matter(name):
    problem, point = named(name), solved(name)
    rng = np.random.default_rng(0)
    dim = point.W[0].shape[1]
    Q = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    order = rng.permutation(len(problem.labels))
    W = [np.asarray(w) @ Q.T for w in point.W]
    H = (Q @ np.asarray(point.H))[:, order]
    certificate = certify(problem, W=W, H=H, b=point.b, labels=problem.labels[order])
    np.testing.assert_allclose(figures(certificate), figures(certify(problem, point)), rtol=1e-13)
    padded = certify(
        problem,
        W=[np.pad(w, ((0, 0), (0, 3))) for w in W],
        H=np.pad(H, ((0, 3), (0, 0))),
        b=point.b,
        labels=problem.labels[order],
    )
    np.testing.assert_allclose(figures(padded), figures(certificate), rtol=1e-14)
    assert padded.dim == dim + 3


def test_classes_and_tasks_permute():
    counts = np.array([[5, 0, 3], [1, 7, 2]])
    settings = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
    problem = SingleSource(counts, task_weights=(0.5, 2.0), **settings)
    swapped = SingleSource(counts.T[::-1], task_weights=(2.0, 0.5), **settings)
    here = random_point(problem, 3, 0.5, 1)
    labels = np.stack([2 - problem.labels[:, 1], problem.labels[:, 0]], axis=1)
    there = certify(swapped, W=[here.W[1][::-1], here.W[0]], b=[here.b[1][::-1], here.b[0]], H=here.H, labels=labels)
    np.testing.assert_allclose(figures(there), figures(certify(problem, here)), rtol=1e-12)


def test_columns_share_the_weight_of_their_label():
    """Two columns for a label of three samples count 3/2 each."""
    problem = SingleSource([3, 1], lambda_H=0.1, lambda_W=0.2, lambda_b=0.3)
    W = [np.array([[1.0], [-0.5]])]
    both = certify(problem, W=W, H=[[1.0, 2.0, -1.0]], labels=[0, 0, 1]).objective
    one = certify(problem, W=W, H=[[1.0, -1.0]]).objective
    two = certify(problem, W=W, H=[[2.0, -1.0]]).objective
    np.testing.assert_allclose(both, (one + two) / 2, rtol=1e-15)


def test_blocks_of_columns_do_not_matter(monkeypatch):
    problem, point = named("arbitrary"), perturbed(per_sample(named("arbitrary"), solved("arbitrary")), 0.1)
    whole = certify(problem, point)
    monkeypatch.setattr("verify.reading.label_sums.BLOCK", 20)
    pieces = certify(problem, point)
    np.testing.assert_allclose(figures(pieces), figures(whole), rtol=1e-14)
