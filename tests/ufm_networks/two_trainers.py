"""Lightning's Trainer in two processes, with the callback of both kinds; started by torchrun."""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from lightning_modules import HEADS, Module, trainer
from plain_models import loader
from two_observers import data

import ufm_networks


def filled() -> Any:
    """Images and labels, none of which is missing."""
    x, y = data()
    return x, y.clamp(min=0)


def still() -> Any:
    """A module that training does not change."""
    module = Module(lr=0.0)
    module.network.eval()
    return module


if __name__ == "__main__":
    warnings.filterwarnings("ignore", category=FutureWarning, module=r"lightning\.")
    callbacks = [ufm_networks.CollapseCallback(HEADS), ufm_networks.CollapseCallback(HEADS, samples=61, prefix="sub/")]
    lightning = trainer(Path(sys.argv[1]), 1, devices=2, strategy="ddp", callbacks=callbacks)
    lightning.fit(still(), loader(*filled()))
    logged = {name: float(value) for name, value in lightning.callback_metrics.items()}
    (Path(sys.argv[1]) / f"{os.environ['RANK']}.json").write_text(json.dumps(logged))
