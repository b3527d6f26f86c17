"""Each loss of the verification by its definition, in 60 digits: value, residual, curvature, conjugate, best bias."""

from functools import partial

import mpmath as mp
import numpy as np
import pytest
from family import NAMES, conjugate, loss

from ufm.losses import LOSSES as SOLVERS
from verify.losses import LOSSES
from verify.losses.tasks import Tasks


def block(name, rng, hard, columns=40):
    """Targets (K, n) and logits from tiny to huge."""
    K = int(rng.integers(2, 6))
    y = np.eye(K)[:, rng.integers(0, K, columns)] if hard else rng.dirichlet(np.ones(K), columns).T
    if name == "binary-cross-entropy" and not hard:
        y = rng.random((K, columns))
    if name == "squared-error" and not hard:
        y = rng.normal(0.0, 3.0, (K, columns))
    return y, rng.standard_normal((K, columns)) * 10.0 ** rng.uniform(-3, 2, columns)


def along(name, u, y, k, x):
    return loss(name, [*u[:k], x, *u[k + 1 :]], y)


def tasks(y, name):
    s = LOSSES[name].mass(y.sum(axis=0, keepdims=True))
    return Tasks((len(y),), y, np.argmax(y, axis=0)[None], s, None, False, 0)


def test_registries_agree():
    """A loss is known to the solvers and to the verification, with the same constants, written twice."""
    assert list(LOSSES) == list(SOLVERS)
    for name, known in LOSSES.items():
        assert known.shift_blind == SOLVERS[name].shift_blind
        assert known.smoothness == SOLVERS[name].curvature_bound


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_value_and_residual_keep_their_digits(name, hard):
    rng = np.random.default_rng(0)
    y, u = block(name, rng, hard)
    value, residual = LOSSES[name].value_and_residual(u, y)
    with mp.workdps(60):
        for i in range(u.shape[1]):
            at, target = [[mp.mpf(float(x)) for x in a[:, i]] for a in (u, y)]
            exact = loss(name, at, target)
            assert abs(value[i] - exact) <= mp.mpf(10) ** -14 * exact + mp.mpf(10) ** -300
            for k in range(len(at)):
                slope = mp.diff(partial(along, name, at, target, k), at[k])
                size = abs(slope) if hard else abs(slope) + abs(target[k])
                if name == "squared-error":
                    size = abs(slope)
                assert abs(residual[k, i] - slope) <= mp.mpf(10) ** -13 * size + mp.mpf(10) ** -25


@pytest.mark.parametrize("name", NAMES)
def test_curvature_is_the_derivative_of_the_residual_and_at_most_the_smoothness(name):
    rng = np.random.default_rng(1)
    y, u = block(name, rng, hard=False)
    u /= np.abs(u).max(axis=0)
    du = rng.standard_normal(u.shape)
    s = LOSSES[name].mass(y.sum(axis=0))
    p = LOSSES[name].curvature(u, y)
    curved = LOSSES[name].curve(p, s, du)
    step = 1e-6
    ends = [LOSSES[name].value_and_residual(u + sign * step * du, y)[1] for sign in (1.0, -1.0)]
    assert np.allclose(curved, (ends[0] - ends[1]) / (2 * step), atol=1e-8)
    zero = np.zeros_like(p)
    terms, errors = LOSSES[name].curved(p, s, du, zero, zero)
    assert np.allclose(terms.sum(axis=0), (du * curved).sum(axis=0), rtol=1e-12)
    assert (errors >= 0).all()
    assert ((du * curved).sum(axis=0) <= LOSSES[name].smoothness * s * (du**2).sum(axis=0) * (1 + 1e-12)).all()
    for k, unit in enumerate(np.eye(len(u))):
        along = LOSSES[name].curve(p, s, np.repeat(unit[:, None], u.shape[1], axis=1))
        assert np.allclose(LOSSES[name].diagonal(p, s)[k], along[k], rtol=1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [0.0, 1e-9, 1e-2])
