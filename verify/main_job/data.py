"""The result as JSON: all numbers behind the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ufm
from ufm.solution import Problem
from ufm.support import strict_json
from verify.comparison.cosine_curve import CosineCurve
from verify.main_job.case import Case, JobResult
from verify.plot.points import cosines_of
from verify.report.figure_files import FigureFile

FORMAT = "ufm-report-1"
SETTINGS = ("task_weights", "lambda_H", "lambda_W", "lambda_b", "reduction", "label_smoothing")


def as_json(result: JobResult, figures: Sequence[Sequence[FigureFile]], environment: Mapping[str, str]) -> str:
    """Strict JSON: null stands for NaN and for infinity. ``figures`` are those of each case."""
    whole = {
        "format": FORMAT,
        "passed": result.passed,
        "cases": [_case(case, files) for case, files in zip(result.cases, figures, strict=True)],
        "curve": None if result.curve is None else _curve(result.curve),
        "environment": dict(environment),
    }
    return strict_json.as_json(whole)


def _case(case: Case, files: Sequence[FigureFile]) -> dict[str, Any]:
    problem, solution, prediction = case.problem, case.solution, case.report.prediction
    return {
        "name": case.name,
        "seconds": case.seconds,
        "reading": None if case.reading is None else case.reading.to_dict(),
        "problem": _problem(problem),
        "solution": {
            "method": solution.method,
            "objective": solution.objective,
            "dim": solution.dim,
            "converged": solution.converged,
            "outcome": solution.outcome,
            "status": solution.status,
            "history": solution.history,
            "cosines": cosines_of(solution),
        },
        "prediction": None if prediction is None else _prediction(prediction),
        "report": case.report.to_dict(),
        "figures": [f"figures/{file.name}.{kind}" for file in files for kind in ("png", "svg")],
    }


def _problem(problem: Problem) -> dict[str, Any]:
    """Every public field, the loss of each task, and the bias in a word, clearer than null."""
    bias = "none" if problem.lambda_b is None else "penalized" if problem.lambda_b else "free"
    names = ("source", "classes", "labels", "counts", *SETTINGS, "samples")
    targets = {"targets": problem.targets} if isinstance(problem, ufm.SoftLabels | ufm.Regression) else {}
    return {name: getattr(problem, name) for name in names} | targets | {"loss": problem.losses, "bias": bias}


def _prediction(prediction: Any) -> dict[str, Any]:
    names = ("theorem", "citation", "regime", "within_theorem", "properties", "objective", "required_dim", "rank")
    return {
        **{name: getattr(prediction, name) for name in (*names, "cosines")},
        "thresholds": [vars(row) for row in prediction.thresholds],
        "hypotheses": [vars(row) for row in prediction.hypotheses],
    }


def _curve(curve: CosineCurve) -> dict[str, Any]:
    return {**vars(curve), "deviation": curve.deviation, "passed": curve.passed, "figures": _CURVE_FILES}


_CURVE_FILES = ("figures/curve.png", "figures/curve.svg")
