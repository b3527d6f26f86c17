"""JSON as the standard defines it: NaN and infinity become null, or names from which a reader can restore them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import Enum
from typing import Any

import numpy as np


def plain(value: Any, *, named: bool = False) -> Any:
    """Converts to numbers, strings, lists and dicts; NaN and infinity become None, or {"float": "nan"} if ``named``."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name), named=named) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):  # its kind would not be read back
        return plain(value.value, named=named)
    if isinstance(value, Mapping):
        return {str(name): plain(part, named=named) for name, part in value.items()}
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist(), named=named)
    if isinstance(value, (list, tuple)):
        return [plain(part, named=named) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)} if named else None
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def finite_or_none(value: float) -> float | None:
    """The number, or None if there is none."""
    return float(value) if math.isfinite(value) else None


def restored(value: Any) -> Any:
    """Inverts ``plain(value, named=True)``, except that tuples become lists."""
    if isinstance(value, dict):
        if value.keys() == {"float"} and isinstance(value["float"], str):
            return float(value["float"])
        return {name: restored(part) for name, part in value.items()}
    return [restored(part) for part in value] if isinstance(value, list) else value


def as_json(value: Any, *, named: bool = False) -> str:
    """The value as the text of a JSON file."""
    return json.dumps(plain(value, named=named), allow_nan=False, ensure_ascii=False, indent=1) + "\n"
