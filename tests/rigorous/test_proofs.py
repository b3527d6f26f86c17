"""Each step of the proof by itself: outward rounding, spectral norms, feasibility, failure that is said, refusals."""

from __future__ import annotations

import math
import sys
from fractions import Fraction

import flint
import numpy as np
import pytest
from enclosed_problems import ALL, UNKNOWN, random_point, solved
from hypothesis import given
from hypothesis import strategies as st
from literal_objective import exact
from mpmath import mp, mpf
from points import perturbed

from theory.balls.outward import above, below
from ufm import SingleSource
from verify import certify
from verify.certification.dual import best_deviation
from verify.certification.objective import evaluate
from verify.certification.rigorous import dual, work
from verify.certification.rigorous.ball_form import ball_forms
from verify.certification.rigorous.balls import matrix
from verify.certification.rigorous.enclosure import Enclosure
from verify.certification.rigorous.proof import prove
from verify.certification.rigorous.spectral import norm_bound
from verify.reading.form import forms
from verify.reading.point import read_point


def fraction(number):
    """An exact ball as a rational."""
    mantissa, exponent = number.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


@given(st.fractions(), st.integers(-1200, 1200), st.sampled_from([20, 53, 64, 200]))
def test_rounding_is_outward_and_by_little(number, exponent, bits):
    value = number * Fraction(2) ** exponent
    with flint.ctx.workprec(bits):
        ball = flint.arb(flint.fmpq(value.numerator, value.denominator))
        low, high = below(ball), above(ball)
        ends = fraction(ball.lower()), fraction(ball.upper())
    if math.isfinite(low):
        assert Fraction(low) <= min(value, ends[0])
        assert math.nextafter(low, math.inf) > ends[0]  # no double between
    else:
        assert ends[0] < -Fraction(sys.float_info.max)
    if math.isfinite(high):
        assert Fraction(high) >= max(value, ends[1])
        assert math.nextafter(high, -math.inf) < ends[1]
    else:
        assert ends[1] > Fraction(sys.float_info.max)


def test_rounding_of_what_is_no_number():
    for ball in (flint.arb.nan(), flint.arb.pos_inf(), flint.arb(0, flint.arb.pos_inf())):
        assert (below(ball), above(ball)) == (-math.inf, math.inf)


@given(st.floats(1e-300, 1e300), st.floats(0, 1))
def test_relative_width_is_rounded_up(upper, share):
    lower = share * upper
    width = Enclosure(lower, upper).relative_width
    assert Fraction(width) >= (Fraction(upper) - Fraction(lower)) / Fraction(upper)


@pytest.mark.parametrize("number", [Fraction(3, 2), np.float32(1.5), np.int64(1), 1, 1.0, 2])
def test_numbers_of_any_kind_lie_in_an_enclosure(number):
    enclosure = Enclosure(1.0, 2.0)
    assert number in enclosure
    assert number + 2 not in enclosure
    assert -number not in enclosure
    assert np.float32(1.0) not in Enclosure(1.0 + 1e-12, 2.0)  # the end, as a float32, is 1
    assert "1" not in enclosure
    assert math.nan not in enclosure


@pytest.mark.parametrize(
    ("rows", "columns", "rank"), [(4, 9, 4), (9, 4, 4), (6, 6, 2), (1, 5, 1), (5, 1, 1), (20, 30, 7)]
)
@pytest.mark.parametrize("decades", [0, 6])
def test_spectral_norm_is_bounded_tightly(rows, columns, rank, decades):
    rng = np.random.default_rng(rank)
    spread = np.logspace(0, -decades, rank)
    M = (rng.standard_normal((rows, rank)) * spread) @ rng.standard_normal((rank, columns))
    with flint.ctx.workprec(128):
        bound = norm_bound(matrix(M))
    with mp.workdps(40):
        singular = max(mp.svd_r(mp.matrix([[exact(x) for x in row] for row in M.tolist()]), compute_uv=False))
        assert exact(fraction(bound)) >= singular
        assert exact(fraction(bound)) <= singular * (1 + mpf(10) ** -12)


def test_spectral_norm_of_equal_singular_values():
    """A Hadamard matrix, all of whose singular values are exactly 4."""
    H = np.array([[1.0]])
    for _ in range(4):
        H = np.block([[H, H], [H, -H]])
    with flint.ctx.workprec(128):
        assert 4 <= fraction(norm_bound(matrix(H))) <= 4 * (1 + Fraction(1, 10**13))
        assert norm_bound(matrix(np.zeros((3, 5)))) == 0
        assert not norm_bound(flint.arb_mat(1, 1, [flint.arb.nan()])).is_finite()


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("size", [1e-9, 1e-2, 1.0])
def test_dual_point_is_feasible_in_fifty_digits(name, size, monkeypatch):
    """The exact q that the proof speaks of: q ≥ 0, block sums s, spectral norm ≤ τ, checked by another library."""
    kept = {}
    for step in ("completed", "norm_bound"):
        original = getattr(dual, step)
        monkeypatch.setattr(dual, step, lambda *a, step=step, original=original: kept.setdefault(step, original(*a)))
    problem, point = UNKNOWN[name], perturbed(solved(name), size)
    pieces = zip(ball_forms(problem), forms(problem), read_point(problem, point, None, None, None, None), strict=True)
    for form, rounded, part in pieces:
        kept.clear()
        deviation = best_deviation(rounded, evaluate(rounded, part).residual)
        with flint.ctx.workprec(300):  # sums of doubles are exact
            assert dual.dual_value(form, rounded, deviation) is not None
            sigma = kept["norm_bound"]
            theta = min(Fraction(1), fraction((form.tau / sigma).lower()))
            e = [[fraction(x.mid()) for x in row] for row in kept["completed"]]
        assert all(x.rad() == 0 for row in kept["completed"] for x in row)
        epsilon = Fraction(problem.label_smoothing)
        for rows in form.blocks:
            for label in range(len(form.counts)):
                hard = form.given[rows.start : rows.stop, label].astype(int).tolist()
                y = [(1 - epsilon) * k + epsilon * sum(hard) / len(rows) for k in hard]
                assert all(x + theta * e[k][label] >= 0 for x, k in zip(y, rows, strict=True))
                assert sum(e[k][label] for k in rows) == 0
        with mp.workdps(50):
            c = [mp.sqrt(exact(c)) for c, rows in zip(form.task_weights, form.blocks, strict=True) for _ in rows]
            w = [exact(form.owner) * n for n in form.counts]
            a = [mpf(n) / form.divisor for n in form.counts]
            M = mp.matrix(
                [
                    [r * x * exact(v) / mp.sqrt(u) for x, v, u in zip(a, row, w, strict=True)]
                    for r, row in zip(c, e, strict=True)
                ]
            )
            tau = 2 * mp.sqrt(exact(form.lambda_W) * exact(form.lambda_H))
            assert exact(theta) * max(mp.svd_r(M, compute_uv=False)) <= tau


