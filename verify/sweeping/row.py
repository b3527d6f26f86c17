"""One row of the table: a problem, its certified minimum, theory's prediction, metrics and claims."""

from __future__ import annotations

import json
from typing import Any

import attrs
import numpy as np

import ufm
from ufm.solution import Problem
from ufm.support.strict_json import finite_or_none
from verify._metrics.measured import CLASSIC
from verify._metrics.tables import metrics
from verify.certification.certificate import GLOBAL, Certificate
from verify.claims import LIBRARY
from verify.claims.closed_forms import prediction
from verify.claims.regime import live_rows, logit_spectrum
from verify.falsification.resolution import resolution
from verify.reading.read import At
from verify.sweeping.parameters import NO_BIAS, Parameters, uses
from verify.sweeping.study import Plan

RANK = 1e-6  # of the largest singular value: above what rounding leaves, below what a threshold has not yet made zero

Row = dict[str, Any]


def row(
    index: int,
    given: Parameters,
    problem: Problem,
    solution: ufm.Solution,
    at: At,
    certificate: Certificate,
    plan: Plan,
) -> Row:
    """The values by the names of ``verify.sweeping.columns``; None if undefined or not applicable."""
    pinned = resolution(at, certificate)
    return {
        "problem": index,
        **_stated(given, problem),
        "outcome": str(solution.outcome),
        "objective": certificate.objective,
        "lower_bound": certificate.lower_bound,
        "relative_gap": certificate.relative_gap,
        "spectral_ratio": certificate.spectral_ratio,
        "verdict": certificate.verdict,
        "certified": certificate.verdict == GLOBAL,
        "resolution": finite_or_none(pinned),
        "rank": max(_rank(at)),
        **_of_theory(at, certificate.objective),
        **_metrics(at, plan.metrics),
        **_claims(at, certificate, pinned, plan.claims),
    }


def _stated(given: Parameters, problem: Problem) -> Row:
    """The parameters as numbers and text, with the problem's resulting λ's, counts and losses."""
    used = uses(given)
    values = {name: value for name, value in attrs.asdict(given, recurse=False).items() if name in used}
    counts = np.concatenate(problem.counts) if isinstance(problem.counts, tuple) else problem.counts
    return {
        **{name: values.get(name) for name in ("n", "n_same", "n_different", "ratio", "multiplicity", "rows")},
        "concentration": values.get("concentration"),
        "table": None if values.get("table") is None else json.dumps(values["table"]),
        "source": problem.source,
        "classes": ",".join(map(str, problem.classes)),
        "tasks": len(problem.classes),
        "counts": given.rule,
        "columns": len(counts),
        "samples": problem.samples,
        "lambdas": given.lambdas,
        "lambda_H": problem.lambda_H,
        "lambda_W": problem.lambda_W,
        "lambda_b": problem.lambda_b,
        "bias": NO_BIAS if problem.lambda_b is None else "penalized" if problem.lambda_b else "free",
        "loss": ",".join(dict.fromkeys(problem.losses)) if len(set(problem.losses)) == 1 else ",".join(problem.losses),
        "task_weights": ",".join(f"{c:g}" for c in problem.task_weights.tolist()),
        "label_smoothing": problem.label_smoothing,
        "reduction": problem.reduction,
        "seed": given.seed,
    }


def _rank(at: At) -> list[int]:
    """Of the logits W H of each form; 0 where every head is zero."""
    ranks = []
    for part in at.samples:
        singular = logit_spectrum(part)
        ranks.append(int((singular > RANK * singular[0]).sum()) if live_rows(part).any() else 0)
    return ranks


def _of_theory(at: At, objective: float) -> Row:
    """The prediction, if a theorem covers the problem, and λ_H λ_W compared with its thresholds."""
    names = ("theorem", "regime", "theory_objective", "theory_error", "theory_rank", "thresholds", "thresholds_passed")
    found = prediction(at)
    if found is None:
        return {"covered": False, **dict.fromkeys((*names, "lambda_product", "least_threshold", "largest_threshold"))}
    values = [threshold.value for threshold in found.thresholds]
    return {
        "covered": True,
        "theorem": found.theorem,
        "regime": found.regime,
        "theory_objective": found.objective,
        "theory_error": finite_or_none(abs(found.objective - objective) / objective) if objective else None,
        "theory_rank": found.rank,
        "thresholds": len(values),
        "thresholds_passed": sum(not threshold.below for threshold in found.thresholds),
        "lambda_product": found.thresholds[0].product if values else None,
        "least_threshold": min(values, default=None),
        "largest_threshold": max(values, default=None),
    }


def _metrics(at: At, names: tuple[str, ...]) -> Row:
    if not names:
        return {}
    measured = metrics(at, classic=any(name in CLASSIC for name in names))
    return {f"metric_{name}": finite_or_none(measured[name]) for name in names}


def _claims(at: At, certificate: Certificate, pinned: float, names: tuple[str, ...]) -> Row:
    """The violation of each claim at the point, and whether it is a counterexample.

    A counterexample is certified, exceeds the claim's margin, and has the geometry pinned as the claim demands.
    """
    values: Row = {}
    for name in names:
        claim = LIBRARY[name]
        violation = claim(at)
        beyond = violation > claim.margin and pinned <= claim.resolution(violation)
        values[f"claim_{name}"] = finite_or_none(violation)
        values[f"violated_{name}"] = bool(certificate.verdict == GLOBAL and beyond)
    return values
