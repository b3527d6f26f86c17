"""The configuration of a run: the tables [data], [model] and [train] of a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch

from ufm.support import validation
from ufm.support.nearest_name import require_name, unknown_name
from ufm.support.regular_file import require_regular
from ufm_networks.backbones import BACKBONES
from ufm_networks.backbones.stem import STEMS
from ufm_networks.multi_task_network import HEADS
from ufm_networks.training.bounded_toml import LENGTH, parse_toml
from ufm_networks.training.config_checks import check_model, check_together, check_train
from ufm_networks.training.losses import LOSSES
from ufm_networks.training.plain import plain
from ufm_networks.training.weightings import check_weighting

USUAL_WEIGHT_DECAY = 5e-4  # Section 4


@dataclass(frozen=True)
class FeatureDecay:
    """λ_H on features, λ_W and λ_b on heads, in the sum convention of ``ufm``; nothing on the backbone."""

    lambda_H: float
    lambda_W: float
    lambda_b: float

    def __post_init__(self) -> None:
        for name in ("lambda_H", "lambda_W", "lambda_b"):
            object.__setattr__(self, name, validation.positive(f"feature_decay.{name}", getattr(self, name)))


@dataclass(frozen=True)
class ModelConfig:
    """[model]: as ``ufm_networks.backbones.backbone`` and ``ufm_networks.MultiTaskNetwork``.

    feature_dim may also be "classes": Σ K_t, at which Table 3 fixes heads.
    """

    backbone: str = "resnet18"
    width: int = 64
    feature_dim: int | str | None = None
    final_relu: bool = True
    stem: str = "auto"
    batch_norm: bool | None = None
    heads: str = "learned"
    bias: bool | None = None

    def __post_init__(self) -> None:
        require_name("backbone", self.backbone, BACKBONES)
        require_name("stem", self.stem, STEMS)
        require_name("heads", self.heads, HEADS)
        object.__setattr__(self, "width", validation.whole_number("width", self.width, 1))
        if isinstance(self.feature_dim, str):
            if self.feature_dim != "classes":
                raise ValueError(f"feature_dim={self.feature_dim!r} must be an integer ≥ 1, or 'classes' for Σ K_t")
        elif self.feature_dim is not None:
            object.__setattr__(self, "feature_dim", validation.whole_number("feature_dim", self.feature_dim, 1))
        for name in ("final_relu", "batch_norm", "bias"):
            _switch(name, getattr(self, name), None if name != "final_relu" else False)
        check_model(self)


@dataclass(frozen=True)
class TrainConfig:
    """[train]: SGD with momentum on a cosine schedule; the defaults are the paper's (Section 4)."""

    epochs: int = 500
    batch_size: int = 128
    learning_rate: float = 0.1
    final_learning_rate: float = 1e-3
    momentum: float = 0.9
    weight_decay: float | None = None
    feature_decay: FeatureDecay | None = None
    loss: str = "cross_entropy"
    weighting: str = "uniform"
    weighting_options: dict[str, Any] = field(default_factory=dict)
    task_weights: tuple[float, ...] | None = None
    seed: int = 0
    device: str = "auto"
    amp: bool | str = "auto"
    compile: bool | str = "auto"
    channels_last: bool | str = "auto"
    metrics_every: int = 1
    latent_metrics: bool = False
    checkpoint_every: int = 1

    def __post_init__(self) -> None:
        for name, least in (
            ("epochs", 1),
            ("batch_size", 2),
            ("seed", 0),
            ("metrics_every", 1),
            ("checkpoint_every", 1),
        ):
            object.__setattr__(self, name, validation.whole_number(name, getattr(self, name), least, 2**63 - 1))
        object.__setattr__(self, "learning_rate", validation.positive("learning_rate", self.learning_rate, 0.1))
        for name in ("final_learning_rate", "momentum"):
            object.__setattr__(self, name, _not_negative(name, getattr(self, name)))
        if self.final_learning_rate > self.learning_rate:
            raise ValueError(
                f"final_learning_rate={self.final_learning_rate!r} must be at most learning_rate={self.learning_rate!r}"
            )
        if self.momentum >= 1:
            raise ValueError(f"momentum must lie in [0, 1), got {self.momentum!r}; 0.9 is usual")
        self._check_decay()
        require_name("loss", self.loss, LOSSES)
        check_weighting(self.weighting, self.weighting_options)
        object.__setattr__(self, "weighting_options", plain(self.weighting_options))
        if self.task_weights is not None:
            if not validation.is_list(self.task_weights):
                raise TypeError(f"task_weights must be a list of numbers, one per task, got {self.task_weights!r}")
            weights = validation.task_weights(self.task_weights, len(self.task_weights))
            object.__setattr__(self, "task_weights", tuple(weights.tolist()))
        for name in ("amp", "compile", "channels_last"):
            _switch(name, getattr(self, name), "auto")
        _switch("latent_metrics", self.latent_metrics, False)
        check_train(self)

    def channels_last_on(self, device: torch.device) -> bool:
        """Whether images and weights lie channels last: on a GPU. PyTorch 2.13 crashes on a CPU that way, when narrow
        networks are trained by several threads."""
        if self.channels_last is True and device.type == "cpu":
            raise ValueError("channels_last=true needs a GPU, this run is on cpu; leave it at 'auto'")
        return device.type != "cpu" and self.channels_last is not False

    def _check_decay(self) -> None:
        if self.weight_decay is not None and self.feature_decay is not None:
            raise ValueError(
                f"weight_decay={self.weight_decay!r} and feature_decay are both given: with feature_decay nothing else "
                "is decayed; give one"
            )
        decay: Any = self.feature_decay
        if decay is not None and not isinstance(decay, FeatureDecay):
            if not isinstance(decay, Mapping):
                raise TypeError(f"feature_decay must be a table of lambda_H, lambda_W and lambda_b, got {decay!r}")
            object.__setattr__(self, "feature_decay", _table(FeatureDecay, "train.feature_decay", decay))
        if self.feature_decay is None and self.weight_decay is None:
            object.__setattr__(self, "weight_decay", USUAL_WEIGHT_DECAY)
        if self.weight_decay is not None:
            object.__setattr__(self, "weight_decay", _not_negative("weight_decay", self.weight_decay))


