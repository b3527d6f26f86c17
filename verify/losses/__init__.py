"""The losses of verification, one file each, written independently of the solvers' losses.

A new loss is a new file, and its name here.
"""

from __future__ import annotations

from verify.losses.binary_cross_entropy import BinaryCrossEntropy
from verify.losses.cross_entropy import CrossEntropy
from verify.losses.loss import Loss
from verify.losses.squared_error import SquaredError

LOSSES: dict[str, type[Loss]] = {
    "cross-entropy": CrossEntropy,
    "binary-cross-entropy": BinaryCrossEntropy,
    "squared-error": SquaredError,
}

__all__ = ["LOSSES", "Loss"]
