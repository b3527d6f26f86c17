"""Whether biases are zero."""

from __future__ import annotations

import numpy as np

from verify._metrics.property import Property
from verify.reading.form import Float


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
