"""Points near others."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np


def mapped(solution, function):
    """The point with a function applied to every array of W, b and H."""

    def each(value):
        return [each(v) for v in value] if isinstance(value, list) else function(np.asarray(value))

    return SimpleNamespace(W=each(solution.W), b=each(solution.b), H=each(solution.H), labels=solution.labels)


def perturbed(solution, size, seed=0):
    """Relative Gaussian noise on every entry."""
    rng = np.random.default_rng(seed)
    return mapped(solution, lambda x: x * (1 + size * rng.standard_normal(x.shape)))
