"""Certificates of many points at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from math import inf
from typing import Any

from verify.certification.batch import Bounded, Key, Stacked, bounded, key_of
from verify.certification.certificate import (
    GAP_TOLERANCE,
    GLOBAL,
    Certificate,
    _certify,
    _total,
    certify,
    check_tolerance,
    has_large_form,
    within,
)
from verify.losses.rounding import UNIT
from verify.reading.form import Problem
from verify.reading.read import At, read
from verify.reading.samples import Samples
from verify.reading.sources import own_features

Progress = Callable[[int, int], Any]
FEWEST, MOST = 8, 1024  # points of a batch


@dataclass(frozen=True)
class Part:
    """One form of point number i, which has ``parts`` of them."""

    i: int
    samples: Samples
    parts: int


def certify_many(
    problems: Iterable[Problem],
    points: Iterable[Any],
    *,
    tolerance: float = GAP_TOLERANCE,
    progress: Progress | None = None,
) -> list[Certificate]:
    """``certify(problem, point, tolerance=tolerance)`` of each pair, in order, faster for many small ones.

    Points of problems of one shape are evaluated together, and bounded together by the plain dual point, with
    allowances for the rounding of the sums as they are computed there. Points whose gap stays above the tolerance go to
    ``certify`` itself; so do free biases and large points, directly.

    problems   any iterable of problems; an empty one returns []
    points     as many points, each with .W, .H and optionally .b, .labels, as returned by ``ufm.solve_many``
    tolerance  largest relative gap called a global minimum
    progress   called with (done, total), the numbers of points; an exception that it raises ends the call

    Raises as ``certify``, with the position first, before any point is certified.
    """
    given, reached = _listed("problems", problems), _listed("points", points)
    if len(given) != len(reached):
        raise ValueError(f"points must be as many as problems, one each; got {len(reached)} for {len(given)}")
    tolerance = check_tolerance(tolerance)
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be a function of (done, total), or None, got {progress!r}")
    ats = [_read(i, *pair) for i, pair in enumerate(zip(given, reached, strict=True))]
    usual = [(i, at) for i, at in enumerate(ats) if not has_large_form(at)]
    parts = [Part(i, samples, len(at.samples)) for i, at in usual for samples in at.samples]
    closed = _closed(parts, tolerance)
    found = iter([(part, closed.get(number)) for number, part in enumerate(parts)])
    certificates: list[Certificate] = []
    for at in ats:
        if has_large_form(at):
            certificates.append(certify(at, tolerance=tolerance))
        else:
            own = tuple(
                known or _certify(part.samples.form, part.samples.point, tolerance, part.parts)
                for part, known in islice(found, len(at.samples))
            )
            certificates.append(_total(own, tolerance) if own_features(at.problem) else own[0])
        if progress is not None:
            progress(len(certificates), len(given))
    return certificates


def _closed(parts: Sequence[Part], tolerance: float) -> dict[int, Certificate]:
    """By their numbers the parts whose gap the plain bound closes, in batches."""
    groups: defaultdict[Key, list[int]] = defaultdict(list)
    for number, part in enumerate(parts):
        key = key_of(part.samples.form, part.samples.point)
        if key is not None:
            groups[key].append(number)
    found: dict[int, Certificate] = {}
    for numbers in groups.values():
        if len(numbers) < FEWEST:
            continue
        for first in range(0, len(numbers), MOST):
            some = numbers[first : first + MOST]
            own = [parts[number].samples for number in some]
            bounds = bounded(Stacked.of([part.form for part in own], [part.point for part in own]))
            found.update(_certificates([parts[number] for number in some], some, bounds, tolerance))
    return found


def _certificates(
    parts: Sequence[Part], numbers: Sequence[int], bounds: Bounded, tolerance: float
) -> dict[int, Certificate]:
    """By number, of those whose gap is closed; the sum of several parts' lower bounds, rounded, is still one."""
    columns = [getattr(bounds, name).tolist() for name in ("objective", "rounding", "lower", "sigma")]
    found = {}
    for part, number, objective, rounding, lower, sigma in zip(parts, numbers, *columns, strict=True):
        form, point = part.samples.form, part.samples.point
        if part.parts > 1:
            lower *= 1.0 - 4 * (part.parts - 1) * UNIT
        if not (0.0 < objective < inf and within(tolerance, objective, rounding, lower)):
            continue
        gap = objective - lower
        found[number] = Certificate(
            objective=objective,
            lower_bound=lower,
            gap=gap,
            relative_gap=gap / objective,
            spectral_ratio=sigma / form.tau,
            verdict=GLOBAL,
            tolerance=tolerance,
            dim=point.W.shape[1],
            sufficient_dim=form.sufficient_dim,
        )
    return found


def _read(i: int, problem: Problem, point: Any) -> At:
    """Reads pair number i; errors name its position."""
    try:
        return read(problem, point)
    except TypeError as error:
        raise TypeError(f"problems[{i}], points[{i}]: {error}") from error
    except ValueError as error:
        raise ValueError(f"problems[{i}], points[{i}]: {error}") from error


def _listed(name: str, values: Any) -> list[Any]:
    """The iterable as a list."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a list, or another iterable, got {type(values).__name__}")
    return list(values)
