"""A point beside its prediction, form by form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory import Prediction
from verify._metrics.property import Property
from verify._metrics.sum_of_heads import summed_heads
from verify._metrics.tables import NO_CLASSES
from verify.certification.certificate import Certificate
from verify.comparison.checks.row import geometry_tolerance, vanishing_tolerance
from verify.losses.rounding import EPS
from verify.reading.form import Float, Form, Problem
from verify.reading.point import Point
from verify.reading.read import At
from verify.reading.samples import Samples

OF_CLASSES = {"SNC2", "SNC4", "SNC5"}  # properties that soft and real targets cannot have


@dataclass(frozen=True)
class Part:
    """One form: Problem (3), or one task of Problem (4).

    first     number of its first task, counted from 1 as the paper does
    gram      (R, R) predicted W Wᵀ;      cosines  (R, R) predicted, NaN where a head is zero
    logits    (R, m) predicted W H;       feature_weights  (T, m) g of h_l = Σ_t g[t, l] w_{k_t}^t, or None
    """

    samples: Samples
    first: int
    gram: Float
    cosines: Float
    logits: Float
    feature_weights: Float | None
    biases: Float

    @property
    def form(self) -> Form:
        """The problem's columns."""
        return self.samples.form

    @property
    def point(self) -> Point:
        """The variables."""
        return self.samples.point

    @cached_property
    def live_tasks(self) -> list[int]:
        """Tasks of the form whose predicted head is not zero to the tolerance."""
        return [t for t, rows in enumerate(self.form.blocks) if self.live_rows[rows].any()]

    @cached_property
    def live_rows(self) -> NDArray[np.bool_]:
        """(R,) rows of the predicted heads that are not zero to the tolerance."""
        return np.diagonal(self.gram) > 0

    @cached_property
    def logit_size(self) -> float:
        """What logits and biases are relative to: the largest predicted logit, at least 1 or the largest real target.

        A label's logits are of the size of 1 where the losses of classes bend; the size of real targets is the data's.
        """
        unit = 0.0 if self.form.named else float(np.abs(self.form.targets).max())
        return max(unit or 1.0, float(np.abs(self.logits).max()))

    @cached_property
    def live_columns(self) -> NDArray[np.bool_]:
        """(m,) labels whose predicted feature is not zero to the tolerance, as that of all labels at once is where
        heads sum to zero: its logits are what rounding leaves of the others'.
        """
        size = np.abs(self.logits[self.live_rows]).max(axis=0, initial=0.0)
        return np.asarray(size > len(self.logits) * EPS * size.max(initial=0.0))

    @cached_property
    def sums(self) -> Float:
        """(d, m) Σ_t g[t, l] w_{k_t}^t with the measured heads, of a theorem that has feature weights."""
        if self.feature_weights is None:
            raise ValueError("the theorem's features are no weighted sums of heads")
        return summed_heads(self.form, self.point.W, self.feature_weights)


@dataclass(frozen=True)
class Measurement:
    """A certified point with its prediction, part by part, and the tolerances."""

    problem: Problem
    parts: tuple[Part, ...]
    prediction: Prediction
    certificate: Certificate
    tolerance: float

    @property
    def geometry(self) -> float:
        """Tolerance of lengths and angles."""
        return geometry_tolerance(self.tolerance)

    @property
    def vanishing(self) -> float:
        """Tolerance of what the theorem says is zero."""
        return vanishing_tolerance(self.tolerance)

    @property
    def beside_zero(self) -> float:
        """Tolerance of features where part of the minimizer is zero.

        What is left of that part, of relative size η², raises F by x η² + η⁴ at λ_Hλ_W = (1 + x) × threshold, and turns
        features by η.
        """
        past = [row.product / row.value - 1.0 for row in self.prediction.thresholds if not row.below and row.value > 0]
        return max(self.geometry, math.sqrt(self.tolerance / max(min(past, default=math.inf), self.geometry)))

    def claims(self, told: Property) -> bool:
        """Whether the theorem claims the property here."""
        return bool(set(told.codes) & set(self.prediction.properties))

    def unclaimed(self, told: Property) -> str:
        """The reason why the theorem does not claim the property here."""
        if self.problem.source in NO_CLASSES and OF_CLASSES & set(told.codes):
            return NO_CLASSES[self.problem.source]
        return "not a property of this regime"

    def source(self, told: Property | None = None) -> str:
        """ "Theorem 3.1 (3)", and whether the prediction goes beyond the theorem; other laws do not number."""
        name = self.prediction.theorem
        if told is not None and name.startswith("Theorem"):
            name += f" ({told.number(multi_source=self.prediction.multi_source)})"
        return qualified(name, self.prediction)

    @property
    def citation(self) -> str:
        """Theorem and equation of the closed form."""
        return qualified(self.prediction.citation, self.prediction)


def qualified(name: str, prediction: Prediction) -> str:
    """A source, marked if the prediction goes beyond it."""
    if prediction.within_theorem:
        return name
    return f"{name}, past its threshold" if prediction.past_threshold else f"{name}, beyond the paper"


def measure(at: At, prediction: Prediction, certificate: Certificate, tolerance: float) -> Measurement:
    """Splits a prediction, whose fields stack all tasks, into the forms of the problem."""
    logits = _listed(prediction.logits)
    weights = [None] * len(logits) if prediction.feature_weights is None else _listed(prediction.feature_weights)
    gram, cosines, biases = prediction.gram_W, prediction.cosines, np.concatenate(prediction.b)
    parts = []
    row, first = 0, 1
    for sample, z, g in zip(at.samples, logits, weights, strict=True):
        rows = slice(row, row + sum(sample.form.classes))
        part = Part(sample, first, gram[rows, rows], cosines[rows, rows], z, g, biases[rows])
        parts.append(_without_unmeasurable(part, certificate.objective, geometry_tolerance(tolerance)))
        row, first = rows.stop, first + len(sample.form.classes)
    return Measurement(at.problem, tuple(parts), prediction, certificate, tolerance)


def _without_unmeasurable(part: Part, objective: float, smallest: float) -> Part:
    """The part with heads and rows set to zero that are too small to measure, as within the tolerance they are.

    A head whose penalties are a share r of F lowers F by about r² F against a zero head: where r² is below the
    objective's tolerance, so just below a threshold, no point within it need have the head's direction; likewise a row
    below the K-th part of that share.
    """
    form = part.form
    gram, cosines = part.gram.copy(), part.cosines.copy()
    penalties = 2.0 * form.lambda_W * form.rows_c * np.diagonal(gram)
    for rows in form.blocks:
        if penalties[rows].sum() >= smallest * objective > 0:
            rows = rows.start + np.flatnonzero(len(gram[rows]) * penalties[rows] < smallest * objective)
        gram[rows], gram[:, rows] = 0.0, 0.0
        cosines[rows], cosines[:, rows] = np.nan, np.nan
    return replace(part, gram=gram, cosines=cosines)


def _listed(value: Any) -> list[Float]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
