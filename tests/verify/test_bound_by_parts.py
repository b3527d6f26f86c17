"""No lower bound found part by part exceeds the minimum: closed forms, solutions and dual points, in 60 digits."""

import itertools

import mpmath as mp
import numpy as np
import pytest
from degenerate_points import KINDS as DEGENERATE
from degenerate_points import minimum
from degenerate_points import point_at_random as degenerate_point
from degenerate_points import problem_at_random as balanced_problem
from family import KINDS, SOURCES, columns, objective, point_at_random
from in_parts import always, in_parts
from test_any_loss_bound import BIASES, drawn, exactly

from ufm import solve
from verify import certify
from verify.certification.by_parts.bounds import per_task_deviation, polar_deviations
from verify.certification.by_parts.dual_value import dual_point
from verify.certification.by_parts.free_bias import FreeBias, Placed
from verify.certification.by_parts.norms import Norms
from verify.certification.dual_value import factors, further_inside, share_of
from verify.reading.read import read


@pytest.mark.parametrize("start", [0, 30, *(pytest.param(k, marks=pytest.mark.slow) for k in range(60, 1500, 30))])
def test_bound_of_a_degenerate_point(start, monkeypatch):
    for seed in range(start, start + 30):
        rng = np.random.default_rng(seed)
        problem = balanced_problem(rng)
        bias = (problem.lambda_b, 0.0, None)[seed % 3]
        point = degenerate_point(problem, DEGENERATE[seed // 3 % len(DEGENERATE)], rng)
        problem.lambda_b, point.b = bias, None if bias is None else point.b
        always(monkeypatch, int(rng.integers(1, 200)))
        certificate = certify(problem, point)
        with mp.workdps(60):
            F = minimum(problem)
            assert 0 <= mp.mpf(certificate.lower_bound) <= F, seed
            if certificate.verdict == "global minimum":
                assert certificate.objective <= F * (1 + 2 * mp.mpf(certificate.tolerance)), seed


@pytest.mark.parametrize(("source", "bias"), list(itertools.product(SOURCES, BIASES)))
def test_bound_over_the_family(source, bias, monkeypatch):
    rng, problem = drawn(source, bias, 3 * SOURCES.index(source) + BIASES.index(bias))
    solution = solve(problem)
    always(monkeypatch, 3 * sum(problem.classes))
    with mp.workdps(60):
        F = objective(problem, solution)
        for kind in KINDS:
            certificate = certify(problem, point_at_random(problem, kind, rng, solution))
            assert 0 <= mp.mpf(certificate.lower_bound) <= F, kind
            if certificate.verdict == "global minimum":
                assert certificate.objective <= F * (1 + 2 * mp.mpf(certificate.tolerance)), kind


@pytest.mark.parametrize(("source", "bias"), list(itertools.product(SOURCES, BIASES)))
def test_dual_points_and_their_values_in_sixty_digits(source, bias, monkeypatch):
    """Of the very g that is meant, put together from its parts."""
    rng, problem = drawn(source, bias, 7 + 3 * SOURCES.index(source) + BIASES.index(bias))
    bounds, moves = [], []
    norms, placed = Norms.bounds, FreeBias.placed
    monkeypatch.setattr(Norms, "bounds", lambda *a: bounds.append(norms(*a)) or bounds[-1])
    monkeypatch.setattr(FreeBias, "placed", lambda *a: moves.append(placed(*a)) or moves[-1])
    at = read(problem, point_at_random(problem, "ordinary", rng, None))
    for given, form, point, part in zip(at.columns, at.forms, at.points, columns(problem), strict=True):
        parts = in_parts(given, point, 5)
        plain = dual_point(parts, parts.residual)
        for wanted in (parts.residual, per_task_deviation(parts, plain), *polar_deviations(parts, plain)):
            bounds.clear(), moves.clear()
            found = dual_point(parts, wanted)
            deviation = np.concatenate([found.deviation(p) for p in parts], axis=1)
            moved = np.concatenate([moves[0].moved(p) for p in parts], axis=1) if moves else None
            theta = share_of(form.tau, bounds[0][1])
            inner = factors(form, theta, deviation)
            if inner is not None and moves:
                theta = further_inside(theta, float(inner.min()))
            elif inner is not None:
                deviation *= inner
            meant = type(found)(found.value, found.sigma, found.gram, deviation)
            with mp.workdps(60):
                exactly(problem, form, part, meant, bounds[0][1], moved, mp.mpf(theta))


def test_pivots_stay_in_their_parts():
    placed = Placed(None, np.array([4, 0, 9]), np.array([1.0, 2.0, 3.0]))
    where = [type("Part", (), {"at": slice(a, min(a + 4, 10))}) for a in range(0, 10, 4)]
    whole = np.concatenate([placed.moved(part) for part in where], axis=1)
    assert whole.shape == (3, 10)
    assert np.argwhere(whole).tolist() == [[0, 4], [1, 0], [2, 9]]
    assert whole.sum(axis=1).tolist() == [1.0, 2.0, 3.0]
