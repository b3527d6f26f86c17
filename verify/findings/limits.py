"""Vanishing regularization: the sign check for each problem, and certified minima approaching the limit."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

import theory
import ufm
from verify.certification.certificate import GLOBAL, certify
from verify.report.blocks import Paragraph, Section, table
from verify.solved import solved

COUNTS: tuple[Any, ...] = (
    [30, 10, 5],
    [[30, 10], [10, 30]],
    [[20, 10, 10], [10, 20, 10], [10, 10, 20]],
    [[21, 6, 3], [6, 23, 1], [3, 1, 26]],
    [[9, 0, 2], [1, 5, 0], [0, 3, 7]],
    [[1, 1], [0, 1]],
    [[0, 0, 1], [1, 1, 0]],
    [[1, 1, 20], [20, 20, 1]],
)
LAMBDAS = (1e-2, 1e-4, 1e-6, 1e-8)


@dataclass(frozen=True)
class Limit:
    """Counts, the verdict of ``theory.vanishing_regularization``, and distances from the claimed limit at small λ.

    distances  ‖G/‖G‖ − G∞/‖G∞‖‖_F of the heads' Gram matrices at each λ of ``lambdas`` whose minimum was certified;
               NaN where it was not
    """

    problem: Any
    verdict: str
    reason: str
    lambdas: tuple[float, ...]
    distances: tuple[float, ...]


def limits(found: Iterable[Any], started: Callable[[str], None]) -> tuple[Limit, ...]:
    """Every count tensor of ``COUNTS``, and of the counterexamples found, at every λ of ``LAMBDAS``."""
    done = []
    for counts in (*COUNTS, *(problem.count_tensor().tolist() for problem in found)):
        started(f"vanishing regularization, counts {counts}")
        problems = [ufm.SingleSource(counts, lambda_H=x, lambda_W=x, lambda_b=x) for x in LAMBDAS]
        limit = theory.vanishing_regularization(problems[0])
        distances = tuple(_distance(problem, limit.gram) for problem in problems)
        done.append(Limit(problems[0], limit.verdict, limit.reason, LAMBDAS, distances))
    return tuple(done)


def limit_section(items: tuple[Limit, ...]) -> Section:
    """One row a count tensor; 1/log(1/λ) below the distances for comparison."""
    proven = sum(item.verdict == "proven" for item in items)
    fails = sum(item.verdict == "fails" for item in items)
    lead = (
        f"The claimed limit of the heads' Gram matrix is proven for {proven} of {len(items)} count tensors, by the "
        f"signs of a polar factor, and disproven for {fails}. Distances of certified minima from it, Frobenius norm of "
        "the difference of the two Gram matrices, each of norm one:"
    )
    header = ("counts", "sign check", *(f"λ = {x:g}" for x in LAMBDAS), "reason")
    rows = [
        (
            str(item.problem.count_tensor().tolist()),
            item.verdict,
            *("–" if np.isnan(d) else f"{d:.4f}" for d in item.distances),
            item.reason,
        )
        for item in items
    ]
    rate = ("1/log(1/λ), for comparison", "", *(f"{1 / np.log(1 / x):.4f}" for x in LAMBDAS), "")
    return Section("Vanishing regularization, problem by problem", (Paragraph(lead), table(header, [*rows, rate])))


def _distance(problem: Any, limit: Any) -> float:
    solution = solved(problem)
    if certify(problem, solution).verdict != GLOBAL:
        return float("nan")
    W = np.concatenate([head.numpy() for head in solution.W])
    gram = W @ W.T
    return float(np.linalg.norm(gram / np.linalg.norm(gram) - limit / np.linalg.norm(limit)))
