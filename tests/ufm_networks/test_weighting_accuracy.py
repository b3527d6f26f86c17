"""FairGrad and MGDA to rounding, for gradients of unlike sizes, against 60 digits and rationals."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ufm.weighting import make_weighting
from ufm.weighting.fair_weights import fair_weights

SEEDS = st.integers(0, 2**32 - 1)
mp = mpmath.mp.clone()
mp.dps = 60


def gradients(seed: int, tasks: int, decades: float, opposed: float | None = None, dim: int = 30) -> np.ndarray:
    """(T, dim) of sizes 10^±decades; the first is against a combination of the others but for the part ``opposed``."""
    rng = np.random.default_rng(seed)
    J = rng.standard_normal((tasks, dim)) * 10.0 ** rng.uniform(-decades, decades, (tasks, 1))
    if opposed is not None:
        against = rng.uniform(0, 1, tasks - 1) @ J[1:]
        J[0] = -against + opposed * np.linalg.norm(against) * rng.standard_normal(dim) / dim**0.5
    return J


def error(G: np.ndarray, w: np.ndarray, alpha: float) -> float:
    """The largest |δw_i| / w_i of a step of Newton's method, of which there is one root, in 60 digits from w."""
    matrix, a = mp.matrix(G.tolist()), mp.mpf(alpha)
    given_ = [mp.mpf(x) for x in w.tolist()]
    power = [x ** (-1 / a) for x in given_]
    residual = matrix * mp.matrix(given_) - mp.matrix(power)
    for i, (x, p) in enumerate(zip(given_, power, strict=True)):
        matrix[i, i] += p / (a * x)
    step = mp.lu_solve(matrix, residual)
    return float(max(abs(step[i] / x) for i, x in enumerate(given_)))


@settings(max_examples=30)
@given(
    SEEDS,
    st.integers(2, 8),
    st.sampled_from([0.02, 0.05, 0.1, 0.5, 1.0, 2.0, 10.0]),
    st.sampled_from([0.0, 1.0, 3.0]),
    st.sampled_from([None, 1.0, 1e-2, 1e-4, 1e-6]),
    st.integers(-200, 200),
)
def test_fairgrad_is_exact(seed: int, tasks: int, alpha: float, decades: float, opposed: float, size: int) -> None:
    J = gradients(seed, tasks, decades, opposed)
    G = np.ldexp(J @ J.T, size)
    assert error(G, fair_weights(G, alpha), alpha) < 1e-12


@pytest.mark.parametrize(
    ("tasks", "decades", "alpha", "seed"),
    [(8, 2, 0.1, 8), (20, 2, 0.1, 3), (8, 2, 0.05, 4), (20, 4, 1.0, 0), (20, 4, 10.0, 3)],
)
def test_fairgrad_of_many_tasks(tasks: int, decades: float, alpha: float, seed: int) -> None:
    J = gradients(seed, tasks, decades, dim=40)
    w = make_weighting("fairgrad", tasks, alpha=alpha).weights(torch.ones(tasks), torch.tensor(J @ J.T))
    assert error(J @ J.T, w.numpy(), alpha) < 1e-12


@pytest.mark.parametrize("e", [1.0, 1e-3, 1e-5, 1e-6, 1e-7])
def test_fairgrad_of_two_opposed_tasks_is_the_closed_form(e: float) -> None:
    """α = 1: w_2 / w_1 = r = √(G_11 / G_22) and w_1² (G_11 + G_12 r) = 1; the step has the length √2."""
    J = np.array([[1.0, 0.0], [-1.0, e]])
    a, b, c = (mp.mpf(float(x)) for x in (J @ J.T)[np.triu_indices(2)])
    r = mp.sqrt(a / c)
    exact = [1 / mp.sqrt(a + b * r), r / mp.sqrt(a + b * r)]
    w = make_weighting("fairgrad", 2).weights(torch.ones(2), torch.tensor(J @ J.T))
    assert max(abs(float(x / y - 1)) for x, y in zip(w.tolist(), exact, strict=True)) < 1e-12


