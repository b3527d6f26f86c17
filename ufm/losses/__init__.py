"""The losses, a file each, and this registry: a loss that is added is a new file, its name here, and nothing else."""

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
        """``LOSSES``, made once, when first asked for: a list of their names needs no PyTorch."""
        if name != "LOSSES":
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = _losses()
        return globals()[name]
