"""Forms and points of one shape, stacked with the problem last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from verify.reading.form import Float, Form
from verify.reading.point import Point

LARGEST = 20_000  # multiplications of W H: beyond, a problem alone is as fast
Key = tuple[object, ...]


def key_of(form: Form, point: Point) -> Key | None:
    """What two forms with points share if they may be in one batch; None for what is for ``certify`` alone: several
    features per label, large arrays.
    """
    (R, d), m = point.W.shape, len(form.counts)
    if not point.collapsed or R * d * m > LARGEST:
        return None
    bias = form.lambda_b if not form.lambda_b else 1.0
    return (
        form.classes,
        form.losses,
        d,
        m,
        form.labels.shape[1],
        form.labelled is None,
        bias,
        form.named,
        form.roundings,
    )


@dataclass(frozen=True)
class Stacked:
    """B forms with a point each, of one key; R rows, m columns, d features, and the problem last in every array.

    wide     one form of all columns side by side, column l of problem p at number l B + p: what losses are given. What
             differs between problems, weights and λ's, is NaN there
    W (R, d, B)     H (d, m, B)     b (R, B)     targets (R, m, B)
    loss_weight, feature_weight (m, B)     task_weights (T, B)     lambda_H, lambda_W, lambda_b (B,), 0 without a bias
    free     whether biases are there and cost nothing
    """

    wide: Form
    W: Float
    H: Float
    b: Float
    loss_weight: Float
    feature_weight: Float
    task_weights: Float
    lambda_H: Float
    lambda_W: Float
    lambda_b: Float
    free: bool

    @classmethod
    def of(cls, forms: Sequence[Form], points: Sequence[Point]) -> Stacked:
        """Theirs, in order."""
        first = forms[0]

        def last(arrays: Sequence[np.ndarray]) -> Float:
            return np.ascontiguousarray(np.stack(arrays, axis=-1))

        def side_by_side(arrays: Sequence[np.ndarray]) -> np.ndarray:
            """(…, m) each, as (…, m B)."""
            stacked = last(arrays)
            return stacked.reshape(*stacked.shape[:-2], -1)

        a, w = last([form.loss_weight for form in forms]), last([form.feature_weight for form in forms])
        wide = Form(
            classes=first.classes,
            labels=side_by_side([form.labels.T for form in forms]).T,
            indicators=side_by_side([form.indicators for form in forms]),
            counts=side_by_side([form.counts for form in forms]),
            targets=side_by_side([form.targets for form in forms]),
            loss_weight=np.full(a.size, np.nan),
            feature_weight=np.full(a.size, np.nan),
            task_weights=np.full(len(first.classes), np.nan),
            lambda_H=np.nan,
            lambda_W=np.nan,
            lambda_b=np.nan,
            losses=first.losses,
            labelled=None
            if first.labelled is None
            else side_by_side([form.labelled for form in forms if form.labelled is not None]),
            roundings=first.roundings,
        )
        return cls(
            wide=wide,
            W=last([point.W for point in points]),
            H=last([point.H for point in points]),
            b=last([point.b for point in points]),
            loss_weight=a,
            feature_weight=w,
            task_weights=last([form.task_weights for form in forms]),
            lambda_H=np.array([form.lambda_H for form in forms]),
            lambda_W=np.array([form.lambda_W for form in forms]),
            lambda_b=np.array([form.lambda_b or 0.0 for form in forms]),
            free=first.lambda_b == 0.0,
        )

    @property
    def tau(self) -> Float:
        """(B,) τ = 2 √(λ_W λ_H)."""
        return np.asarray(2.0 * np.sqrt(self.lambda_W) * np.sqrt(self.lambda_H))

    @cached_property
    def rows_c(self) -> Float:
        """(R, B) c^t of the task that owns each row."""
        return np.repeat(self.task_weights, self.wide.classes, axis=0)

    def apart(self, columns: Float) -> Float:
        """(…, m, B) of what a loss gives for all columns side by side, (…, m B)."""
        return columns.reshape(*columns.shape[:-1], *self.loss_weight.shape)
