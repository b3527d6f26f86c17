"""Cosine between the heads of two tasks against how often their labels agree, as in Figures 3(c) and 60 to 62."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

import theory
from ufm.losses import DEFAULT
from ufm.solution import Problem
from ufm_networks.measuring import Measurement
from ufm_networks.measuring.point import NetworkPoint
from ufm_networks.report.gap import Gap
from ufm_networks.report.heads import HeadCosines
from verify.reading.form import Float


@dataclass(frozen=True)
class CosinePoint:
    """cos(w_k^1, w_k^2) of a run with two tasks of K classes.

    measured     mean over k; lowest and highest of the K
    optimum      the same mean at the certified optimum of the model at the run's λ's and counts; NaN without a model
    feature_decay  whether the λ's are those of the training, and not the λ_H in effect
    closed_form  Theorem 5.1 (K = 2) or the law of K classes at n_same, n_different and these λ's; NaN where counts
                 have another form
    n_same       n^{11}, or NaN where not all labels that agree have as many samples; n_different is n^{12}, or NaN
                 where not all that differ have
    """

    name: str
    classes: int
    samples: int
    n_same: float
    n_different: float
    lambda_H: float
    lambda_W: float
    measured: float
    lowest: float
    highest: float
    optimum: float
    closed_form: float
    feature_decay: bool


def cosine_point(measured: Measurement, gaps: tuple[Gap, ...], heads: HeadCosines) -> CosinePoint | None:
    """None if there are not two tasks of equally many classes with the same samples."""
    if measured.kind != "single":
        return None
    decayed = measured.config.train.feature_decay is not None
    weighted = not _unweighted(measured)
    return task_cosine(measured.name, measured.point, gaps, heads, weighted=weighted, feature_decay=decayed)


def task_cosine(
    name: str,
    point: NetworkPoint,
    gaps: Sequence[Gap],
    heads: HeadCosines,
    *,
    weighted: bool = False,
    feature_decay: bool = False,
) -> CosinePoint | None:
    """Of a network's point in Problem (3); None unless it has two tasks of equally many classes, all labelled.

    weighted  whether the tasks have weights, of which the closed forms know nothing
    """
    K = len(point.W[0])
    if [len(w) for w in point.W] != [K, K] or len(point.labels) > 1 or (point.labels[0] < 0).any():
        return None
    counts = np.zeros((K, K))
    counts[tuple(point.labels[0].T)] = point.counts[0]
    same, different = np.unique(np.diag(counts)), np.unique(counts[~np.eye(K, dtype=bool)])
    own = np.diagonal(heads.measured, offset=K)
    problem: Problem | None = gaps[0].part.problem if gaps else None
    symmetric = len(same) == 1 and len(different) == 1 and not weighted
    closed = float("nan")
    if symmetric and problem is not None and set(problem.losses) == {DEFAULT}:  # the closed forms' loss
        closed = float(closed_form(K, same[0], different[0], problem.lambda_H, problem.lambda_W))
    return CosinePoint(
        name=name,
        classes=K,
        samples=int(counts.sum()),
        n_same=float(same[0]) if len(same) == 1 else float("nan"),
        n_different=float(different[0]) if len(different) == 1 else float("nan"),
        lambda_H=float("nan") if problem is None else problem.lambda_H,
        lambda_W=float("nan") if problem is None else problem.lambda_W,
        measured=float(own.mean()),
        lowest=float(own.min()),
        highest=float(own.max()),
        optimum=float("nan") if heads.optimum is None else float(np.diagonal(heads.optimum, offset=K).mean()),
        closed_form=closed,
        feature_decay=feature_decay,
    )


def closed_form(K: int, n_same: Float, n_different: Float, lambda_H: float, lambda_W: float) -> Float:
    """Theorem 5.1, eq. 31, for K = 2; the law of K classes beyond. Both depend on λ_H λ_W alone."""
    if K == 2:
        return theory.task_correlation_cosine(n_same, n_different, lambda_H, lambda_W)
    cosine: Float = theory.class_correlation_cosine(K, n_same, n_different, lambda_H, lambda_W)
    return cosine


def _unweighted(measured: Measurement) -> bool:
    weights = measured.config.train.task_weights
    return weights is None or (len(set(weights)) == 1 and weights[0] == 1)
