"""Averages over samples where a column of H stands for one sample or for many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from verify.reading.form import Float, Form
from verify.reading.label_sums import label_means
from verify.reading.point import Point


@dataclass(frozen=True)
class Samples:
    """A point's features with the statistics every metric needs.

    weight  (n,)    n_l / m_l / N: the fraction of the samples column i stands for
    means   (d, m)  μ of each label
    centre  (d,)    μ_G, the mean of all samples
    """

    form: Form
    point: Point
    weight: Float
    means: Float
    centre: Float


def samples_of(form: Form, point: Point) -> Samples:
    """Label means (every column of a label counts alike) and the sample mean, weighted by the label counts."""
    fraction = form.counts / form.counts.sum()
    means = label_means(point.H, point.index, point.share)
    return Samples(form, point, (fraction / point.share)[point.index], means, means @ np.asarray(fraction))
