"""[train]: how a run is trained."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import attrs
import torch

from ufm.support import validation
from ufm.support.tables import checked, not_negative, one_of, or_none, plain_table, positive, read_table, switch, whole
from ufm.weighting import WEIGHTINGS
from ufm_networks.training.losses import Loss, loss_name
from ufm_networks.training.weighting_options import check_weighting

USUAL_WEIGHT_DECAY = 5e-4  # Section 4
Auto = bool | Literal["auto"]


@attrs.frozen
class FeatureDecay:
    """λ_H on features, λ_W and λ_b on heads (0 leaves biases free), in the sum convention of ``ufm``.

    Nothing on the backbone.
    """

    TABLE: ClassVar[str] = "train.feature_decay"

    lambda_H: float = checked(positive)
    lambda_W: float = checked(positive)
    lambda_b: float = checked(not_negative)


def _momentum(name: str, value: Any) -> float:
    if (number := not_negative(name, value)) >= 1:
        raise ValueError(f"{name} must lie in [0, 1), got {value!r}; 0.9 is usual")
    return number


def _task_weights(name: str, value: Any) -> tuple[float, ...]:
    if not validation.is_list(value):
        raise TypeError(f"{name} must be a list of numbers, one per task, got {value!r}")
    return tuple(validation.task_weights(value, len(value)).tolist())


@attrs.frozen
class TrainConfig:
    """SGD with momentum and a cosine schedule; the defaults are the paper's (Section 4)."""

    TABLE: ClassVar[str] = "train"

    epochs: int = checked(whole(1), 500)
    batch_size: int = checked(whole(2), 128)
    learning_rate: float = checked(lambda name, value: validation.positive(name, value, 0.1), 0.1)
    final_learning_rate: float = checked(not_negative, 1e-3)
    momentum: float = checked(_momentum, 0.9)
    weight_decay: float | None = checked(or_none(not_negative), None)
    feature_decay: FeatureDecay | None = checked(or_none(lambda _, value: read_table(FeatureDecay, value)), None)
    loss: Loss = checked(loss_name(), "cross-entropy")
    weighting: str = checked(one_of(WEIGHTINGS), "uniform")
    weighting_options: dict[str, Any] = checked(plain_table, attrs.Factory(dict))
    task_weights: tuple[float, ...] | None = checked(or_none(_task_weights), None)
    seed: int = checked(whole(0), 0)
    device: str = checked(lambda _, value: str(value) if isinstance(value, torch.device) else value, "auto")
    amp: Auto = checked(switch("auto"), "auto")
    compile: Auto = checked(switch("auto"), "auto")
    channels_last: Auto = checked(switch("auto"), "auto")
    metrics_every: int = checked(whole(1), 1)
    latent_metrics: bool = checked(switch(), False)
    checkpoint_every: int = checked(whole(1), 1)

    def __attrs_post_init__(self) -> None:
        if self.final_learning_rate > self.learning_rate:
            raise ValueError(
                f"train.final_learning_rate={self.final_learning_rate!r} must be at most "
                f"learning_rate={self.learning_rate!r}"
            )
        if self.weight_decay is not None and self.feature_decay is not None:
            raise ValueError(
                f"train.weight_decay={self.weight_decay!r} and feature_decay are both given: with feature_decay "
                "nothing else is decayed; give one"
            )
        if self.weight_decay is None and self.feature_decay is None:
            object.__setattr__(self, "weight_decay", USUAL_WEIGHT_DECAY)
        check_weighting(self.weighting, self.weighting_options)
        if (self.weighting == "fixed") != (self.task_weights is not None):
            raise ValueError(
                f"train.task_weights={self.task_weights!r} and weighting={self.weighting!r}: weighting='fixed' needs "
                "task_weights, one per task, and no other weighting takes them"
            )
        if self.compile is True and WEIGHTINGS[self.weighting].gradients:
            raise ValueError(
                f"train.compile=true with weighting={self.weighting!r}: a compiled graph is differentiated once, and "
                "this weighting differentiates task by task; leave compile at 'auto'"
            )

    def channels_last_on(self, device: torch.device) -> bool:
        """Whether images and weights are stored channels last, as on a GPU.

        On a CPU PyTorch 2.13 crashes that way when several threads train a narrow network.
        """
        if self.channels_last is True and device.type == "cpu":
            raise ValueError("channels_last=true needs a GPU, this run is on cpu; leave it at 'auto'")
        return device.type != "cpu" and self.channels_last is not False