@pytest.mark.parametrize("name", ["3.1 smoothed", "smoothed", "labels smoothed", "3.2 partial"])
def test_targets_and_weights_are_exact(name):
    """(1 − ε) 1_S + ε s/K and n/N as rationals of the very doubles: the doubles they round to are not in the balls."""
    problem = ALL[name]
    epsilon = Fraction(problem.label_smoothing)
    with flint.ctx.workprec(200):
        for form in ball_forms(problem):
            for K, rows, targets in zip(form.classes, form.blocks, form.targets(), strict=True):
                for column, (y, mass) in enumerate(targets):
                    hard = form.given[rows.start : rows.stop, column].astype(int).tolist()
                    assert mass == sum(hard)
                    for ball, own in zip(y, hard, strict=True):
                        assert ball.contains(rational((1 - epsilon) * own + epsilon * mass / K))
                        assert ball.rad() < 1e-55
            for ball, n in zip(form.loss_weights(), form.counts, strict=True):
                assert ball.contains(rational(Fraction(n, form.divisor)))
                assert ball.rad() < 1e-55


def rational(value):
    return flint.fmpq(value.numerator, value.denominator)


@pytest.mark.parametrize("name", ["3.1", "smoothed", "labels smoothed"])
def test_negative_entries_of_q_are_mended(name):
    """A deviation that takes q below zero everywhere but at the tops still gives a bound, by a smaller deviation."""
    (form,), (rounded,) = ball_forms(ALL[name]), forms(ALL[name])
    with flint.ctx.workprec(128):
        bound = dual.dual_value(form, rounded, -0.3 - rounded.targets * (rounded.targets < 0.5))
        assert bound is not None
        assert bound <= certify(ALL[name], solved(name), rigorous=True).enclosure.upper


@pytest.mark.parametrize("name", ["3.1", "smoothed", "labels smoothed"])
def test_too_few_bits_are_said_not_to_prove(name):
    problem, point = ALL[name], solved(name)
    (part,) = read_point(problem, point, None, None, None, None)
    (form,), (rounded,) = ball_forms(problem), forms(problem)
    residual = evaluate(rounded, part).residual
    best = prove(form, rounded, part, residual).enclosure
    widths = []
    for bits in (2, 8, 24, 53):
        proof = prove(form, rounded, part, residual, bits=(bits,))
        lower, upper = proof.enclosure
        assert lower <= best.upper
        assert upper >= best.lower
        widths.append(upper - lower)
        assert bits > 2 or "not proven" in proof.note or "not finite" in proof.note
    assert widths[0] > widths[2] > widths[3]


def test_nothing_without_being_asked():
    certificate = certify(ALL["3.1"], solved("3.1"))
    assert certificate.enclosure is None
    assert certificate.rigorous_note == ""
    assert "enclosure" not in str(certificate)


def test_python_flint_is_needed_only_where_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "flint", None)
    certify(ALL["3.1"], solved("3.1"))
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'ufm-toolkit\[rigorous\]'"):
        certify(ALL["3.1"], solved("3.1"), rigorous=True)


def test_work_too_large_is_refused_before_any(monkeypatch):
    problem = SingleSource.balanced((10, 10), 10_000, lambda_H=1.0, lambda_W=1.0, lambda_b=1.0)
    labels = np.repeat(problem.labels, 5000, axis=0)
    for step in ("reading.read.columns_of", "certification.certificate._certify"):
        monkeypatch.setattr(f"verify.{step}", None)
    with pytest.raises(ValueError, match=r"20 rows, m = 100 labels, d = 1 and 500,000 columns .* at most 10,000,000"):
        certify(problem, W=np.zeros((2, 10, 1)), H=np.zeros((1, len(labels))), labels=labels, rigorous=True)
    monkeypatch.setattr(work, "PRODUCTS", 100)
    with pytest.raises(ValueError, match="at most 10,000,000 and 100 are possible"):
        certify(ALL["3.1"], random_point(ALL["3.1"], 2, 1.0, 0), rigorous=True)


def test_rigorous_is_a_yes_or_no():
    with pytest.raises(TypeError, match="rigorous must be True or False, got 128"):
        certify(ALL["3.1"], solved("3.1"), rigorous=128)