def test_rounding_of_curvature_is_bounded_and_not_by_much_more(name, size):
    """⟨du, ∂²ℓ du⟩ term by term, p and du each off by what is said; at no error the bound is some roundings."""
    rng = np.random.default_rng(5)
    y, u = block(name, rng, hard=False, columns=200)
    u /= np.abs(u).max(axis=0)
    du = rng.standard_normal(u.shape) * 10.0 ** rng.uniform(-3, 3, u.shape[1])
    p, s = LOSSES[name].curvature(u, y), LOSSES[name].mass(y.sum(axis=0))
    of_p, of_du = size * p, size * np.abs(du)
    terms, errors = LOSSES[name].curved(p, s, du, of_p, of_du)
    greatest = s * p.max(axis=0) * np.abs(du).max(axis=0) ** 2
    assert (errors <= 50 * len(u) * (2.0**-52 + size) * greatest).all()
    for _ in range(10):
        p_off, du_off = p + of_p * rng.uniform(-1, 1, p.shape), du + of_du * rng.uniform(-1, 1, p.shape)
        there = LOSSES[name].curved(p_off, s, du_off, of_p, of_du)[0]
        assert (np.abs(there - terms) <= errors + 1e-14 * greatest).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_move_goes_as_far_as_the_conjugate_s_domain_and_no_further(name):
    rng = np.random.default_rng(6)
    known = LOSSES[name]
    for _ in range(20):
        y, u = block(name, rng, hard=False, columns=3)
        at = tasks(y, name)
        point = 0.5 * known.clip(at, rng.standard_normal(u.shape))
        move = rng.standard_normal(u.shape) * 10.0 ** rng.uniform(-2, 2)
        share = known.share(at, point, move)
        assert 0.0 < share <= 1.0
        there = point + share * move
        np.testing.assert_allclose(known.clip(at, there), there, rtol=0, atol=1e-12)
        if share < 1.0:
            beyond = point + (1.0 + 1e-6) * share * move
            assert (known.clip(at, beyond) != beyond).any()
    if name == "cross-entropy":  # a point that rounding has put outside does not go back
        assert known.share(at, -y * (1.0 + 1e-12), -np.ones_like(y)) == 0.0


def test_soft_targets_are_left_by_a_share_that_their_rounding_cannot_use_up():
    """Cross-entropy's q = y + θ g > 0 of every target that may be off by some roundings: from g = −y on all but one."""
    known, rng = LOSSES["cross-entropy"], np.random.default_rng(7)
    y, _ = block("cross-entropy", rng, hard=False)
    s = y.sum(axis=0, keepdims=True)
    soft = Tasks((len(y),), y, np.argmax(y, axis=0)[None], s, None, True, 4)
    g, columns = -y, np.arange(y.shape[1])
    g[soft.tops[0], columns] = 0.0
    g[soft.tops[0], columns] = -g.sum(axis=0)
    factor = known.inside(soft, 1.0, g)
    assert factor is not None
    assert (factor < 1.0).all()
    assert (y * (1.0 - 4 * 2.0**-53) + factor * g > 0).all()
    assert known.inside(soft, 0.5, g) is None


@pytest.mark.parametrize("name", NAMES)
def test_rounding_of_residuals_is_bounded(name):
    """Logits off by what is said move p and the residual by no more than what is said."""
    rng = np.random.default_rng(2)
    for hard in (True, False):
        y, u = block(name, rng, hard, columns=200)
        of_u = np.abs(u) * 10.0 ** rng.uniform(-12, 0, u.shape[1])
        p, residual = LOSSES[name].curvature(u, y), LOSSES[name].value_and_residual(u, y)[1]
        of_p, of_residual = LOSSES[name].spread_of_errors(u, y, p, residual, of_u, 0)
        for _ in range(20):
            moved = u + of_u * rng.uniform(-1, 1, u.shape)
            assert (np.abs(LOSSES[name].curvature(moved, y) - p) <= of_p * (1 + 1e-9) + 1e-300).all()
            assert (np.abs(LOSSES[name].value_and_residual(moved, y)[1] - residual) <= of_residual * (1 + 1e-9)).all()


