"""Trains the toy data and saves what came out; started as by torchrun."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from toy_data import tables, toy

from ufm_networks.training import train


def settings(kind: str) -> dict[str, object]:
    return tables(epochs=2, feature_decay={"lambda_H": 1e-3, "lambda_W": 0.1, "lambda_b": 0.1}, learning_rate=0.02)


if __name__ == "__main__":
    for kind in ("single", "multi"):
        run = train(settings(kind), Path(sys.argv[1]) / kind, data=toy(kind), test=toy(kind, seed=1))
        assert run.epochs == 2
        assert os.environ["WORLD_SIZE"] == "2"