def test_fairgrad_does_not_depend_on_units() -> None:
    J = gradients(3, 5, 2.0, 1e-3)
    for alpha in (0.1, 1.0, 3.0):
        w = fair_weights(J @ J.T, alpha)
        for scale in (1e-120, 1e-9, 7.0, 1e120):
            # σ G has other rounding than G, which opposed gradients magnify
            np.testing.assert_allclose(
                fair_weights(scale * (J @ J.T), alpha) * scale ** (alpha / (1 + alpha)), w, rtol=1e-8
            )


OPPOSED = [
    np.array([[1.0, 0.0], [-1.0, 0.0]]),
    np.array([[1e-6, 0.0], [-1e5, 0.0]]),
    np.array([[1.0, 0.0], [-1.0, 1e-8]]),  # 1 + 1e-16 is 1
    np.array([[1.0, 0.0], [-0.5, 3**0.5 / 2], [-0.5, -(3**0.5) / 2]]),
    np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0], [0.3, 0.5, 0.2]]),
    *[gradients(seed, 6, decades, dim=3) for seed, decades in ((1, 0), (2, 3))],
]


@pytest.mark.parametrize("J", OPPOSED)
@pytest.mark.parametrize("alpha", [0.1, 1.0, 3.0])
def test_fairgrad_says_where_no_step_serves_all(J: np.ndarray, alpha: float) -> None:
    """Six gradients in three dimensions: their sum is closed by a seventh."""
    if len(J) == 6:
        J = np.vstack([J, -J.sum(axis=0)])
    rule = make_weighting("fairgrad", len(J), alpha=alpha)
    with pytest.raises(RuntimeError, match=r"has no solution w > 0.*oppose one another, Σ_t v_t ∇L_t = 0 for v = \("):
        rule.weights(torch.ones(len(J)), torch.tensor(J @ J.T))


def shortest(J: np.ndarray) -> list[Fraction]:
    """w of the shortest convex combination in rationals: the best of the affine ones over all sets of tasks."""
    rows = [[Fraction(float(x)) for x in row] for row in J]
    G = [[sum((a * b for a, b in zip(r, s, strict=True)), Fraction(0)) for s in rows] for r in rows]
    best: tuple[Fraction, list[Fraction]] | None = None
    for number in range(1, len(J) + 1):
        for chosen in combinations(range(len(J)), number):
            u = solved([[G[i][j] for j in chosen] for i in chosen])
            if u is None or min(u) < 0:
                continue
            length = 1 / sum(u, Fraction(0))
            if best is None or length < best[0]:
                w = dict(zip(chosen, u, strict=True))
                best = (length, [w.get(i, Fraction(0)) * length for i in range(len(J))])
    assert best is not None
    return best[1]


def solved(A: list[list[Fraction]]) -> list[Fraction] | None:
    """A⁻¹ 1 by Gauss and Jordan; None where A is singular."""
    rows = [[*row, Fraction(1)] for row in A]
    for i in range(len(A)):
        pivot = next((r for r in range(i, len(A)) if rows[r][i] != 0), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for r in range(len(A)):
            if r != i:
                factor = rows[r][i] / rows[i][i]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[i], strict=True)]
    return [row[-1] / row[i] for i, row in enumerate(rows)]


@pytest.mark.parametrize("decades", [0.0, 2.0, 4.0, 8.0])
@pytest.mark.parametrize("tasks", [2, 3, 4])
def test_mgda_is_exact(tasks: int, decades: float) -> None:
    for seed in range(8):
        J = gradients(seed, tasks, decades, dim=5)
        w = make_weighting("mgda", tasks).weights(torch.ones(tasks), torch.tensor(J @ J.T))
        np.testing.assert_allclose(w, [float(x) for x in shortest(J)], atol=1e-12)


def test_mgda_of_tasks_of_which_some_are_at_rest() -> None:
    J = gradients(0, 4, 1.0)
    J[[1, 3]] = 0.0
    w = make_weighting("mgda", 4).weights(torch.ones(4), torch.tensor(J @ J.T))
    assert w.tolist() == [0.0, 0.5, 0.0, 0.5]
