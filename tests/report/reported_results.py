"""Results of every kind that a report has to show, solved once."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

import theory
from ufm import MultiSource, SingleSource
from verify.comparison.cosine_curve import CosineCurve
from verify.main_job.case import Case, JobResult, run_case

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
HOSTILE = "<script>alert('&')</script> $x^$ [red]\nsecond line"

PROBLEMS = {
    "balanced": SingleSource.balanced((3, 4), 10, **LAMBDAS),
    "correlated": SingleSource.correlated(2, n_same=30, n_different=10, **LAMBDAS),
    "multi": MultiSource.balanced((3, 4), (10, 7), **LAMBDAS),
    HOSTILE: SingleSource.correlated(3, n_same=20, n_different=10, **LAMBDAS),
    "rank one": SingleSource.correlated(2, n_same=38, n_different=2, lambda_H=1.2, lambda_W=1.2, lambda_b=0.3),
    "zero": SingleSource.balanced((2, 2), 1, lambda_H=0.9, lambda_W=0.9, lambda_b=0.1),
    "partly zero": SingleSource.balanced((2, 5), 1, lambda_H=0.9, lambda_W=0.9, lambda_b=0.1),
    "thirty rows": SingleSource.balanced((10, 10, 10), 5, lambda_H=5e-4, lambda_W=5e-4, lambda_b=5e-4),
    "twenty tasks": MultiSource.balanced((5,) * 20, 50, **LAMBDAS),
    "one task": SingleSource.balanced((4,), 5, reduction="mean", lambda_H=1e-4, lambda_W=5e-4, lambda_b=1e-3),
}


@functools.cache
def case(name: str) -> Case:
    return run_case(name, PROBLEMS[name])


def as_gradient(of: Case, history) -> Case:
    """The case as if the gradient solver had left this history."""
    return dataclasses.replace(of, solution=dataclasses.replace(of.solution, method="gradient", history=history))


def falling(bound: float, **more) -> dict:
    """A history whose loss falls from bound + 1 to the bound itself, which has no place on a logarithmic axis."""
    return {
        "step": [0, 10, 100, 1000],
        "loss": [bound + 1.0, bound + 0.1, bound + 1e-3, bound],
        "gradient_norm": [0.5, 0.05, 1e-3, 1e-9],
        "SNC1": [1.0, 0.1, 0.0, None],
        "SNC3_max": [0.5, 0.2, 0.1, float("nan")],
        **more,
    }


def curve(shift: float = 0.0) -> CosineCurve:
    """Points exactly on the line, or ``shift`` above it."""
    line, points = np.linspace(10.0, 90.0, 50), np.array([20, 50, 80])
    return CosineCurve(
        samples=200,
        lambda_H=0.05,
        lambda_W=0.06,
        n_same=line,
        cosine=theory.task_correlation_cosine(line, 100 - line, 0.05, 0.06),
        solved_n_same=points,
        solved_cosine=theory.task_correlation_cosine(points, 100 - points, 0.05, 0.06) + shift,
        relative_gap=np.array([1e-12, 3e-12, 2e-12]),
        tolerance=1e-5,
    )


@functools.cache
def result() -> JobResult:
    # figures take most of a report's time, and those of the other problems are tested one by one
    cases = [case(name) for name in ("balanced", "multi", HOSTILE, "zero", "partly zero")]
    cases.append(as_gradient(cases[0], falling(cases[0].report.certificate.lower_bound)))
    return JobResult(tuple(cases), curve())


def failing(of: Case) -> Case:
    """The case with its first row failed."""
    first, *others = of.report.rows
    rows = (dataclasses.replace(first, verdict="failed", measured=float("nan")), *others)
    return dataclasses.replace(of, report=dataclasses.replace(of.report, rows=rows))
