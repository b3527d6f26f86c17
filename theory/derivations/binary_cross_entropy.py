"""Binary cross-entropy of balanced tasks: two probabilities at the minimum, and who takes the mean."""

from __future__ import annotations

import sympy as sp

from theory.derivations import factorization, independent_labels
from theory.derivations.derivation import Derivation
from theory.derivations.orbits import InvariantMatrix, centred, label_sum
from theory.derivations.step import Step, assumed, derived, identity, solution
from theory.derivations.symbols import K, N, a, c, lambda_H, lambda_product, lambda_W, quantity, tau

epsilon = sp.Symbol("epsilon", nonnegative=True)
lambda_b = sp.Symbol("lambda_b", positive=True)
b, m, mu = sp.symbols("b m mu", real=True)
e, x, p_k, p_l = (sp.Symbol(name, positive=True) for name in ("e", "x", "p_k", "p_l"))
_P, _RHO = sp.Symbol("P", real=True), sp.Symbol("rho", positive=True)
RHO = tau * sp.sqrt(K / (c * N))
ON, OFF = a * (1 - 1 / K) + m, m - a / K
OTHER = epsilon / K
LABEL = 1 - epsilon + OTHER


def _sigmoid(u: sp.Expr) -> sp.Expr:
    return 1 / (1 + sp.exp(-u))


def _loss(u: sp.Expr, y: sp.Expr) -> sp.Expr:
    return sp.log(1 + sp.exp(u)) - y * u


LOSS = c * N * (_loss(ON, LABEL) + (K - 1) * _loss(OFF, OTHER))
GRAM = label_sum(1, lambda label, i, j: c * N / K * (a * centred(label[0], i) + mu) * (a * centred(label[0], j) + mu))
CENTRED = sp.powdenest(sp.sqrt(GRAM.on_centred), force=True)


def derivation() -> Derivation:
    """Margin, mean and bias of one task; then several, and labels that are tasks by themselves."""
    return Derivation(
        name="binary-cross-entropy",
        title="Binary cross-entropy of balanced tasks",
        source="beyond the paper: docs/theory.md",
        hypotheses=(
            r"Problem (3), or a task of Problem (4), with the loss $\sum_j \log(1 + e^{u_j}) - y_j u_j$ and targets "
            r"$(1 - \epsilon) e_{k_t} + \epsilon/K_t$, $0 \leq \epsilon < 1$; $\lambda$'s beside the sum of losses.",
            r"All classes have equally many samples, and so have all pairs of classes of two tasks; $N$ samples.",
            r"A bias that is penalized, free ($\lambda_b = 0$) or absent; $d$ is at least the rank of the heads.",
        ),
        steps=(
            *factorization.steps(),
            *_margin(),
            *_probabilities(),
            *_mean(),
            *_heads(),
            *_several(),
            *independent_labels.steps(),
        ),
    )


def _margin() -> tuple[Step, ...]:
    slope = sp.diff(LOSS, a) + tau * (K - 1) * sp.sqrt(c * N / K)
    q = sp.Symbol("q", positive=True)
    fraction = {epsilon: q / (1 + q)}
    return (
        assumed(
            r"The minimizer of the convex program is unique, and a permutation of classes maps it to itself: the bias "
            r"of a task is $b \mathbf{1}$, and with the mean logit $\mu$",
            quantity(r"z_{tl}"),
            quantity(r"a_t \left(e_{k_t} - \tfrac{1}{K_t}\mathbf{1}\right) + \mu_t \mathbf{1}"),
        ),
        identity(
            r"One task at a time. On vectors that sum to zero $\tilde Z \tilde Z^\top$ is the number",
            GRAM.on_centred,
            c * N * a**2 / K,
        ),
        identity(r"and on the ones vector", GRAM.on_ones, c * N * K * mu**2),
        assumed(
            r"so with $m = \mu + b$, and beside what $\mu$ and $b$ cost, the convex program is",
            _P,
            LOSS + tau * (K - 1) * CENTRED,
        ),
        identity(
            r"With the sigmoids $p_k$ of the label and $p_l$ of any other class its derivative by $a$ is",
            sp.Derivative(_P, a),
            c * N * (K - 1) / K * ((p_k - LABEL) - (p_l - OTHER)) + tau * (K - 1) * sp.sqrt(c * N / K),
            {sp.Derivative(_P, a): slope, p_k: _sigmoid(ON), p_l: _sigmoid(OFF)},
        ),
        identity(
            r"and by $m$ it is $c N x$, with $1 + x$ the sum of the probabilities:",
            sp.Derivative(_P, m),
            c * N * (p_k + (K - 1) * p_l - 1),
            {sp.Derivative(_P, m): sp.diff(LOSS, m), p_k: _sigmoid(ON), p_l: _sigmoid(OFF)},
        ),
        solution(
            r"At $a = 0$ both sigmoids are the same. There the derivative by $a$ vanishes, whatever the mean, at the "
            r"threshold",
            lambda_product,
            (1 - epsilon) ** 2 * c * N / (4 * K),
            sp.simplify(slope.subs(a, 0)).subs(tau, 2 * sp.sqrt(lambda_product)),
            given=fraction,
            name="threshold",
        ),
        solution(
            r"Below it the derivative by $a$ vanishes where $p_k - p_l = 1 - e$ with",
            e,
            sp.Piecewise((epsilon + RHO, lambda_H * lambda_W < (1 - epsilon) ** 2 * c * N / (4 * K)), (1, True)),
            c * N / K * ((p_l + 1 - e - LABEL) - (p_l - OTHER)) + tau * sp.sqrt(c * N / K),
            given=fraction,
            name="wrong",
        ),
    )


