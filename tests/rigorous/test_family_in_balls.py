"""Enclosures over losses × biases × sources: against sixty digits, closed forms, equivalences and wrong dual points."""

from __future__ import annotations

import functools
from fractions import Fraction

import flint
import numpy as np
import pytest
from enclosed_problems import random_point
from family_problems import BIASES, LOSSES, SOURCES, family_problem
from literal_objective import exact, objective, target
from mpmath import mp
from points import perturbed

from theory.balls.exact_reading import exact_parts
from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve
from verify import certify
from verify.certification.dual import best_deviation
from verify.certification.objective import evaluate
from verify.certification.rigorous import dual
from verify.certification.rigorous.ball_form import ball_forms
from verify.reading.form import forms
from verify.reading.point import read_point

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.05}


@functools.cache
def solved(source, bias, seed, loss=None):
    problem = family_problem(source, bias, seed, loss)
    return problem, solve(problem)


def fraction(number):
    """The centre of a ball as a rational."""
    mantissa, exponent = number.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def rational(value):
    return flint.fmpq(value.numerator, value.denominator)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("source", SOURCES)
def test_enclosure_against_sixty_digits(source, bias, seed):
    """Mixed losses: tight at the minimum, whose F in sixty digits is rounded up; never above F anywhere."""
    problem, solution = solved(source, bias, seed)
    certificate, floats = certify(problem, solution, rigorous=True), certify(problem, solution)
    lower, upper = certificate.enclosure
    F = objective(problem, solution)
    assert certificate.verdict == "global minimum"
    assert certificate.rigorous_note == ""
    assert certificate.enclosure.relative_width <= 1e-12
    assert exact(np.nextafter(np.nextafter(upper, 0), 0)) < F <= exact(upper)
    assert lower >= floats.lower_bound
    for size in (1e-3, 0.3):
        near = perturbed(solution, size)
        rough = certify(problem, near, rigorous=True)
        assert rough.verdict == "not optimal"
        assert rough.rigorous_note == ""
        assert rough.enclosure.lower <= upper
        assert exact(rough.enclosure.upper) >= objective(problem, near)
        assert rough.enclosure.lower >= certify(problem, near).lower_bound * (1 - 1e-12)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("source", SOURCES)
def test_any_point_of_several_columns_a_label(source, bias):
    problem, solution = solved(source, bias, 0)
    best = certify(problem, solution, rigorous=True).enclosure
    point = random_point(problem, 3, 0.7, 5, most=3)
    if bias == "none":
        point.b = None
    certificate = certify(problem, point, rigorous=True)
    if bias == "none":
        point.b = [np.zeros(k) for k in problem.classes]
    assert certificate.enclosure.lower <= best.upper
    assert certificate.enclosure.upper >= best.lower
    assert exact(certificate.enclosure.upper) >= objective(problem, point)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("bias", BIASES)
def test_ten_classes_in_two_tasks(loss, bias):
    lambda_b = {"penalized": 0.05, "free": 0.0, "none": None}[bias]
    problem = SingleSource.correlated(
        10, n_same=30, n_different=10, lambda_H=0.05, lambda_W=0.05, lambda_b=lambda_b, loss=loss
    )
    assert certify(problem, solve(problem), rigorous=True).enclosure.relative_width <= 1e-12


def squared_error_minimum(problem):
    """Σ ½ min(s, τ)² + τ (s − τ)₊ over singular values of diag(√c) Y diag(√n), the mean taken off under a free bias."""
    with mp.workdps(60):
        N = sum(problem.counts.tolist())
        divisor = N if problem.reduction == "mean" else 1
        tau = 2 * divisor * mp.sqrt(exact(problem.lambda_H) * exact(problem.lambda_W))
        columns = [
            [x for t, k in enumerate(problem.classes) for x in target(problem, t, k, y)]
            for y in map(tuple, problem.labels.tolist())
        ]
        counts = problem.counts.tolist()
        rows = [[exact(x) for x in row] for row in zip(*columns, strict=True)]
        if problem.lambda_b == 0:
            means = [sum(n * x for n, x in zip(counts, row, strict=True)) / N for row in rows]
            rows = [[x - mean for x in row] for row, mean in zip(rows, means, strict=True)]
        c = [mp.sqrt(exact(c)) for c, k in zip(problem.task_weights, problem.classes, strict=True) for _ in range(k)]
        scaled = [
            [v * x * mp.sqrt(n) for x, n in zip(row, counts, strict=True)] for v, row in zip(c, rows, strict=True)
        ]
        singular = mp.svd_r(mp.matrix(scaled), compute_uv=False)
        return sum(min(s, tau) ** 2 / 2 + tau * max(s - tau, 0) for s in singular) / divisor


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("bias", ["free", "none"])
@pytest.mark.parametrize("source", ["single", "multilabel", "soft", "regression"])
def test_squared_error_in_closed_form(source, bias, seed):
    """Any counts, weights and tasks; and the negative control: 1e-11 beside the minimum is outside."""
    problem, solution = solved(source, bias, seed, "squared-error")
    minimum = squared_error_minimum(problem)
    for size in (0.0, 1e-6, 1e-2):
        lower, upper = certify(problem, perturbed(solution, size), rigorous=True).enclosure
        assert exact(lower) <= minimum <= exact(upper)
    lower, upper = certify(problem, solution, rigorous=True).enclosure
    assert exact(lower) > minimum * (1 - mp.mpf(10) ** -11)
    assert exact(upper) < minimum * (1 + mp.mpf(10) ** -11)


