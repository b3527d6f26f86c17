"""Trains the toy data under weightings that differ in what they add up over processes; started by torchrun."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from toy_data import tables, toy

from networks.training import train

RUNS: dict[str, dict[str, Any]] = {
    "uncertainty": {},
    "famo": {},
    "pcgrad": {},
    "mgda": {"gradients": "features"},
}


def settings(name: str) -> dict[str, Any]:
    decay = {"lambda_H": 1e-3, "lambda_W": 0.1, "lambda_b": 0.1}
    return tables(
        epochs=2,
        weighting=name,
        weighting_options=RUNS[name],
        feature_decay=decay,
        learning_rate=0.01,
        metrics_every=2,
    )


if __name__ == "__main__":
    for name in RUNS:
        train(settings(name), Path(sys.argv[1]) / name, data=toy("multi" if name == "pcgrad" else "single"))
