"""Pick-all-label multi-label learning, n_m samples of every set of m labels; beyond the paper (Li et al. 2024)."""

from __future__ import annotations

from itertools import combinations

import sympy as sp

from theory.derivations import factorization
from theory.derivations.cross_entropy import as_written, cross_entropy, softmax
from theory.derivations.derivation import Derivation
from theory.derivations.label_sets import (
    INSIDE,
    OUTSIDE,
    a_m,
    entries,
    gram,
    loss,
    m,
    n_m,
    nu,
    rest,
    share,
    sigma,
)
from theory.derivations.standard_form import Columns, optimality
from theory.derivations.step import Step, assumed, derived, equation, identity, solution
from theory.derivations.symbols import K, lambda_H, lambda_product, lambda_W, quantity, tau


def derivation() -> Derivation:
    """From the sets of one multiplicity, the others kept as a number, to margins coupled by σ."""
    return Derivation(
        name="multi-label",
        title="Pick-all-label multi-label learning",
        source="beyond the paper: docs/theory.md; tag-wise averages of Li et al. 2024",
        hypotheses=(
            r"One head of $K$ classes; a sample carries a set $S$ of $m = |S|$ labels, and its loss is the sum of the "
            r"cross-entropies to each; $\lambda$'s beside the sum over samples.",
            r"Every set of $m$ labels has $n_m$ samples; $n_m$ may differ between multiplicities, and be zero.",
            r"$d \geq K - 1$.",
        ),
        steps=(*factorization.steps(), *_spectrum(), *_stationarity(), *_geometry(), *_written_out()),
    )


def _spectrum() -> tuple[Step, ...]:
    G = gram()
    return (
        assumed(
            r"Permutations of the classes map the problem to itself, so the one minimizer is centred, the bias zero, "
            r"and a column is fixed by all permutations that keep $S$:",
            quantity(r"z_S"),
            quantity(r"a_m \left(\mathbf{1}_S - \tfrac{m}{K}\mathbf{1}\right)"),
        ),
        identity(
            r"The loss of a sample, $m\,\mathrm{lse}(z) - \sum_{k \in S} z_k$, is",
            as_written(entries()),
            cross_entropy(entries()),
        ),
        identity(
            r"$\tilde Z\tilde Z^\top$ commutes with the permutations. On the ones vector it is zero: diagonal and $K - "
            r"1$ others add to",
            G.diagonal + (K - 1) * G.ones,
            sp.Integer(0),
        ),
        identity(
            r"and on vectors that sum to zero it is the diagonal less another entry, where sets are counted by whether "
            r"they hold the row's class, or two rows' classes. Sets of $m$ labels contribute",
            G.identity,
            share(),
        ),
    )


def _stationarity() -> tuple[Step, ...]:
    P = loss() + tau * (K - 1) * sp.sqrt(share() + rest)
    spread = sp.sqrt(share() + rest)
    slope, t = quantity(r"\partial P/\partial a_m"), sp.Symbol("t", positive=True)
    steep = sp.simplify(sp.diff(cross_entropy(entries()), a_m).subs(a_m, 0))
    return (
        derived(r"So with losses, one for each multiplicity,", r"\mathrm{loss}_m", loss(), loss(), "loss"),
        derived(r"and parts of the singular value,", r"\sigma_m^2", share(), share(), "squared_singular_value"),
        assumed(
            r"the convex program restricted to these logits is",
            quantity("P"),
            quantity(r"\sum_m \mathrm{loss}_m + \tau (K - 1) \sigma, \quad \sigma^2 = \sum_m \sigma_m^2"),
        ),
        identity(
            r"Its derivative by $a_m$, with $\sigma^2 = \sigma_m^2 + \rho$ and $\rho$ from the other multiplicities, "
            r"is",
            slope,
            n_m * sp.binomial(K - 2, m - 1) * (K - 1) * (tau * a_m / sigma - K / (m * sp.exp(a_m) + K - m)),
            {slope: sp.diff(P, a_m), sigma: spread},
            "gradient",
        ),
        solution(
            r"It vanishes at $a_m$ with the exponential below: the multiplicities are coupled by $\sigma$ alone.",
            sp.Symbol("x", positive=True),
            (K * sigma / (tau * a_m) - K + m) / m,
            tau * a_m / sigma - K / (m * sp.Symbol("x", positive=True) + K - m),
        ),
        identity(
            r"Near zero, along $a_m = t v_m$, the losses fall as $\sum_m n_m C(K, m)\, m (K - m)/K\; t v_m$, since one "
            r"sample's falls as $m(K - m)/K$, and $C(K, m)\, m (K - m) = K (K - 1) C(K - 2, m - 1)$:",
            sp.binomial(K, m) * steep,
            -(K - 1) * sp.binomial(K - 2, m - 1),
        ),
        identity(
            r"By the Cauchy-Schwarz inequality $\sum_m n_m C(K - 2, m - 1) v_m$ is at most $\sqrt{\nu}\,\sigma/t$, "
            r"with $\nu = \sum_m n_m C(K - 2, m - 1)$, and equal for $v_m = 1$. So the minimizer is zero exactly for "
            r"$\tau \geq \sqrt{\nu}$, that is $\lambda_H\lambda_W \geq \nu/4$:",
            sp.diff((K - 1) * (tau * t * sp.sqrt(nu) - nu * t), t),
            (K - 1) * sp.sqrt(nu) * (tau - sp.sqrt(nu)),
        ),
        solution(
            r"The threshold is",
            lambda_product,
            nu / 4,
            (tau - sp.sqrt(nu)).subs(tau, 2 * sp.sqrt(lambda_product)),
            name="threshold",
        ),
    )


