"""Laws in balls where a part of the minimum is nearly zero, so the norm has hardly a derivative, or all of it is."""

from __future__ import annotations

import pytest

import theory
from ufm import MultiLabel, SingleSource

NARROW = 1e-20  # relative: 128 bits less what Newton's last step and the sums leave


def problems():
    alike = {"lambda_H": 2.2, "lambda_W": 2.2, "lambda_b": 0.05}
    yield "hardly shared", SingleSource.correlated(3, n_same=1, n_different=30, **alike)
    smoothed = {"lambda_H": 2.0, "lambda_W": 10.3, "lambda_b": 0.05, "label_smoothing": 0.1}
    yield "hardly shared, smoothed", SingleSource.correlated(3, n_same=3, n_different=154, **smoothed)
    skew = {"lambda_H": 1.57, "lambda_W": 3.48, "lambda_b": 0.05}
    yield "hardly shared, 10 classes", SingleSource.correlated(10, n_same=4, n_different=21, **skew)
    near = {"lambda_H": 1.2194141, "lambda_W": 0.14921372, "lambda_b": 0.05, "label_smoothing": 0.5}
    yield "label sets near their threshold", MultiLabel.balanced(3, {1: 1, 2: 2}, **near)
    for tiny in (1e-100, 1e-300):
        lambdas = {"lambda_H": tiny, "lambda_W": tiny, "lambda_b": tiny}
        yield f"λ = {tiny:g}", SingleSource.correlated(3, n_same=3, n_different=1, **lambdas)
    for excess in (1e-2, 1e-5, 1e-8):
        lambdas = {"lambda_H": 0.75 * (1 - excess), "lambda_W": 1.0, "lambda_b": 0.05}
        yield f"label sets {excess:g} below their threshold", MultiLabel.balanced(3, {1: 1, 2: 2}, **lambdas)
        for n_same, n_different, threshold in ((30, 1, 0.75), (1, 2, 1.5)):  # K n_d/4: heads nearly parallel
            lambdas = {"lambda_H": threshold * (1 - excess), "lambda_W": 1.0, "lambda_b": 0.05}
            problem = SingleSource.correlated(3, n_same=n_same, n_different=n_different, **lambdas)
            yield f"n = {n_same}, {n_different}, {excess:g} below", problem


@pytest.mark.parametrize(("name", "problem"), list(problems()))
def test_enclosure_is_narrow_and_holds_the_prediction(name, problem):
    minimum = theory.objective_in_balls(problem)
    assert float(minimum.ball.rad()) < NARROW * minimum.lower
    assert theory.predict(problem).objective == pytest.approx(minimum.lower, rel=1e-14)