def _probabilities() -> tuple[Step, ...]:
    missed = sp.Symbol("q_k", positive=True)
    return (
        solution(
            r"From it and the sum follow",
            p_l,
            (e + x) / K,
            (p_l + 1 - e) + (K - 1) * p_l - 1 - x,
            name="p_other",
        ),
        identity(
            r"and, of the label, one less the probability:",
            missed,
            ((K - 1) * e - x) / K,
            {missed: 1 - ((e + x) / K + 1 - e)},
            "missed",
        ),
        identity(
            r"The margin is the difference of the logits, zero where $e = 1$:",
            a,
            sp.log(1 + (1 - e) / (p_l * missed)),
            {a: sp.log((1 - missed) * (1 - p_l) / (p_l * missed)), missed: 1 - p_l - (1 - e)},
            "margin",
        ),
        identity(
            r"and their mean increases with $x$, from below zero for $K \geq 3$:",
            m,
            (sp.log((1 - missed) / missed) + (K - 1) * sp.log(p_l / (1 - p_l))) / K,
            {
                m: (ON + (K - 1) * OFF) / K,
                missed: 1 - _sigmoid(ON),
                p_l: _sigmoid(OFF),
            },
            "mean",
        ),
    )


def _mean() -> tuple[Step, ...]:
    cost = tau * sp.sqrt(c * N * K) * -mu + lambda_b * c * K * b**2
    return (
        Step(
            r"What is left costs $\tau \sqrt{c N K}\, |\mu| + \lambda_b c K b^2$ with $\mu + b = m$. A free bias takes "
            r"all of it at no cost: $x = 0$, $\mu = 0$, $b = m$."
        ),
        solution(
            r"A penalized bias balances $c N x$, the derivative by $m$, with the derivative of its penalty:",
            b,
            -N * x / (2 * lambda_b * K),
            c * N * x + sp.diff(cost, b),
            name="bias",
        ),
        solution(
            r"and the heads take the rest where $x$ balances the nuclear norm, at $x = \rho$, beyond which no $x$ is:",
            _RHO,
            RHO,
            c * N * _RHO + sp.diff(cost, mu),
            name="largest_excess",
        ),
        derived(
            r"So the bias takes all of the mean up to",
            "|b|",
            tau * sp.sqrt(N / (c * K)) / (2 * lambda_b),
            N * RHO / (2 * lambda_b * K),
            "bias_border",
        ),
        Step(
            r"Either $m(x) = b$, which one number $x < \rho$ solves, and $\mu = 0$; or $x = \rho$ and $\mu = m(\rho) - "
            r"b$, with $b = 0$ where there is none."
        ),
        *_optimal(),
    )


