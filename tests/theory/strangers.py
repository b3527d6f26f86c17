"""Objects that have a problem's public fields and are of no class of this project."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from theory.reading import FIELDS


def fields(problem: Any, **changes: Any) -> SimpleNamespace:
    """A stranger with a problem's public fields."""
    names = ("source", *FIELDS, "loss", *(["targets"] if hasattr(problem, "targets") else []))
    return SimpleNamespace(**{name: getattr(problem, name) for name in names} | changes)