@dataclass(frozen=True)
class Config:
    """A run. ``data`` is the [data] table as ``ufm_networks.datasets`` reads it; arrays in it become lists."""

    data: dict[str, Any] = field(default_factory=dict)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def __post_init__(self) -> None:
        object.__setattr__(self, "data", plain(self.data))
        check_together(self)

    def tables(self) -> dict[str, dict[str, Any]]:
        """The tables of a TOML file that reads back as this; what is None is left out."""
        return {
            name: {key: value for key, value in asdict(self)[name].items() if value is not None and value != {}}
            for name in ("data", "model", "train")
        }

    def replaced(self, **train: Any) -> Config:
        """With other values in [train]."""
        return replace(self, train=replace(self.train, **train))


def read_config(source: str | Path | Mapping[str, Any] | Config) -> Config:
    """A configuration from a TOML file, from its tables as a dict, or as it is.

    Raises ValueError or TypeError for a key that is not known, naming the nearest that is, or a value out of range.
    """
    if isinstance(source, Config):
        return source
    tables = source if isinstance(source, Mapping) else read_toml(Path(source))
    for name, value in tables.items():
        if name not in ("data", "model", "train"):
            raise unknown_name("table", name, ("data", "model", "train"))
        if not isinstance(value, Mapping):
            raise TypeError(f"[{name}] must be a table of keys and values, got {value!r}")
    return Config(
        data=dict(tables.get("data", {})),
        model=_table(ModelConfig, "model", tables.get("model", {})),
        train=_table(TrainConfig, "train", tables.get("train", {})),
    )


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; ValueError or FileNotFoundError naming it."""
    require_regular("config", path)
    try:
        if path.stat().st_size > 4 * LENGTH:
            raise ValueError(f"{path.stat().st_size:,} bytes; a configuration has at most {LENGTH:,} characters")
        return parse_toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"config={str(path)!r} is not a TOML file: {error}") from None


def _table(kind: Any, name: str, values: Mapping[str, Any]) -> Any:
    """A dataclass from a table; lists become tuples."""
    known = [part.name for part in fields(kind)]
    for key in values:
        if key not in known:
            raise unknown_name(f"key of [{name}]", key, known)
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except TypeError as error:
        if "missing" not in str(error):
            raise
        absent = [key for key in known if key not in values]
        raise ValueError(f"[{name}] lacks {', '.join(absent)}") from None


def _not_negative(name: str, value: Any) -> float:
    number = validation.real_number(value)
    if number is None:
        raise TypeError(f"{name} must be a number ≥ 0, got {value!r}")
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name} must be finite and ≥ 0, got {value!r}")
    return number


def _switch(name: str, value: Any, also: Any) -> None:
    """True, False or one more value."""
    if not isinstance(value, bool) and (value != also or isinstance(also, bool)):
        more = "" if also is None or isinstance(also, bool) else f" or {also!r}"
        raise ValueError(f"{name} must be true, false{more}, got {value!r}")