def _optimal() -> tuple[Step, ...]:
    """The negative derivative over τ, an invariant matrix, is a subgradient of the nuclear norm."""
    difference = (p_l - OTHER) - (p_l + 1 - e - LABEL)
    scale = sp.sqrt(c * N / K) / tau
    X = InvariantMatrix(scale * difference, -scale * (p_l - OTHER))
    on_ones = X.identity + K * X.ones
    below = {e: epsilon + RHO}
    on_centred, along = quantity(r"\gamma"), quantity(r"\delta")
    return (
        identity(
            r"No other logits do better: column by column, the negative derivative of the loss by $\tilde Z$ over "
            r"$\tau$ is, on vectors that sum to zero,",
            on_centred,
            sp.Integer(1),
            {on_centred: X.identity, **below},
        ),
        identity(
            r"and on the ones vector $-x/\rho$, of which the size is at most 1, and 1 where $\mu < 0$:",
            along,
            -x / RHO,
            {along: on_ones, p_l: (e + x) / K, **below},
        ),
    )


def _heads() -> tuple[Step, ...]:
    size = quantity(r"|\mu|")
    level = sp.Symbol("M", nonnegative=True)
    along = factorization.head_gram(sp.sqrt(c * N * K) * level) / c / K
    own = factorization.head_gram(CENTRED) / c
    root = sp.sqrt(lambda_H / lambda_W) * sp.sqrt(N / (c * K))
    on, off = root * (a * (1 - 1 / K) + size), root * (size - a / K)
    known = {size: level}
    norm, product, cosine = (quantity(name) for name in (r"\|w_k\|^2", r"\langle w_k, w_l \rangle", r"\cos(w_k, w_l)"))
    rho, q = sp.symbols("rho q", positive=True)
    ratio = (1 - rho / 2) / (rho / 2)
    return (
        identity(
            r"By the first step a row of the head has",
            norm,
            on,
            {norm: own * (1 - 1 / K) + along, **known},
            "gram_diagonal",
        ),
        identity(
            r"and two rows $k \neq l$ have",
            product,
            off,
            {product: along - own / K, **known},
            "gram_off_diagonal",
        ),
        identity(
            r"so their cosine is that of a simplex where $\mu = 0$, and increases with the mean:",
            cosine,
            (size - a / K) / (a * (1 - 1 / K) + size),
            {cosine: off / on},
            "cosine",
        ),
        identity(
            r"Four classes without bias and smoothing have $p_l = 1 - p_k = \rho/2$ at $x = \rho$. Their mean logit is "
            r"$-a/4$, and the heads are orthogonal:",
            (sp.log(ratio) + 3 * sp.log(1 / ratio)) / 4,
            -sp.log(1 + (1 - rho) / (rho / 2) ** 2) / 4,
            {rho: 2 / (1 + q)},
        ),
    )


def _several() -> tuple[Step, ...]:
    weights, sizes = sp.symbols("c_1 c_2", positive=True), sp.symbols("K_1 K_2", positive=True)
    means = sp.symbols("mu_1 mu_2", negative=True)
    square = sum(c_t * K_t * u**2 for c_t, K_t, u in zip(weights, sizes, means, strict=True))
    norm = tau * sp.sqrt(N) * sp.sqrt(square)
    excess = [-sp.diff(norm, u) / (c_t * N) for c_t, u in zip(weights, means, strict=True)]
    whole = quantity(r"c_1 x_1^2/K_1 + c_2 x_2^2/K_2")
    return (
        Step(
            r"Several tasks: blocks of different tasks vanish on vectors that sum to zero, so margins decouple. All "
            r"means are constant over columns: they share one singular value $\sqrt{N} M$, $M^2 = \sum_t c^t K_t "
            r"\mu_t^2$. Where $M = 0$ the bias and $x_t$ of each task are those above."
        ),
        identity(
            r"Otherwise $x_t = -\tau K_t \mu_t / (\sqrt{N} M)$, of two tasks",
            excess[0],
            -tau * sizes[0] * means[0] / (sp.sqrt(N) * sp.sqrt(square)),
        ),
        identity(
            r"and these lie on a sphere, within which they are where $M = 0$:",
            whole,
            tau**2 / N,
            {whole: sum(c_t * v**2 / K_t for c_t, K_t, v in zip(weights, sizes, excess, strict=True))},
            "sphere",
        ),
        Step(
            r"With $\beta = N/(2\lambda_b) + \sqrt{N} M/\tau$, and without bias the second term alone, every task has "
            r"$m_t(x_t) = -\beta x_t/K_t$. The sum falls as $\beta$ grows, so one number decides."
        ),
    )
