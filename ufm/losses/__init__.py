"""The losses, a file each, and this registry: a loss that is added is a new file, its name here, and nothing else."""

from __future__ import annotations

from typing import Literal

from ufm.losses.binary_cross_entropy import BinaryCrossEntropy
from ufm.losses.cross_entropy import CrossEntropy
from ufm.losses.loss import Loss
from ufm.losses.squared_error import SquaredError

LossName = Literal["cross-entropy", "binary-cross-entropy", "squared-error"]
LOSSES: dict[str, type[Loss]] = {
    "cross-entropy": CrossEntropy,
    "binary-cross-entropy": BinaryCrossEntropy,
    "squared-error": SquaredError,
}
DEFAULT: LossName = "cross-entropy"
