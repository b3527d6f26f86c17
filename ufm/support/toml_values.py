"""Configuration values as TOML, and a checkpoint read with ``weights_only``, can express them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
from torch import Tensor


def plain(value: Any) -> Any:
    """Numbers of NumPy and PyTorch as Python's, arrays and tuples as lists, paths and keys as strings."""
    if isinstance(value, (np.ndarray, np.generic, Tensor)):
        return value.tolist()
    if isinstance(value, Mapping):
        return {_key(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return str(value) if isinstance(value, PurePath) else value


def _key(key: Any) -> str:
    """A label set (0, 2) as "0,2", and (0,) as "0,", the form used in files."""
    if not isinstance(key, tuple):
        return str(key)
    return ",".join(map(str, key)) + ("," if len(key) == 1 else "")