@pytest.mark.parametrize(
    ("K", "lambda_b", "minimum"), [(4, 0.05, "15.233026655"), (10, 0.05, "55.346894715"), (4, None, "17.920490994")]
)
def test_sigmoids_of_balanced_classes(K, lambda_b, minimum):
    """The three scalars of docs/theory.md, minimized elsewhere, to all their digits."""
    settings = {**LAMBDAS, "lambda_b": lambda_b}
    problem = MultiSource.balanced((K,), 20, loss="binary-cross-entropy", **settings)
    lower, upper = certify(problem, solve(problem), rigorous=True).enclosure
    assert lower - 5e-10 <= float(minimum) <= upper + 5e-10
    assert not lower <= float(minimum) + 1e-8 <= upper


def meet(first, second):
    return first.lower <= second.upper and second.lower <= first.upper


def enclosure(problem):
    return certify(problem, solve(problem), rigorous=True).enclosure


def test_sigmoids_are_tasks_of_two_classes():
    """K outputs with λ_W/2, λ_b/2 have the minimum of K tasks of two classes."""
    rng = np.random.default_rng(0)
    sets = rng.integers(0, 2, (30, 3))
    sets[:2] = [[1, 1, 1], [0, 0, 0]]
    tasks = SingleSource.from_labels(1 - sets, classes=(2, 2, 2), **LAMBDAS)
    halved = {**LAMBDAS, "lambda_W": LAMBDAS["lambda_W"] / 2, "lambda_b": LAMBDAS["lambda_b"] / 2}
    sigmoids = MultiLabel.from_indicators(sets, loss="binary-cross-entropy", **halved)
    assert meet(enclosure(tasks), enclosure(sigmoids))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("lambda_b", [None, 0.05])
def test_one_label_a_sample_is_several_sources(loss, lambda_b):
    """Where every sample has a label in one task alone, Problem (3) is Problem (4) with weights 1, but for the bias."""
    settings = {**LAMBDAS, "lambda_b": lambda_b, "loss": loss}
    counts = [[5, 3, 8], [4, 9]]
    labels = [[k, -1] for k, n in enumerate(counts[0]) for _ in range(n)]
    labels += [[-1, k] for k, n in enumerate(counts[1]) for _ in range(n)]
    joined = SingleSource.from_labels(np.array(labels), classes=(3, 2), missing=-1, **settings)
    assert meet(enclosure(joined), enclosure(MultiSource(counts, **settings)))


def test_a_free_bias_does_not_see_a_constant():
    """Dyadic targets, so that adding one is exact; and means a thousand times their spread."""
    rows = np.random.default_rng(1).integers(-8, 9, (6, 2)) / 8.0
    settings = {**LAMBDAS, "lambda_b": 0.0}
    near, far = (enclosure(Regression(rows + shift, **settings)) for shift in (0.0, 1024.0))
    assert meet(near, far)
    assert far.relative_width <= 1e-9


def test_one_output():
    """K = 1: min F = ½ min(s, τ)² + τ (s − τ)₊ of the norm of the targets."""
    problem = Regression(np.array([[3.0], [4.0]]), lambda_H=0.5, lambda_W=0.5, lambda_b=None)
    lower, upper = enclosure(problem)
    assert lower <= 0.5 + 4.0 <= upper
    assert upper - lower <= 1e-13


