"""Proven enclosures of the minimum: seconds of ``verify.certify(rigorous=True)`` at a solution, and their width."""

from __future__ import annotations

from typing import Any

import pytest
from paper_problems import correlated_10x10, imagenet_cross, others

import theory
import ufm
import verify


def prove(benchmark: Any, problem: Any, rounds: int, width: float) -> None:
    """Times the certificate; the solution is made beforehand, and the closed form must lie in the enclosure."""
    solution = ufm.solve(problem)
    certificate = benchmark.pedantic(
        lambda: verify.certify(problem, solution, rigorous=True), rounds=rounds, warmup_rounds=1, iterations=1
    )
    benchmark.extra_info["relative width"] = certificate.enclosure.relative_width
    assert certificate.verdict == "global minimum"
    assert certificate.enclosure.relative_width <= width
    assert theory.objective_in_balls(problem).meets(*certificate.enclosure)


def test_rigorous_correlated_10x10(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "5 s, relative width 1e-12"
    prove(benchmark, correlated_10x10(), rounds=5, width=1e-12)


@pytest.mark.parametrize("lambda_b", [0.05, 0.0, None])
@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared-error"])
def test_rigorous_losses_and_biases_10x10(benchmark: Any, loss: str, lambda_b: float | None) -> None:
    benchmark.extra_info["reach"] = "1 s, relative width 1e-12"
    problem = ufm.SingleSource.correlated(
        10, n_same=30, n_different=10, lambda_H=0.05, lambda_W=0.05, lambda_b=lambda_b, loss=loss
    )
    solution = ufm.solve(problem)
    certificate = benchmark.pedantic(
        lambda: verify.certify(problem, solution, rigorous=True), rounds=5, warmup_rounds=1, iterations=1
    )
    benchmark.extra_info["relative width"] = certificate.enclosure.relative_width
    assert certificate.verdict == "global minimum"
    assert certificate.enclosure.relative_width <= 1e-12


def test_rigorous_imagenet_cross_10x10x10(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "30 s, relative width 1e-12"
    prove(benchmark, imagenet_cross(), rounds=3, width=1e-12)


@pytest.mark.parametrize("name", others())
def test_rigorous_paper_size(benchmark: Any, name: str) -> None:
    benchmark.extra_info["reach"] = "relative width 1e-12"
    prove(benchmark, others()[name], rounds=2, width=1e-12)


@pytest.mark.slow
def test_rigorous_thousand_classes(benchmark: Any) -> None:
    """One task: R = m = 1000, where products of matrices and a million entries of q count."""
    benchmark.extra_info["reach"] = "60 s, relative width 1e-12"
    problem = ufm.MultiSource.balanced((1000,), 10, lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    point = theory.predict(problem)
    arrays = {"W": point.W(), "H": point.H(), "b": point.b}
    certificate = benchmark.pedantic(
        lambda: verify.certify(problem, **arrays, rigorous=True), rounds=1, warmup_rounds=0, iterations=1
    )
    benchmark.extra_info["relative width"] = certificate.enclosure.relative_width
    assert certificate.enclosure.relative_width <= 1e-12
    assert theory.objective_in_balls(problem).meets(*certificate.enclosure)
