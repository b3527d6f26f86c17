"""The number formats shared by all tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

MISSING = "–"


def value(number: float) -> str:
    """A measured or predicted number with ten digits; a dash for NaN."""
    return MISSING if math.isnan(number) else f"{number:.10g}"


def objective(number: float) -> str:
    """F, with as many digits as the certificate supports."""
    return f"{number:.12g}"


def small(number: float) -> str:
    """A gap, a deviation or a tolerance: its order of magnitude matters."""
    if number == 0:
        return "0"
    return MISSING if math.isnan(number) else f"{number:.1e}"


def metric(number: float) -> str:
    """A collapse metric, four digits."""
    if number == 0:
        return "0"
    return MISSING if math.isnan(number) else f"{number:.3e}"


def count(number: int) -> str:
    """A whole number with separators."""
    return f"{number:,}"


def seconds(number: float) -> str:
    """Hundredths below a minute."""
    return f"{number:.2f}" if number < 60 else f"{number:.0f}"


def class_numbers(classes: Sequence[int]) -> str:
    """K_1, …, K_T; many equal ones as "5 (20 tasks)"."""
    if len(classes) > 4 and len(set(classes)) == 1:
        return f"{classes[0]} ({len(classes)} tasks)"
    return listed(tuple(map(str, classes)))


def per_task(names: Sequence[str]) -> str:
    """One name per task, or a single one if all tasks share it."""
    return names[0] if len(set(names)) == 1 else listed(names)


def listed(names: Sequence[str]) -> str:
    """The first eight."""
    return ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