@pytest.mark.parametrize("bits", [128, 512])
def test_a_minimum_of_zero(bits):
    """One target, which a free bias is: F = 0 is enclosed by itself."""
    problem = Regression(np.array([[3.0, 0.1]]), lambda_H=0.5, lambda_W=0.5, lambda_b=0.0)
    certificate = certify(problem, W=[np.zeros((2, 1))], H=np.zeros((1, 1)), b=[np.array([3.0, 0.1])], rigorous=True)
    assert certificate.enclosure == (0.0, 0.0)
    assert certificate.enclosure.relative_width == 0.0
    assert certificate.verdict == "global minimum"


@pytest.mark.parametrize("source", ["soft", "regression", "missing"])
def test_targets_are_exact(source):
    problem, _ = solved(source, "penalized", 1)
    (part,), (form,) = exact_parts(problem), ball_forms(problem)
    with flint.ctx.workprec(200):
        for t, (columns, rows) in enumerate(zip(form.targets(), form.blocks, strict=True)):
            for column, ball_target in enumerate(columns):
                y = tuple(np.asarray(problem.labels)[column].tolist())
                wanted = target(problem, t, len(rows), y)
                assert part.target(t, column) == (None if wanted is None else tuple(wanted))
                assert (ball_target is None) == (wanted is None)
                for ball, value in zip(ball_target.y if wanted else [], wanted or [], strict=True):
                    assert ball.contains(rational(value))
                    assert ball.rad() < 1e-55


def pieces(problem, point):
    parts = zip(ball_forms(problem), forms(problem), read_point(problem, point, None, None, None, None), strict=True)
    for form, rounded, part in parts:
        yield form, rounded, best_deviation(rounded, evaluate(rounded, part).residual)


@pytest.mark.parametrize("bias", BIASES)
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("size", [0.0, 1e-2])
def test_dual_point_is_feasible_in_exact_arithmetic(source, bias, size, monkeypatch):
    """Equations exactly, domains in rationals, the norm in sixty digits."""
    kept = {}
    gain = dual._gain

    def watched(form, targets, g, theta):
        kept["g"], kept["theta"] = g, theta
        return gain(form, targets, g, theta)

    monkeypatch.setattr(dual, "_gain", watched)
    problem, solution = solved(source, bias, 2)
    for form, rounded, deviation in pieces(problem, perturbed(solution, size)):
        with flint.ctx.workprec(400):  # sums of doubles are exact; pivots are quotients, within 1e-110
            assert dual.dual_value(form, rounded, deviation) is not None
        g, theta = [[fraction(x) for x in row] for row in kept["g"]], fraction(kept["theta"])
        tiny = Fraction(1, 10**100)
        parts = exact_parts(problem)
        part = parts[0] if len(parts) == 1 else parts[[p.classes for p in parts].index(form.classes)]
        for t, rows in enumerate(form.blocks):
            for column in range(len(form.counts)):
                block = [g[k][column] for k in rows]
                y = part.target(t, column)
                if y is None:
                    assert not any(block)
                    continue
                q = [a + theta * b for a, b in zip(y, block, strict=True)]
                if part.losses[t] == "cross-entropy":
                    assert abs(sum(block)) <= tiny
                    assert min(q) >= 0
                if part.losses[t] == "binary-cross-entropy":
                    assert 0 <= min(q) <= max(q) <= 1
        if bias == "free":
            assert all(abs(sum(n * x for n, x in zip(form.counts, row, strict=True))) <= tiny for row in g)
        with mp.workdps(60):
            c = [mp.sqrt(exact(c)) for c, k in zip(form.task_weights, form.classes, strict=True) for _ in range(k)]
            column = [mp.mpf(n) / form.divisor / mp.sqrt(n * exact(form.owner)) for n in form.counts]
            M = [[v * x * exact(e) for x, e in zip(column, row, strict=True)] for v, row in zip(c, g, strict=True)]
            tau = 2 * mp.sqrt(exact(form.lambda_W) * exact(form.lambda_H))
            assert exact(theta) * max(mp.svd_r(mp.matrix(M), compute_uv=False)) <= tau


