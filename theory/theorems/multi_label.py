"""Pick-all-label multi-label classification, balanced within each multiplicity: Li et al. 2024, Theorem 1.

n_m samples of every one of the C(K, m) label sets of size m. Logits z_S = a_m (1_S − m/K) have
Σ_S n_S z_S z_Sᵀ = σ² (I − 11ᵀ/K):

    min F = min over a of  Σ_m n_m C(K,m) m [ log(m + (K−m) e^{−a_m}) + ε (K−m)/K a_m ] + τ (K−1) σ
    σ = √(Σ_m v_m a_m²),   v_m = n_m C(K−2, m−1),   τ = 2 √(λ_H λ_W)
    K / (m e^{a_m} + K − m) = ε + τ a_m/σ                                            (theory.margins.shared_root)
    W Wᵀ = g (I − 11ᵀ/K),  g = √(λ_H/λ_W) σ,   h_S = C_m Σ_{k∈S} w_k,  C_m = a_m/g

The margins leave zero together, below λ_H λ_W = (1 − ε)² Σ_m v_m / 4. Sets of all K labels have zero features and a
constant loss. λ's multiply beside the SUM of cross-entropies. Li et al. state the geometry; the margins, min F and the
threshold are beyond their paper (docs/theory.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from theory.feature_space import FeatureSpace, Float, simplex, simplex_cosines, simplex_gram
from theory.hypotheses import Hypothesis, cross_entropy_of, holding, smoothed
from theory.margins.shared_root import LabelForce, margins
from theory.margins.threshold import threshold
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem

NAME = "Li et al. 2024, Theorem 1"


@dataclass(frozen=True)
class Multiplicity:
    """Label sets of one size.

    members m, samples n_m of each set, sets C(K, m), weight v_m = n_m C(K−2, m−1), margin a_m
    """

    members: int
    samples: int
    sets: int
    weight: int
    margin: float = 0.0


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """Pick-all-label, every set of a size that occurs the same number of times."""
    rows = cross_entropy_of(reading, "multilabel")
    return (*rows, _balanced(reading.parts[0])) if holding(rows) else rows


def _balanced(problem: SumProblem) -> Hypothesis:
    K = problem.classes[0]
    present = problem.counts > 0
    labels, counts = problem.labels[present], problem.counts[present]
    sizes = labels.sum(axis=1)
    distinct = len(np.unique(labels, axis=0)) == len(labels)
    found, holds = [], distinct and bool(sizes.min() >= 1)
    for m in np.unique(sizes).tolist():
        of_size = counts[sizes == m]
        low, high = int(of_size.min()), int(of_size.max())
        holds &= low == high and len(of_size) == math.comb(K, m)
        found.append(f"m = {m}: {low:,} to {high:,} of {len(of_size):,} of {math.comb(K, m):,} sets")
    shown = found[:4] + (["…"] if len(found) > 4 else [])
    statement = "every label set of one size has the same number n_m of samples"
    return Hypothesis("balanced within each multiplicity", statement, "; ".join(shown), holds)


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``."""
    problem = reading.parts[0]
    parts = _solved(problem)
    sigma = math.sqrt(math.fsum(part.weight * part.margin**2 for part in parts))
    pull = Fraction(sum(part.weight for part in parts), 4)
    shared = threshold("every margin", problem.classes[0], pull, problem, margin=_root_mean_square(parts))
    return Prediction(
        theorem=smoothed(NAME, reading),
        citation=f"{NAME}; docs/theory.md",
        regime="every multiplicity below threshold" if sigma > 0 else "zero",
        within_theorem=sigma > 0 and reading.label_smoothing == 0,
        thresholds=(shared,),
        hypotheses=checked,
        properties=("NC1", "NC2", "NC_m") if sigma > 0 else ("NC1",),
        objective=_objective(problem, parts, sigma) / problem.divisor,
        required_dim=problem.classes[0] - 1,
        multi_source=False,
        every_feature=False,
        spaces=(_space(problem, parts, sigma),),
    )


def _solved(problem: SumProblem) -> tuple[Multiplicity, ...]:
    """The multiplicities that occur, with their margins."""
    K = problem.classes[0]
    sizes = problem.labels.sum(axis=1)
    parts = []
    for m in np.unique(sizes[problem.counts > 0]).tolist():
        n = int(problem.counts[sizes == m].max())
        parts.append(Multiplicity(m, n, math.comb(K, m), n * math.comb(K - 2, m - 1) if m < K else 0))
    free = [part for part in parts if part.weight > 0]
    forces = [LabelForce(K, part.members) for part in free]
    weights = [float(part.weight) for part in free]
    pull = problem.hardness * sum(part.weight for part in free)
    excess = pull / (4 * problem.product) - 1
    found = iter(margins(forces, weights, problem.tau, problem.label_smoothing, excess) if free else [])
    return tuple(replace(part, margin=next(found)) if part.weight > 0 else part for part in parts)


def _root_mean_square(parts: tuple[Multiplicity, ...]) -> float:
    weight = sum(part.weight for part in parts)
    return math.sqrt(math.fsum(part.weight * part.margin**2 for part in parts) / weight) if weight > 0 else 0.0


def _objective(problem: SumProblem, parts: tuple[Multiplicity, ...], sigma: float) -> float:
    K, epsilon = problem.classes[0], problem.label_smoothing
    terms = [problem.tau * (K - 1) * sigma]
    for part in parts:
        m, a = part.members, part.margin
        loss = math.log(m) + math.log1p((K - m) / m * math.exp(-a)) + epsilon * (K - m) / K * a
        terms.append(part.samples * part.sets * m * loss)
    return math.fsum(terms)


def _space(problem: SumProblem, parts: tuple[Multiplicity, ...], sigma: float) -> FeatureSpace:
    K = problem.classes[0]
    g = problem.balance() * sigma
    head = math.sqrt(g) * simplex(K) if g > 0 else np.zeros((K, 0))
    margin_of = np.zeros(K + 1)
    margin_of[[part.members for part in parts]] = [part.margin for part in parts]
    sizes: NDArray[np.int64] = problem.labels.sum(axis=1)
    a: Float = margin_of[sizes]
    weights = a / g if g > 0 else np.zeros(len(a))
    return FeatureSpace(
        heads=(head,),
        make_features=lambda: weights * (head.T @ problem.labels.T),
        make_logits=lambda: a * (problem.labels.T - sizes / K),
        feature_weights=weights[None, :],
        gram=g * simplex_gram(K),
        cosines=simplex_cosines(K) if g > 0 else np.full((K, K), np.nan),
    )
