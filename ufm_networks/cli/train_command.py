"""``ufm train``: a network from a configuration file."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from verify.cli.devices import AnyDevice, require_device
from verify.cli.flags import Told
from verify.cli.page import Page
from verify.cli.terminal import Terminal, shell_words

if TYPE_CHECKING:
    from ufm_networks.training import Config


@dataclass(frozen=True)
class Train:
    """Train a multi-task network from a configuration file, or resume it from its folder."""

    page: ClassVar[Page] = Page(
        takes="seconds for a small network on digits; hours for a ResNet-18 on CIFAR, on a graphics card",
        writes="the run's folder: configuration, checkpoint, metrics, heads and features' statistics",
        status="0: training ended; 2: bad input, or a run that diverged; 130: interrupted, the last checkpoint is kept",
        examples=(
            ("ufm train small.toml", "Into runs/small; run again, it goes on where it ended."),
            ("ufm train small.toml --seed 1 --epochs 5 --device cuda", "Into runs/small-seed1."),
            (
                "ufm train small.toml --output runs/wide --set model.width=32 --set train.batch_size=64",
                "Any key of the file, changed.",
            ),
        ),
    )

    config: Annotated[Path, Told(positional=True, read=True)]
    """TOML file with the tables [data], [model] and [train]: see docs/howto/train-networks.md."""
    output: Path | None = None
    """Folder of the run. Default: runs/NAME for NAME.toml."""
    epochs: int | None = None
    """Epochs to train. Default: the file's train.epochs."""
    seed: int | None = None
    """Seed; the folder is then runs/NAME-seedS. Default: the file's train.seed."""
    device: AnyDevice | None = None
    """Where to train; auto is cuda where there is one. Default: the file's train.device."""
    set: Annotated[tuple[str, ...], Told(shown="TABLE.KEY=VALUE", again=True)] = ()
    """Another key, as often as wanted: --set model.width=16 --set train.feature_decay='{lambda_H=0.02, lambda_W=1,
    lambda_b=1}'."""

    def run(self) -> int:
        """0 if training ended, 130 if it was interrupted."""
        # here and below, so that the other commands run without the extra "networks"
        from ufm_networks.training import train

        if self.device is not None:
            require_device(self.device, auto=True)
        changed = "" if self.seed is None else f"-seed{self.seed}"
        output = self.output or Path("runs") / (self.config.stem + changed)
        result = train(self.configuration(), output)
        status = 130 if result.interrupted else 0
        if os.environ.get("RANK", "0") != "0":  # of several processes the first one tells
            return status
        terminal = Terminal()
        terminal.result(f"{result.status}: {output}")
        for name, value in result.metrics.items():
            terminal.result(f"  {name:<18} {value:.6g}")
        terminal.then("the same command goes on" if result.interrupted else shell_words("ufm", "measure", output))
        return status

    def configuration(self) -> Config:
        """The configuration of the file, with the changes of the flags."""
        from ufm.support.bounded_toml import read_toml
        from ufm_networks.training.config import read_config

        read_config(self.config)  # an error in the file is the file's
        tables = read_toml(self.config)
        for text in self.set:
            table, key, value = _assignment(text)
            tables.setdefault(table, {})[key] = value
        for key in ("epochs", "seed", "device"):
            if getattr(self, key) is not None:
                tables.setdefault("train", {})[key] = getattr(self, key)
        return read_config(tables)


def _assignment(text: str) -> tuple[str, str, Any]:
    """TABLE.KEY=VALUE with a value as in TOML; a bare word is a string."""
    name, equals, value = text.partition("=")
    table, dot, key = name.strip().partition(".")
    if not equals or not dot or not key:
        raise ValueError(f"--set {text!r} must be TABLE.KEY=VALUE, such as model.width=16")
    from ufm.support.bounded_toml import parse_toml

    try:
        read = parse_toml(f"value = {value}")
    except tomllib.TOMLDecodeError:  # a bare word
        return table, key, value.strip()
    except ValueError as error:
        raise ValueError(f"--set {table}.{key}: {error}") from None
    if len(read) > 1:
        raise ValueError(f"--set {text!r} is more than one assignment; give --set again for each")
    return table, key, read["value"]
