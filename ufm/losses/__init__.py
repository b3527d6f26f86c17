"""The losses, one file each, and their registry: adding a loss takes a new file and its name here, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ufm.losses.loss import Loss

    LOSSES: dict[str, type[Loss]]

LossName = Literal["cross-entropy", "binary-cross-entropy", "squared-error"]
DEFAULT: LossName = "cross-entropy"


def _losses() -> dict[str, type[Loss]]:
    from ufm.losses.binary_cross_entropy import BinaryCrossEntropy
    from ufm.losses.cross_entropy import CrossEntropy
    from ufm.losses.squared_error import SquaredError

    return {
        "cross-entropy": CrossEntropy,
        "binary-cross-entropy": BinaryCrossEntropy,
        "squared-error": SquaredError,
    }


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """``LOSSES``, built on first use: listing the names needs no PyTorch."""
        if name != "LOSSES":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = _losses()
        return globals()[name]