@pytest.mark.parametrize("loss", LOSSES)
def test_a_dual_point_outside_by_1e_10_is_not_accepted(loss, monkeypatch):
    """Entries of q below 0 or above 1, a norm above τ: shrunk or refused, and no bound is above the minimum."""
    problem, solution = solved("single", "penalized", 3, loss)
    upper = certify(problem, solution, rigorous=True).enclosure.upper
    ((form, rounded, deviation),) = pieces(problem, solution)
    ends = {"cross-entropy": (-1.0,), "binary-cross-entropy": (-1.0, 1.0), "squared-error": ()}[loss]
    kept = []
    reach = dual._reach
    monkeypatch.setattr(dual, "_reach", lambda *a: kept.append(reach(*a)) or kept[-1])
    monkeypatch.setattr(dual, "clipped", lambda form, wanted: wanted)
    for towards in (-1.0, 1.0):
        outside = deviation.copy()
        y = rounded.targets[0, 0]
        outside[0, 0] = -y - 1e-10 if towards < 0 else 1.0 - y + 1e-10
        kept.clear()
        with flint.ctx.workprec(128):
            value = dual.dual_value(form, rounded, outside)
        assert value is None or value.lower() <= upper
        if towards in ends:
            assert kept[0] is None or kept[0] < 1
    with flint.ctx.workprec(128):
        grown = dual.dual_value(form, rounded, deviation * (1 + 1e-10))
    assert grown is None or grown.lower() <= upper


def test_a_drift_of_1e_10_under_a_free_bias_is_taken_off():
    """Beside a mean of 1e6 it would raise D by far more than the gap: left in, the bound is above the minimum."""
    rows = np.random.default_rng(2).integers(-8, 9, (5, 2)) / 8.0 + 2.0**20
    problem = Regression(rows, lambda_H=0.2, lambda_W=0.2, lambda_b=0.0)
    solution = solve(problem)
    lower, upper = certify(problem, solution, rigorous=True).enclosure
    ((form, rounded, deviation),) = pieces(problem, solution)
    drifting = deviation - 1e-10
    with flint.ctx.workprec(128):
        accepted = dual.dual_value(form, rounded, drifting)
        exact_doubles = [[flint.arb(x) for x in row] for row in drifting.tolist()]
        wrong = dual._gain(form, form.targets(), exact_doubles, flint.arb(1))
    assert wrong > upper
    assert accepted.lower() <= upper
    assert upper - lower <= 1e-6


def test_targets_that_a_loss_does_not_take_are_refused():
    problem, _ = solved("soft", "penalized", 0, "binary-cross-entropy")
    problem.targets[0, 0] = 1.5
    with pytest.raises(ValueError, match="targets of task 1 are none that binary-cross-entropy takes"):
        ball_forms(problem)
    problem.targets[0, 0] = 0.5
    assert ball_forms(problem)


SOME = {"lambda_H": 0.05, "lambda_W": 0.04}
SETS = np.repeat([[0, 0, 0], [1, 1, 1], [1, 0, 0]], 3, axis=0)
ROWS = np.array([[1.0, 1.0], [0.0, 0.0], [0.3, 1.0]])
EXTREMES = {
    **{
        f"a class of no sample, {loss}": SingleSource([[5, 0, 3], [0, 0, 0]], loss=loss, lambda_b=0.0, **SOME)
        for loss in LOSSES
    },
    **{
        f"one label, {loss}": SingleSource([0, 7], loss=loss, lambda_b=0.0, label_smoothing=0.1, **SOME)
        for loss in LOSSES[:2]
    },
    **{f"counts apart, {loss}": MultiSource([[10**8, 5, 3]], loss=loss, lambda_b=0.0, **SOME) for loss in LOSSES},
    "the empty set and the whole": MultiLabel.from_indicators(
        SETS, loss="binary-cross-entropy", lambda_b=0.0, label_smoothing=0.1, **SOME
    ),
    "targets at both ends": SingleSource.from_probabilities(
        [ROWS], loss="binary-cross-entropy", lambda_b=0.0, label_smoothing=0.1, **SOME
    ),
    "targets of 1e-300": SingleSource.from_probabilities([[[1.0, 1e-300], [0.5, 0.5]]], lambda_b=None, **SOME),
    "targets of zero": Regression(np.zeros((4, 2)), lambda_b=None, **SOME),
}


def test_a_minimum_of_zero_between_doubles():
    """The best bias is 1 − ε/2, no double: F > 0 at every point that can be given, and nothing closes the gap."""
    problem = SingleSource([0, 7], loss="squared-error", lambda_b=0.0, label_smoothing=0.1, **SOME)
    certificate = certify(problem, solve(problem), rigorous=True)
    assert certificate.enclosure.lower == 0.0 < certificate.enclosure.upper < 1e-30
    assert certificate.verdict == "inconclusive"


@pytest.mark.parametrize("name", EXTREMES)
def test_extremes_are_enclosed_as_tightly(name):
    certificate = certify(EXTREMES[name], solve(EXTREMES[name]), rigorous=True)
    assert certificate.verdict == "global minimum"
    assert certificate.rigorous_note == ""
    assert certificate.enclosure.relative_width <= 1e-12
