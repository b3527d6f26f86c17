"""The derivations by name."""

from __future__ import annotations

import difflib
from functools import cache
from importlib import import_module

from theory.derivations.derivation import Derivation

_FILES = {
    "3.1": "theorem_3_1",
    "B.2": "theorem_b_2",
    "3.2": "theorem_3_2",
    "5.1": "theorem_5_1",
    "pairwise-uniform": "pairwise_uniform",
    "label-smoothing": "label_smoothing",
    "single-task": "single_task",
    "correlated-classes": "correlated_classes",
    "multi-label": "multi_label",
    "squared-error": "squared_error",
    "binary-cross-entropy": "binary_cross_entropy",
    "vanishing-regularization": "vanishing_regularization",
}
NAMES = tuple(_FILES)


def derive(name: str) -> Derivation:
    """Derives the theorem or law ``name``, one of ``NAMES``, from its objective and an ansatz.

    The result is cached. Raises ValueError naming the nearest name and all names.
    """
    if name not in _FILES:
        folded = {known.lower(): known for known in NAMES}
        near = difflib.get_close_matches(str(name).lower(), folded, n=1, cutoff=0.0)
        raise ValueError(f"no derivation {name!r}; did you mean {folded[near[0]]!r}? There are {', '.join(NAMES)}")
    return _derived(name)


@cache
def _derived(name: str) -> Derivation:
    module = import_module(f"theory.derivations.{_FILES[name]}")
    derivation: Derivation = module.derivation()
    return derivation
