"""Flags that name losses and the bias, of every command that states a problem."""

from __future__ import annotations

from math import inf
from typing import Annotated, Any, Literal, cast

import tyro

from ufm.losses import LOSSES, LossName
from ufm.support.nearest_name import require_name

# strings, not a choice of tyro's: an error then names the nearest
Losses = Annotated[tuple[str, ...], tyro.conf.arg(metavar=f"{{{','.join(LOSSES)}}} [...]")]
BiasPenalty = float | Literal["none"]


def loss_setting(losses: tuple[str, ...]) -> dict[str, Any]:
    """``loss=`` of --loss: one name for all tasks, or one each; nothing where the flag is left out."""
    names = tuple(map(require_loss, losses))
    return {"loss": names[0] if len(names) == 1 else names} if names else {}


def require_loss(name: str) -> LossName:
    """A name of ``LOSSES``; ValueError says which is nearest."""
    return cast(LossName, require_name("--loss", name, LOSSES))


def bias_setting(lambda_b: BiasPenalty) -> float | None:
    """``lambda_b=`` of --lambda-b; ValueError says what it may be."""
    if lambda_b != "none" and not 0.0 <= lambda_b < inf:
        raise ValueError(
            f"--lambda-b must be finite and ≥ 0, or none, got {lambda_b:g}; 0 leaves the bias free, none has none"
        )
    return None if lambda_b == "none" else float(lambda_b)
