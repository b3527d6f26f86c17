"""Label sets decoded on test data, by seed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ufm_networks.decoding import decoding_accuracy
from ufm_networks.experiments import Experiment, FinishedRun
from ufm_networks.reproduction.summary import groups, statistics


def measure_decoding(experiment: Experiment, finished: Sequence[FinishedRun]) -> list[dict[str, Any]]:
    """One row per panel and run, with the accuracies of ``ufm_networks.decoding`` over seeds."""
    rows = []
    for panel, run, group in groups(experiment, finished):
        found = [decoding_accuracy(of.run, device=of.device) for of in group]
        rules = {
            name: statistics([getattr(one, name) for one in found]) for name in ("nearest_mean", "threshold", "top_m")
        }
        rows.append({"panel": panel, "run": run, **rules})
    return rows
