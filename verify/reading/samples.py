"""Averages over samples where a column of H stands for one sample or for many."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from verify.reading.form import Float, Form
from verify.reading.point import Point


@dataclass(frozen=True, eq=False)
class Samples:
    """A point of one form with the feature statistics that every metric needs.

    Compared by identity, so that computed results can be cached.
    """

    form: Form
    point: Point

    @cached_property
    def weight(self) -> Float:
        """(n,) n_l / m_l / N: the fraction of the samples that each column of H stands for."""
        return (self._fraction / self.point.share)[self.point.index]

    @property
    def means(self) -> Float:
        """(d, m) μ of each label; every column of a label counts alike."""
        return self.point.means

    @cached_property
    def centre(self) -> Float:
        """(d,) μ_G, the mean of all samples."""
        return np.asarray(self.means @ self._fraction)

    @cached_property
    def _fraction(self) -> Float:
        return np.asarray(self.form.counts / self.form.counts.sum())
