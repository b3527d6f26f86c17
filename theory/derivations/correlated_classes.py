"""Two correlated tasks of K classes each: three logits, by symmetry; beyond the paper.

n_s samples at each label (k, k), n_d at each label (k, l) with k ≠ l.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import sympy as sp

from theory.derivations import factorization
from theory.derivations.class_pairs import (
    alpha,
    count,
    delta,
    entries,
    gamma,
    gram_block,
    logit,
    loss,
    n_d,
    n_s,
    sigma_a,
    sigma_s,
    squared_singular_values,
)
from theory.derivations.cross_entropy import softmax
from theory.derivations.derivation import Derivation
from theory.derivations.orbits import InvariantMatrix
from theory.derivations.standard_form import Columns
from theory.derivations.step import Step, assumed, derived, equation, identity, solution
from theory.derivations.symbols import K, lambda_H, lambda_W, quantity, tau

SIZES = (2, 3, 4, 5)


def derivation() -> Derivation:
    """From the K² columns to three equations and the cosine."""
    return Derivation(
        name="correlated-classes",
        title="Two correlated tasks of $K$ classes",
        source="beyond the paper: docs/theory.md",
        hypotheses=(
            r"Single source, two tasks of $K \geq 2$ classes, hard labels, equal task weights 1; $\lambda$'s beside "
            r"the sum of cross-entropies.",
            r"$n_s$ samples at each label $(k, k)$ and $n_d$ at each label $(k, l)$ with $k \neq l$.",
            r"$d \geq 2(K - 1)$.",
        ),
        steps=(*factorization.steps(), *_ansatz(), *_spectrum(), *_objective(), *_optimality(), *_geometry()),
    )


def _ansatz() -> tuple[Step, ...]:
    return (
        assumed(
            r"The problem is mapped to itself by permuting the classes of both tasks together, and by exchanging the "
            r"tasks. Its one minimizer is centred and keeps these: no bias, and a column $(k, l)$ is fixed by all "
            r"permutations of the other classes. With $\tilde e_k = e_k - \mathbf{1}/K$ that leaves three numbers,",
            quantity(r"z^1(k, k)"),
            quantity(r"\alpha \tilde{e}_k"),
        ),
        assumed(
            r"and, for $k \neq l$, with $z^2$ likewise after exchanging $k$ and $l$,",
            quantity(r"z^1(k, l)"),
            quantity(r"\gamma \tilde{e}_k + \delta \tilde{e}_l"),
        ),
    )


def _spectrum() -> tuple[Step, ...]:
    A, B = gram_block(0, 0), gram_block(0, 1)
    symmetric, antisymmetric = squared_singular_values()
    steps = [
        derived(
            r"$\tilde Z \tilde Z^\top$ has a block $A$ within each task and a block $B$ between the tasks. Both "
            r"commute with all permutations of the classes, so each is a multiple of $I$ plus a multiple of "
            r"$\mathbf{1}\mathbf{1}^\top$. On the ones vector $A$ is zero,",
            r"A \mathbf{1}",
            sp.Integer(0),
            A.identity + K * A.ones,
        ),
        derived(r"so is $B$,", r"B \mathbf{1}", sp.Integer(0), B.identity + K * B.ones),
        solution(
            r"and on vectors that sum to zero, counting labels $(k, l)$ by which of them equal the rows $i, j$, $A + "
            r"B$ is the square of",
            sigma_s,
            sp.sqrt(symmetric),
            sigma_s**2 - A.on_centred - B.on_centred,
            name="sigma_s",
        ),
        solution(
            r"and $A - B$ of",
            sigma_a,
            sp.sqrt(antisymmetric),
            sigma_a**2 - A.on_centred + B.on_centred,
            name="sigma_a",
        ),
    ]
    return (*steps, *(_explicit(size, A, B) for size in SIZES))


def _explicit(size: int, A: InvariantMatrix, B: InvariantMatrix) -> Step:
    labels = list(product(range(size), repeat=2))
    columns = Columns.of_labels((size, size), labels, [count(label) for label in labels])
    Z = sp.Matrix([[logit(t, label, row).subs(K, size) for label in labels] for t in range(2) for row in range(size)])
    Z_, G_ = sp.MatrixSymbol(r"\tilde{Z}", *Z.shape), sp.MatrixSymbol("G", 2 * size, 2 * size)
    a, b = A.explicit(size), B.explicit(size)
    gram = sp.Matrix(sp.BlockMatrix([[a, b], [b, a]]))
    return identity(
        rf"Written out for $K = {size}$, all {size**2} columns, with $G$ made of these blocks,",
        Z_ * Z_.T,
        G_,
        {Z_: columns.scaled(Z), G_: gram},
    )


def _objective() -> tuple[Step, ...]:
    minimized, P = quantity("P"), loss() + tau * (K - 1) * (sigma_s + sigma_a)
    return (
        Step(
            r"Every singular value occurs $K - 1$ times, and the convex program restricted to these logits is",
            equation(minimized, P),
            assumed=True,
        ),
        identity(r"it is minimized over three numbers:", minimized, P, {minimized: P}, "reduced_objective"),
    )


def _optimality() -> tuple[Step, ...]:
    """The derivative of the whole convex program at these logits has only what the three equations set to zero."""
    same, different = entries()
    (q, _), (p_k, p_l, p_o) = softmax(same), softmax(different)
    joint, against = tau * (gamma + delta) / (2 * sigma_s), tau * (gamma - delta) / (2 * sigma_a)
    r_k, r_l = joint + against - (1 - p_k + p_o), joint - against - (p_o - p_l)
    size = 2 * n_d * (K - 1)
    r_alpha = tau * alpha / sigma_s - (1 - q + softmax(same)[1])
    texts = {
        alpha: r"The derivative of the whole convex program by a column $z^1(k, k)$ is, up to $n_s$, a multiple $r$ of "
        r"$\tilde e_k$: the polar factor of $\tilde Z$ has $\alpha\tilde e_k/\sigma_s$ there. The derivative by "
        r"$\alpha$ is",
        gamma: r"By a column $z^1(k, l)$ it is, up to $n_d$, $r_k \tilde e_k + r_l \tilde e_l$, with "
        r"$\tfrac{1}{2}(\gamma \pm \delta)(\tilde e_k \pm \tilde e_l)$ over $\sigma_s$ and $\sigma_a$ in the polar "
        r"factor, and $e_k - \mathrm{softmax}(z) = (1 - p_k + p_o) \tilde e_k + (p_o - p_l) \tilde e_l$. The "
        r"derivative by $\gamma$ is",
        delta: r"and by $\delta$",
    }
    values = {
        alpha: 2 * n_s * (K - 1) * r_alpha,
        gamma: size * ((K - 1) * r_k - r_l),
        delta: size * ((K - 1) * r_l - r_k),
    }
    steps = []
    for variable in (alpha, gamma, delta):
        steps.append(
            derived(
                texts[variable],
                rf"\partial P / \partial \{variable.name}",
                values[variable],
                _gradient(variable),
                f"gradient_{variable.name}",
            )
        )
    steps.append(
        Step(
            r"The last two are independent combinations of $r_k, r_l$ for $K \geq 3$ (their determinant is $(K-1)^2 - "
            r"1$), and for $K = 2$, where $\tilde e_l = -\tilde e_k$, only $r_k - r_l$ counts. So where the three "
            r"derivatives vanish, the derivative of the whole convex program does: the ansatz loses nothing, and the "
            r"least of $P(\alpha, \gamma, \delta)$ is the global minimum."
        )
    )
    return tuple(steps)


def _gradient(variable: Any) -> Any:
    """∂P, where σ has the derivative ∂σ²/(2σ)."""
    symmetric, antisymmetric = squared_singular_values()
    norm = sp.diff(symmetric, variable) / (2 * sigma_s) + sp.diff(antisymmetric, variable) / (2 * sigma_a)
    return sp.diff(loss(), variable) + tau * (K - 1) * norm


def _geometry() -> tuple[Step, ...]:
    within = factorization.head_gram(sigma_s) / 2 + factorization.head_gram(sigma_a) / 2
    across = factorization.head_gram(sigma_s) / 2 - factorization.head_gram(sigma_a) / 2
    ratio = sp.sqrt(lambda_H / lambda_W)
    centre = 1 - 1 / K
    return (
        derived(
            r"The root of $\tilde Z\tilde Z^\top$ has $\sigma_s$ on $(v, v)$ and $\sigma_a$ on $(v, -v)$, so blocks "
            r"$\tfrac{1}{2}(\sigma_s \pm \sigma_a)(I - \mathbf{1}\mathbf{1}^\top/K)$. Every row of the heads has",
            r"\|w_k^t\|^2",
            ratio * (sigma_s + sigma_a) * (K - 1) / (2 * K),
            within * centre,
            "gram_diagonal",
        ),
        derived(
            r"two rows of one class in both tasks have",
            r"\langle w_k^1, w_k^2 \rangle",
            ratio * (sigma_s - sigma_a) * (K - 1) / (2 * K),
            across * centre,
            "gram_between",
        ),
        derived(r"hence", r"\cos(w_k^1, w_k^2)", (sigma_s - sigma_a) / (sigma_s + sigma_a), across / within, "cosine"),
        derived(
            r"Classes that differ, $k \neq l$, have between tasks",
            r"\cos(w_k^1, w_l^2)",
            -(sigma_s - sigma_a) / ((sigma_s + sigma_a) * (K - 1)),
            -across / (K * within * centre),
            "cosine_other_class",
        ),
        derived(
            r"and within a task", r"\cos(w_k^t, w_l^t)", -1 / (K - 1), -within / (K * within * centre), "cosine_within"
        ),
    )
