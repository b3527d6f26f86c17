"""The certificate applied to a trained network: how far it is from the global optimum of the model, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import theory
import ufm
from ufm.solution import Problem
from ufm_networks.measuring.point import NetworkPoint
from ufm_networks.report.counterpart import Part
from verify.certification.certificate import Certificate, certify
from verify.reading.form import Float
from verify.reading.sources import own_features
from verify.solved import solved


@dataclass(frozen=True)
class Stage:
    """A point made of the network.

    objective     F
    relative_gap  (F − D) / F with the bound D from the network alone
    excess        (F − D*) / F with the bound D* from the certified optimum, which is min F to its own gap
    """

    name: str
    objective: float
    relative_gap: float
    excess: float


@dataclass(frozen=True)
class Gap:
    """One problem.

    stages       the features as they are; their label means; the means' part in the row space of the heads; and, apart
                 from these and where heads have biases, the means less μ_G with b + W μ_G. Logits of the last three are
                 the same
    lower_bound  D ≤ min F, from the softmax outputs of the network's label means
    spectral_ratio  σ/τ there: at most 1 at a global minimum
    network      the certificate of the best stage; optimum, that of the certified minimum of the model
    solution     the model's minimum as ``ufm.solve`` found it
    theorem, closed_form  what covers these counts and its min F; "" and NaN where nothing does
    balance      λ_W Σ c^t ‖W^t‖² / (λ_H Σ‖h‖²), 1 at every stationary point of the model but zero; 1 by definition
                 with weight decay; NaN where all features are zero
    squares      Σ‖h‖² over samples, and the shares of it that change no decision of the means: "within labels";
                 "not read", the means' part outside the row space of the heads; "offset", N ‖μ_G‖², for comparison;
                 "offset of the optimum", the same of the model's optimum: 0 where classes are balanced
    """

    part: Part
    stages: tuple[Stage, ...]
    lower_bound: float
    spectral_ratio: float
    network: Certificate
    optimum: Certificate
    solution: ufm.Solution
    theorem: str
    closed_form: float
    balance: float
    squares: dict[str, float]


def measure_gap(part: Part, point: NetworkPoint) -> Gap:
    """Certifies the network's label means, solves the model and certifies that.

        F(features) ≥ F(label means) ≥ F(means in the row space) ≥ min F ≥ D

    The first step is λ_H Σ‖h − μ_l‖² and what Jensen's inequality gives; the second λ_H Σ_l n_l ‖(I − P) μ_l‖² with P
    the orthogonal projection on the rows of the heads, since W h = W P h.
    """
    problem, f = part.problem, part.form
    W, b = [point.W[t] for t in part.tasks], [point.b[t] for t in part.tasks]
    H, counts = point.means[f], point.counts[f].astype(np.float64)
    rows = np.concatenate(W)
    centre = H @ (counts / counts.sum())
    read = _row_space(rows) @ H
    several = own_features(problem)

    def at(features: Float, biases: list[Float]) -> Certificate:
        return certify(problem, W=W, H=[features] if several else features, b=biases)

    certificates = {"their label means": at(H, b), "what the heads read of the means": at(read, b)}
    if problem.lambda_b is not None:  # a bias takes over what the heads read of the mean
        biases = [v + w @ centre for w, v in zip(W, b, strict=True)]
        certificates["means less μ_G, b + W μ_G"] = at(H - centre[:, None], biases)
    means = certificates["their label means"]
    lower = max(certificate.lower_bound for certificate in certificates.values())
    objectives = {name: certificate.objective for name, certificate in certificates.items()}
    named = {"features of the samples": sample_objective(part, point), **objectives}
    solution = solved(problem)
    optimum = certify(problem, solution)
    theorem, closed = _theorem(problem)
    total = point.squared_features[f]
    c = problem.task_weights
    squared_W = float(sum(c_t * np.sum(w**2) for c_t, w in zip(c, W, strict=True)))
    parts = {
        "within labels": counts @ point.spread[f],
        "not read": counts @ np.sum((H - read) ** 2, axis=0),
        "offset": counts.sum() * (centre @ centre),
    }
    shares = {name: float(part) / total if total > 0 else 0.0 for name, part in parts.items()}
    squares = {"total": total, **shares, "offset of the optimum": _offset(solution, counts)}
    return Gap(
        part=part,
        stages=tuple(Stage(name, F, (F - lower) / F, (F - optimum.lower_bound) / F) for name, F in named.items()),
        lower_bound=lower,
        spectral_ratio=means.spectral_ratio,
        network=min(certificates.values(), key=lambda certificate: certificate.objective),
        optimum=optimum,
        solution=solution,
        theorem=theorem,
        closed_form=closed,
        balance=problem.lambda_W * squared_W / (problem.lambda_H * total) if total > 0 else float("nan"),
        squares=squares,
    )


def sample_objective(part: Part, point: NetworkPoint) -> float:
    """F with every sample's own feature, from sums over samples; reduction="sum"."""
    problem, f = part.problem, part.form
    lambda_b = problem.lambda_b or 0.0  # a free bias has no penalty, and none is zero
    penalties = [problem.lambda_W * np.sum(point.W[t] ** 2) + lambda_b * np.sum(point.b[t] ** 2) for t in part.tasks]
    weighted = problem.task_weights @ (point.losses[f] + np.array(penalties))
    return float(weighted + problem.lambda_H * point.squared_features[f])


def _offset(solution: ufm.Solution, counts: Float) -> float:
    """N ‖μ_G‖² / Σ‖h‖², 0 at the zero solution."""
    found = solution.H[0] if isinstance(solution.H, list) else solution.H
    H = np.array(found.cpu().numpy(), dtype=np.float64)
    total = float(counts @ np.sum(H**2, axis=0))
    return float(np.sum((H @ counts) ** 2) / counts.sum()) / total if total > 0 else 0.0


def _row_space(W: Float) -> Float:
    """(d, d) P = W⁺ W."""
    _, S, Vt = np.linalg.svd(W, full_matrices=False)
    kept = Vt[max(W.shape) * np.finfo(np.float64).eps * S[0] < S] if S[0] > 0 else Vt[:0]
    return np.asarray(kept.T @ kept)


def _theorem(problem: Problem) -> tuple[str, float]:
    try:
        prediction = theory.predict(problem)
    except theory.NotCovered:
        return "", float("nan")
    return prediction.theorem, prediction.objective
