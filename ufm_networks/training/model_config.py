"""[model]: the backbone and the heads of a run."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs

from ufm.support import validation
from ufm.support.tables import checked, one_of, or_none, switch, whole
from ufm_networks.backbones import BACKBONES
from ufm_networks.backbones.stem import STEMS, Stem
from ufm_networks.multi_task_network import HEADS, Heads


def _dimension(name: str, value: Any) -> int | str:
    if isinstance(value, str) and value != "classes":
        raise ValueError(f"{name}={value!r} must be an integer ≥ 1, or 'classes' for Σ K_t")
    return value if isinstance(value, str) else validation.whole_number(name, value, 1)


@attrs.frozen
class ModelConfig:
    """As ``ufm_networks.backbones.backbone`` and ``ufm_networks.MultiTaskNetwork``.

    feature_dim may also be "classes": Σ K_t, at which Table 3 fixes heads.
    """

    TABLE: ClassVar[str] = "model"

    backbone: str = checked(one_of(BACKBONES), "resnet18")
    width: int = checked(whole(1), 64)
    feature_dim: int | str | None = checked(or_none(_dimension), None)
    final_relu: bool = checked(switch(), True)
    stem: Stem = checked(one_of(STEMS), "auto")
    batch_norm: bool | None = checked(or_none(switch()), None)
    heads: Heads = checked(one_of(HEADS), "learned")
    bias: bool | None = checked(or_none(switch()), None)

    def __attrs_post_init__(self) -> None:
        if self.heads == "orthogonal_etf" and self.bias:
            raise ValueError("model.bias=true with heads='orthogonal_etf': frozen heads have no bias; leave bias out")
        if self.batch_norm is not None and not self.backbone.startswith("vgg"):
            raise ValueError(
                f"model.batch_norm={str(self.batch_norm).lower()} is for VGG only; backbone={self.backbone!r} always "
                "has it: leave it out"
            )