@pytest.mark.parametrize("name", NAMES)
def test_logit_and_target_slacks_hold(name):
    rng = np.random.default_rng(3)
    for hard in (True, False):
        y, u = block(name, rng, hard, columns=200)
        eta = np.abs(u).max(axis=0) * 10.0 ** rng.uniform(-9, 0, u.shape[1])
        value, residual = LOSSES[name].value_and_residual(u, y)
        s = LOSSES[name].mass(y.sum(axis=0))
        slack = LOSSES[name].logit_slack(value, s, np.array(len(u)), eta)
        of_targets = LOSSES[name].target_slack(u, y, residual)
        of_targets = 0.0 if of_targets is None else of_targets
        for _ in range(20):
            moved = u + eta * rng.uniform(-1, 1, u.shape)
            there = LOSSES[name].value_and_residual(moved, y)[0]
            assert (np.abs(there - value) <= slack * (1 + 1e-9) + 1e-13 * value).all()
            factor = 1 + 1e-7 * rng.uniform(-1, 0, y.shape)
            other = LOSSES[name].value_and_residual(u, y * factor)[0]
            most = 1e-7 * (value + of_targets) + 1e-13 * (y**2).sum(axis=0)
            assert (np.abs(other - value) <= most * (1 + 1e-6) + 1e-13 * value).all()


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_conjugates_bound_is_one_and_close(name, hard):
    """−ℓ* ≥ bound at any deviation that is made feasible; Fenchel: equal to ℓ − ⟨g, u⟩ at the residual of u."""
    rng = np.random.default_rng(4)
    y, u = block(name, rng, hard)
    u = np.clip(u, -30, 30)
    known, at = LOSSES[name], tasks(y, name)
    value, residual = known.value_and_residual(u, y)
    for wanted in (residual, residual + rng.standard_normal(u.shape), 10.0 * rng.standard_normal(u.shape), 0.0 * u):
        g = known.clip(at, wanted)
        top = at.tops[0], np.arange(u.shape[1])
        if known.shift_blind:
            g[top] = 0.0
            g[top] = -g.sum(axis=0)
        factor = known.inside(at, 1.0, g)
        g = g if factor is None else g * factor
        bound = known.bound(at, g.copy(), None)[0]
        with mp.workdps(60):
            for i in range(u.shape[1]):
                exact, target = [[mp.mpf(float(x)) for x in a[:, i]] for a in (g, y)]
                if known.shift_blind:
                    exact[int(top[0][i])] = -mp.fsum(x for k, x in enumerate(exact) if k != top[0][i])
                found = -conjugate(name, exact, target)
                assert bound[i] <= found
                assert bound[i] >= found - mp.mpf(10) ** -12 * (1 + abs(found) + mp.fsum(x * x for x in exact))
        if wanted is residual:
            fenchel = value - (residual * u).sum(axis=0)
            assert np.allclose(bound, fenchel, atol=1e-11 * (1 + (u**2).sum(axis=0)))


@pytest.mark.parametrize("hard", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_tilting_finds_the_best_bias(name, hard):
    """What it leaves sums to zero, from far away too, and is the residual at the same bias from anywhere."""
    rng = np.random.default_rng(5)
    K, m = 4, 30
    y = np.eye(K)[:, rng.permutation(np.arange(m) % K)] if hard else rng.dirichlet(np.ones(K), m).T
    z, b = rng.standard_normal((K, m)), rng.standard_normal((K, 1))
    a = rng.integers(1, 1000, m).astype(float)

    def tilted(shift):
        return LOSSES[name].tilt(tasks(y, name), LOSSES[name].value_and_residual(z + shift, y)[1], a)

    for shift in (b, 20.0 * b, 0.0):
        assert (np.abs(tilted(shift) @ a) <= 1e-13 * (np.abs(tilted(shift)) @ a)).all()
    assert np.allclose(tilted(b), tilted(0.0), rtol=1e-9, atol=1e-12)
