"""Whether biases are what a minimum has: zero, or what a theorem says."""

from __future__ import annotations

import numpy as np

from verify._metrics.property import Property
from verify.reading.form import Float, Form


def _deviations(b: Float, logit: float) -> Float:
    """(R,) |b| relative to a logit."""
    return np.abs(b) / logit


ZERO_BIAS = Property(
    name="biases are zero",
    statement="every bias is zero",
    source="Theorems 3.1, 3.2 and 5.1 (proofs)",
    codes=(),
    deviations=_deviations,
)


def determined(form: Form, b: Float) -> Float:
    """(R,) what the objective determines of biases or of their differences.

    A free bias (λ_b = 0) of a task whose loss does not see a common shift of its logits is determined up to a constant,
    here of mean zero; every other bias as it is.
    """
    if form.lambda_b != 0:
        return b
    means = [np.full(rows.stop - rows.start, b[rows].mean()) for rows in form.blocks]
    return np.asarray(np.where(form.shift_blind_rows, b - np.concatenate(means), b))
