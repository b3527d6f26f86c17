"""The landscape: known critical points, each a global minimum, a strict saddle, or neither."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import ufm
from ufm.solution import Problem
from verify.certification.certificate import GAP_TOLERANCE
from verify.comparison.checks.row import geometry_tolerance
from verify.falsification.problems import expression
from verify.findings.laws import SMALL
from verify.landscape import CriticalPoints, critical_points
from verify.landscape._curvature import STRICT_SADDLE
from verify.report.blocks import Line, Paragraph, Section

PROBLEMS: tuple[Problem, ...] = (
    ufm.SingleSource.balanced((4,), 10, **SMALL),
    ufm.SingleSource.balanced((3, 3), 10, **SMALL),
    ufm.SingleSource.correlated(2, n_same=30, n_different=10, **SMALL),
    ufm.SingleSource.correlated(3, n_same=20, n_different=10, **SMALL),
    ufm.SingleSource([[21, 6, 3], [6, 23, 1], [3, 1, 26]], **SMALL),
    ufm.MultiSource.balanced((3, 4), (10, 20), **SMALL),
    ufm.MultiLabel.balanced(3, {1: 10, 2: 5}, **SMALL),
)


@dataclass(frozen=True)
class Landscape:
    """A problem and its known critical points."""

    problem: Problem
    points: CriticalPoints


def explore_all(problems: Iterable[Problem], started: Callable[[str], None]) -> tuple[Landscape, ...]:
    """Enumerates the critical points of each problem."""
    done = []
    for problem in problems:
        started(f"critical points of {problem!r}")
        done.append(Landscape(problem, critical_points(problem)))
    return tuple(done)


def landscape_sections(landscapes: Iterable[Landscape]) -> list[Section]:
    """A summary, and one table per problem."""
    items = list(landscapes)
    points = [point for item in items for point in item.points]
    minima = sum(point.is_global for point in points)
    saddles = sum(point.curvature.verdict == STRICT_SADDLE and not point.is_global for point in points)
    rest = len(points) - minima - saddles
    limit = 1.0 + geometry_tolerance(GAP_TOLERANCE)
    exceeding = [point for point in points if point.certificate.spectral_ratio > limit]
    above, together = len(exceeding), sum(point.curvature.verdict == STRICT_SADDLE for point in exceeding)
    benign = sum(item.points.benign for item in items)
    lead = (
        f"{len(points)} critical points of {len(items)} problems: {minima} certified global minima without negative "
        f"curvature, {saddles} strict saddles, {rest} neither. In {benign} of {len(items)} problems every known "
        f"critical point is one or the other. σ/τ exceeds 1 at {above} points, {together} of which have negative "
        f"curvature."
    )
    return [Section("Critical points", (Paragraph(lead),)), *map(_of_problem, items)]


def _of_problem(item: Landscape) -> Section:
    points = item.points
    numbers = {"points": str(len(points)), "as theory says": "yes" if points.benign else "NO"}
    return Section(expression(item.problem), (points.table(),), level=3, line=Line("problem", numbers, {}))
