"""Checks of the weighting options in [train]."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ufm.support.nearest_name import require_name
from ufm.weighting import WEIGHTINGS, check_options

GRADIENTS = "gradients"
"""The option that selects what gradients are taken with respect to, for weightings that read them."""
SHARED = ("parameters", "features")


def check_weighting(name: str, options: Mapping[str, Any]) -> None:
    """Raises ValueError for an option that is not known, before any work."""
    taken = {option: value for option, value in options.items() if option != "task_weights"}
    if WEIGHTINGS[name].gradients:
        require_name("train.weighting_options.gradients", taken.pop(GRADIENTS, SHARED[0]), SHARED)
    check_options(name, taken)
