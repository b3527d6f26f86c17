"""One checked statement, and the common tolerances."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ufm.support.strict_json import finite_or_none

PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"

# Relative, of F: what "the same objective" means.
OBJECTIVE_TOLERANCE = 1e-9


def geometry_tolerance(objective_tolerance: float) -> float:
    """√ of the objective's: F is quadratic in the geometry about a minimum."""
    return math.sqrt(objective_tolerance)


def vanishing_tolerance(objective_tolerance: float) -> float:
    """Fourth root of the objective's: exactly at its threshold a head that is zero raises F by its fourth power."""
    return math.sqrt(math.sqrt(objective_tolerance))


@dataclass(frozen=True)
class Row:
    """A property compared with its expected value.

    check      the check in words
    measured   the measured number; NaN if there is nothing to measure
    expected   its value by the theorem; 0 for a deviation
    tolerance  largest |measured − expected| that passes, or measured − expected if the check says "at most"
    verdict    "passed", "failed", or "not applicable": a hypothesis does not hold, or nothing could fail
    source     theorem and property
    note       the reason why a row is not applicable
    """

    check: str
    measured: float
    expected: float
    tolerance: float
    verdict: str
    source: str
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """True or False; None if the row is not applicable."""
        return None if self.verdict == NOT_APPLICABLE else self.verdict == PASSED

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; None if nothing was measured."""
        return {
            "check": self.check,
            "measured": finite_or_none(self.measured),
            "expected": finite_or_none(self.expected),
            "tolerance": self.tolerance,
            "verdict": self.verdict,
            "passed": self.passed,
            "source": self.source,
            "note": self.note,
        }


def judged(
    check: str, measured: float, tolerance: float, source: str, *, expected: float = 0.0, one_sided: bool = False
) -> Row:
    """Passed within the tolerance (one-sided: for a check that says "at most"); failed beyond it, and at NaN."""
    deviation = measured - expected if one_sided else abs(measured - expected)
    verdict = PASSED if deviation <= tolerance else FAILED
    return Row(check, float(measured), expected, tolerance, verdict, source)


def share(part: float, objective: float) -> float:
    """A part of F relative to F. If F is 0, as for constant targets with a free bias, it is 0 or ∞."""
    if objective > 0:
        return part / objective
    return math.inf if part > 0 else 0.0


def worst(values: Iterable[float]) -> float:
    """The largest, or NaN if any is: the built-in max drops a NaN that is not first, and with it a failure."""
    return float(np.max(list(values)))


def not_applicable(
    check: str, tolerance: float, source: str, note: str, *, measured: float = math.nan, expected: float = 0.0
) -> Row:
    """A row that neither passes nor fails, with the reason."""
    return Row(check, float(measured), expected, tolerance, NOT_APPLICABLE, source, note)
