"""Certificates of many points at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from verify.certification.certificate import GAP_TOLERANCE, Certificate, certify, check_tolerance
from verify.reading.form import Problem
from verify.reading.read import read

Progress = Callable[[int, int], Any]


def certify_many(
    problems: Iterable[Problem],
    points: Iterable[Any],
    *,
    tolerance: float = GAP_TOLERANCE,
    progress: Progress | None = None,
) -> list[Certificate]:
    """``certify(problem, point, tolerance=tolerance)`` of each pair, in order.

    problems   any iterable of problems; none give the empty list
    points     as many, each anything with .W, .H and, at will, .b, .labels, as ``ufm.solve_many`` returns
    tolerance  largest relative gap called a global minimum
    progress   called with the numbers of points done and in all; what it raises ends the call

    Raises as ``certify``, with the position in front, before any is certified.
    """
    given, reached = _listed("problems", problems), _listed("points", points)
    if len(given) != len(reached):
        raise ValueError(f"points must be as many as problems, one each; got {len(reached)} for {len(given)}")
    tolerance = check_tolerance(tolerance)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be a function of (done, total), or None, got {progress!r}")
    read_points = []
    for i, (problem, point) in enumerate(zip(given, reached, strict=True)):
        try:
            read_points.append(read(problem, point))
        except (TypeError, ValueError) as error:
            raise type(error)(f"problems[{i}], points[{i}]: {error}") from error
    certificates = []
    for at in read_points:
        certificates.append(certify(at, tolerance=tolerance))
        if progress is not None:
            progress(len(certificates), len(given))
    return certificates


def _listed(name: str, values: Any) -> list[Any]:
    """The values of an iterable."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, or another iterable, got {type(values).__name__}")
    return list(values)
