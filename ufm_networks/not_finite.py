"""The error for values that are no longer finite."""

from __future__ import annotations


class NotFiniteError(ValueError):
    """A feature, loss, gradient or parameter is infinite or not a number: training has diverged."""
