"""The dual point is chosen in floating point, proven afterwards: whatever the choice, no bound exceeds the minimum."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import flint
import numpy as np
import pytest
from enclosed_problems import ALL, UNKNOWN, solved
from points import perturbed

from verify import certify
from verify.certification.dual import best_deviation
from verify.certification.objective import evaluate
from verify.certification.rigorous import dual, spectral
from verify.certification.rigorous.ball_form import ball_forms
from verify.certification.rigorous.balls import largest, matrix
from verify.certification.rigorous.spectral import norm_bound
from verify.reading.form import forms
from verify.reading.point import read_point


def fraction(number):
    """An exact ball as a rational."""
    mantissa, exponent = number.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def pieces(name, size):
    """Form in balls, form in doubles and best deviation of each part of a problem, at a perturbed minimum."""
    problem, point = ALL[name], perturbed(solved(name), size)
    parts = zip(ball_forms(problem), forms(problem), read_point(problem, point, None, None, None, None), strict=True)
    for form, rounded, part in parts:
        yield form, rounded, best_deviation(rounded, evaluate(rounded, part).residual)


def watched(monkeypatch, name):
    """What a step of the proof is called with and returns, call by call."""
    calls, original = [], getattr(dual, name)

    def step(*arguments):
        calls.append((arguments, original(*arguments)))
        return calls[-1][1]

    monkeypatch.setattr(dual, name, step)
    return calls


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize("bits", [24, 53, 128])
@pytest.mark.parametrize("factor", [0.5, 1.0, 1.5])
def test_the_deviation_is_shrunk_to_the_norm_allowed(name, bits, factor, monkeypatch):
    """θ σ̄ ≤ τ, that is θ² σ̄² ≤ 4 λ_W λ_H, in rational arithmetic; and θ is not smaller than it need be."""
    norms, gains = watched(monkeypatch, "norm_bound"), watched(monkeypatch, "_gain")
    for form, rounded, deviation in pieces(name, 1e-2):
        norms.clear()
        gains.clear()
        with flint.ctx.workprec(bits):
            if dual.dual_value(form, rounded, factor * deviation) is None:
                assert bits == 24
                continue
            sigma, theta = fraction(norms[0][1]), fraction(gains[0][0][3])
        allowed = 4 * Fraction(form.lambda_W) * Fraction(form.lambda_H)
        assert 0 <= theta <= 1
        assert theta**2 * sigma**2 <= allowed
        assert theta == 1 or theta**2 * sigma**2 >= allowed * (1 - Fraction(1, 2 ** (bits - 10)))


@pytest.mark.parametrize("bits", [24, 53])
@pytest.mark.parametrize("name", UNKNOWN)
def test_blocks_of_a_deviation_sum_to_zero_at_any_precision(name, bits):
    """The top's ball holds minus the exact sum of the other entries, doubles all."""
    for form, rounded, deviation in pieces(name, 1e-3):
        with flint.ctx.workprec(bits):
            exact = dual.completed(form, rounded, deviation)
        for rows in form.blocks:
            for label in range(len(form.counts)):
                entries = [exact[k][label] for k in rows]
                (top,) = [x for x in entries if x.rad() > 0] or [max(entries, key=lambda x: abs(float(x)))]
                others = sum(fraction(x) for x in entries if x is not top)
                assert (-top).contains(flint.fmpq(others.numerator, others.denominator))


@pytest.mark.parametrize("name", ["3.1", "smoothed", "labels smoothed"])
def test_negative_entries_are_not_taken_for_granted(name):
    """Doubles that claim larger targets than there are: no bound. A sum that leaves the top below zero: all shrunk."""
    ((form, rounded, deviation),) = pieces(name, 1e-3)
    low, high = np.full_like(deviation, -0.9), np.full_like(deviation, float(np.max(form.given.sum(axis=0))))
    with flint.ctx.workprec(128):
        assert dual.dual_value(form, replace(rounded, targets=rounded.targets + 1.0), low) is None
        assert dual.dual_value(form, rounded, high) <= certify(ALL[name], solved(name), rigorous=True).enclosure.upper


WRONG = {
    "nothing": lambda V: np.zeros_like(V),
    "one direction": lambda V: np.ones_like(V),
    "no number": lambda V: np.full_like(V, np.nan),
    "any basis": lambda V: np.random.default_rng(0).standard_normal(V.shape),
    "nearly singular": lambda V: V * 10.0 ** -(np.arange(len(V)) * 12.0),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_singular_vectors_need_no_proof(wrong, monkeypatch):
    """Whatever the eigensolver returns, the bound on the norm is none or true, and the enclosure holds the minimum."""
    original = np.linalg.eigh
    minima = {name: certify(ALL[name], solved(name), rigorous=True).enclosure for name in ("3.1", *UNKNOWN)}
    M = np.random.default_rng(3).standard_normal((4, 7))

    def eigh(a, *rest):
        values, vectors = original(a, *rest)
        return values, WRONG[wrong](vectors)

    monkeypatch.setattr(spectral.np.linalg, "eigh", eigh)
    with flint.ctx.workprec(128):
        bound = norm_bound(matrix(M))
    assert not bound.is_finite() or bound >= float(np.linalg.svd(M, compute_uv=False)[0]) * (1 - 1e-12)
    monkeypatch.setattr(np.linalg, "eigh", original)
    monkeypatch.setattr(dual, "norm_bound", lambda M: bound if not bound.is_finite() else norm_bound(M))
    for name, minimum in minima.items():
        certificate = certify(ALL[name], solved(name), rigorous=True)
        assert certificate.enclosure.lower <= minimum.upper
        assert ("not proven feasible" in certificate.rigorous_note) == (not bound.is_finite())


def test_vectors_that_see_nothing_of_the_matrix_prove_nothing(monkeypatch):
    """Three times one vector that M maps to zero: X M = 0 says nothing of ‖M‖, for X is singular."""
    M = np.array([[0.0, 0.0, 0.0, 0.0], [1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]])
    monkeypatch.setattr(spectral.np.linalg, "eigh", lambda a: (np.zeros(3), np.outer([1.0, 0.0, 0.0], np.ones(3))))
    with flint.ctx.workprec(128):
        assert not norm_bound(matrix(M)).is_finite()


@pytest.mark.parametrize("entry", ["inf", "nan", "[1 +/- inf]"])
def test_entries_that_are_not_bounded_have_no_norm(entry):
    with flint.ctx.workprec(128):
        M = flint.arb_mat(2, 3, [flint.arb(x) for x in ("1", "2", entry, "4", "5", "6")])
        assert norm_bound(M) == flint.arb("inf")


def test_norm_bound_holds_for_every_matrix_in_the_balls():
    """Entries 1 ± 1/4 and −1 ± 1/4: the largest norm is that of the widest one, 5/4 · √(3 · 5)."""
    signs = np.where(np.random.default_rng(1).random((3, 5)) < 0.5, -1.0, 1.0)
    signs[1:] = signs[0]
    with flint.ctx.workprec(128):
        balls = flint.arb_mat(3, 5, [flint.arb(x, 0.25) for x in signs.ravel().tolist()])
        assert norm_bound(balls) >= flint.arb(15).sqrt() * 5 / 4


def test_largest_of_balls():
    """No point of a ball is larger, and what is no number has no bound."""
    arb = flint.arb
    assert largest([arb(1, 0.5), arb(1.25), arb(-7, 1)]) >= 1.5
    assert largest([arb(1), arb.nan(), arb(2)]) == arb.pos_inf()
    assert largest([arb(1), arb(0, arb.pos_inf())]) == arb.pos_inf()
