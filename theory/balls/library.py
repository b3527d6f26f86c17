"""python-flint, imported only when balls are needed."""

from __future__ import annotations

import importlib
from typing import Any


def flint() -> Any:
    """The module flint; ModuleNotFoundError says how to install it."""
    try:
        return importlib.import_module("flint")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "closed forms in ball arithmetic need python-flint: pip install 'ufm-toolkit[rigorous]'", name=error.name
        ) from error
