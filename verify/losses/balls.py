"""Balls: numbers with a centre and a radius that bounds all rounding so far (python-flint's ``arb``).

A comparison is True only if it holds for all points of both balls, so ``not x <= y`` does not mean x > y.
"""

from __future__ import annotations

import importlib
from typing import Any

Ball = Any  # flint.arb


def flint() -> Any:
    """The module flint; ModuleNotFoundError says how to install it."""
    try:
        return importlib.import_module("flint")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "rigorous bounds need python-flint: pip install 'ufm-toolkit[rigorous]'", name=error.name
        ) from error
