"""The configuration of a run: the tables [data], [model] and [train] of a TOML file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ufm.support.bounded_toml import read_toml
from ufm.support.nearest_name import unknown_name
from ufm.support.tables import plain_table, read_table
from ufm_networks.training.config_checks import check_tasks, classes_of
from ufm_networks.training.model_config import ModelConfig
from ufm_networks.training.train_config import FeatureDecay, TrainConfig

__all__ = ["Config", "FeatureDecay", "ModelConfig", "TrainConfig", "read_config"]


def _data(table: Any) -> dict[str, Any]:
    return plain_table("[data]", table)


@attrs.frozen
class Config:
    """The configuration of a run; ``data`` is the [data] table for ``ufm_networks.datasets``, with arrays as lists."""

    data: dict[str, Any] = attrs.field(factory=dict, converter=_data)
    model: ModelConfig = attrs.field(factory=ModelConfig)
    train: TrainConfig = attrs.field(factory=TrainConfig)

    def __attrs_post_init__(self) -> None:
        check_tasks(self.model, self.train, self.data.get("compose") == "multi_label", classes_of(self.data))

    def tables(self) -> dict[str, dict[str, Any]]:
        """The tables of a TOML file that reads back as this configuration; None and empty values are left out."""
        return {
            name: {key: value for key, value in table.items() if value is not None and value != {}}
            for name, table in attrs.asdict(self).items()
        }

    def replaced(self, **train: Any) -> Config:
        """The configuration with other values in [train]."""
        return attrs.evolve(self, train=attrs.evolve(self.train, **train))


def read_config(source: str | Path | Mapping[str, Any] | Config) -> Config:
    """Reads a configuration from a TOML file or a dict of its tables; a Config is returned unchanged.

    Raises ValueError or TypeError for an unknown key, naming the nearest known one, or a value out of range.
    """
    if isinstance(source, Config):
        return source
    tables = source if isinstance(source, Mapping) else read_toml(Path(source))
    for name in tables:
        if name not in ("data", "model", "train"):
            raise unknown_name("table", name, ("data", "model", "train"))
    return Config(
        data=tables.get("data", {}),
        model=read_table(ModelConfig, tables.get("model", {})),
        train=read_table(TrainConfig, tables.get("train", {})),
    )