def _geometry() -> tuple[Step, ...]:
    g = factorization.head_gram(sigma)
    C_m = quantity("C_m")
    inside, outside = softmax(entries())
    kappa = K / (m * sp.exp(a_m) + K - m)
    ratio = sp.sqrt(lambda_H / lambda_W)
    return (
        derived(
            r"$W W^\top = s^2 (I - \mathbf{1}\mathbf{1}^\top/K)$: a simplex equiangular tight frame, with",
            r"\|w_k\|^2",
            ratio * sigma * (K - 1) / K,
            g * (1 - 1 / K),
            "gram_diagonal",
        ),
        derived(r"and, for $k \neq l$,", r"\langle w_k, w_l \rangle", -ratio * sigma / K, -g / K, "gram_off_diagonal"),
        derived(r"hence", r"\cos(w_k, w_l)", -1 / (K - 1), (-1 / K) / (1 - 1 / K), "cosine"),
        solution(
            r"$h_S = W^\top z_S/s^2$, and $\sum_k w_k = 0$: the tag-wise sum $h_S = C_m \sum_{k \in S} w_k$, the same "
            r"$C_m$ for all sets of $m$ labels, whose logits are those of the ansatz:",
            C_m,
            sp.simplify(a_m * factorization.feature_factor(sigma)),
            C_m * g - a_m,
            name="feature_weight",
        ),
        identity(
            r"The residual $\mathbf{1}_S - m\,\mathrm{softmax}(z_S)$ is $\kappa_m (\mathbf{1}_S - m\mathbf{1}/K)$, in "
            r"$S$",
            1 - m * inside,
            kappa * INSIDE,
        ),
        identity(
            r"and outside. Where the derivatives vanish $\kappa_m = \tau a_m/\sigma$, so $X = \tilde Z/\sigma$ is the "
            r"polar factor of $\tilde Z$: no logits do better.",
            -m * outside,
            kappa * OUTSIDE,
        ),
    )


def _written_out() -> tuple[Step, ...]:
    """K = 3 with single labels and pairs; n_1, n_2 eliminated by the two stationarity equations in favour of σ."""
    size, margins, counts = 3, sp.symbols("a_1 a_2", positive=True), sp.symbols("n_1 n_2", positive=True)
    sets = [(number, chosen) for number in (1, 2) for chosen in combinations(range(size), number)]
    targets = sp.Matrix(size, len(sets), lambda k, column: int(k in sets[column][1]))
    columns = Columns((size,), targets, tuple(counts[number - 1] for number, _ in sets), (sp.Integer(1),))
    Z = columns.centred_targets() * sp.diag(*(margins[number - 1] for number, _ in sets))
    spread = sp.sqrt(sum(share().subs({K: size, m: j + 1, n_m: counts[j], a_m: margins[j]}) for j in range(2)))
    root = spread * (sp.eye(size) - sp.ones(size) / size)
    stationary = {
        sp.exp(margin): (size * spread / (tau * margin) - size + j) / j for j, margin in enumerate(margins, start=1)
    }
    return (
        Step(
            r"For $K = 3$ and sets of one and two labels the columns are",
            equation(sp.MatrixSymbol("Z", *Z.shape), Z),
            assumed=True,
        ),
        identity(
            r"Their loss is the sum of the losses of the two multiplicities:",
            columns.loss(Z),
            sum(
                (
                    loss().subs({K: size, m: j, n_m: count, a_m: margin})
                    for j, (count, margin) in enumerate(zip(counts, margins, strict=True), start=1)
                ),
                sp.Integer(0),
            ),
        ),
        *optimality(columns, Z, root, tau, stationary, r"$K = 3$, sets of one and two labels"),
    )
