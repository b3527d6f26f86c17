"""Flags for losses and the bias, shared by all commands that state a problem."""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, Literal, cast, get_args

from ufm.losses import DEFAULT, LossName
from ufm.support.nearest_name import require_name
from verify.cli.flags import Told

NAMES: tuple[str, ...] = get_args(LossName)
# strings, not a choice: commands say by themselves which is nearest
Losses = Annotated[tuple[str, ...], Told(shown="LOSS …", choices=NAMES, help=(
    f"Loss of all tasks, or one for each: {', '.join(NAMES)}. Default: {DEFAULT}."
))]  # fmt: skip
BiasPenalty = float | Literal["none"]


def loss_setting(losses: tuple[str, ...]) -> dict[str, Any]:
    """``loss=`` from --loss: one name for all tasks, or one each; nothing if the flag is left out."""
    names = tuple(map(require_loss, losses))
    return {"loss": names[0] if len(names) == 1 else names} if names else {}


def require_loss(name: str) -> LossName:
    """Returns the name of a registered loss; raises ValueError naming the nearest."""
    from ufm.losses import LOSSES  # PyTorch: help pages make do with the names

    return cast(LossName, require_name("--loss", name, tuple(LOSSES)))


def bias_setting(lambda_b: BiasPenalty) -> float | None:
    """``lambda_b=`` from --lambda-b; raises ValueError with the valid values."""
    if lambda_b != "none" and not 0.0 <= lambda_b < inf:
        raise ValueError(
            f"--lambda-b must be finite and ≥ 0, or none, got {lambda_b:g}; 0 leaves the bias free, none means no bias"
        )
    return None if lambda_b == "none" else float(lambda_b)
