"""Mean and spread over seeds of the results of an experiment's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ufm.support.strict_json import finite_or_none
from ufm_networks.experiments import Experiment, FinishedRun

ALWAYS = ("accuracy", "test_accuracy")
DECAYING = ("SNC", "MNC", "NC", "latent_NC")  # metrics that collapse sends to zero: their first values are told too
KEYS = ("name", "title", "kind", "seeds", "metrics", "parameters", "rows")  # of a summary


def mean(values: Sequence[float]) -> float | None:
    """Over seeds; None if it is not defined for one of them."""
    return finite_or_none(float(np.mean(values)))


def spread(values: Sequence[float]) -> float | None:
    """The sample standard deviation over seeds; None of a single one, or where a value is not defined."""
    return finite_or_none(float(np.std(values, ddof=1))) if len(values) > 1 and np.isfinite(values).all() else None


def summarize(experiment: Experiment, finished: Sequence[FinishedRun]) -> dict[str, Any]:
    """A plain dictionary for a JSON file: one row per panel and run.

    Of each metric: "first" (after epoch 1) and "last", each with values by seed, mean and spread, and the smallest
    ratio first / last over seeds. None stands for what is not defined, such as SNC3 of one task.
    """
    rows = []
    for panel, run, group in groups(experiment, finished):
        names = metric_names(experiment, group)
        rows.append(
            {
                "panel": panel,
                "run": run,
                "epochs": group[0].run.epochs,
                "samples": len(group[0].run.data),
                "seconds": [round(of.seconds, 1) for of in group],
                "trained_parameters": group[0].trained_parameters,
                "metrics": {name: _of_metric(name, group) for name in names},
            }
        )
    return {
        "name": experiment.name,
        "title": experiment.figure.title,
        "kind": experiment.figure.kind,
        "seeds": list(experiment.figure.seeds),
        "metrics": list(experiment.figure.metrics),
        "parameters": experiment.figure.parameters,
        "rows": rows,
    }


def groups(experiment: Experiment, finished: Sequence[FinishedRun]) -> list[tuple[str, str, list[FinishedRun]]]:
    """Runs that differ in the seed only."""
    found = []
    for panel in experiment.panels:
        for run in experiment.runs:
            found.append((panel, run, [of for of in finished if (of.plan.panel, of.plan.run) == (panel, run)]))
    return found


def metric_names(experiment: Experiment, group: Sequence[FinishedRun]) -> list[str]:
    """Accuracies, and the metrics of the figure."""
    measured = group[0].run.metrics
    return list(dict.fromkeys([*(name for name in ALWAYS if name in measured), *experiment.figure.metrics]))


def _of_metric(name: str, group: Sequence[FinishedRun]) -> dict[str, Any]:
    last = [float(of.run.metrics[name]) for of in group]
    told: dict[str, Any] = {"last": statistics(last)}
    if name.startswith(DECAYING):
        first = [float(next(row[name] for row in of.run.history if name in row)) for of in group]
        told["first"] = statistics(first)
        ratios = [np.inf if b == 0 else a / b for a, b in zip(first, last, strict=True)]
        told["smallest_ratio"] = finite_or_none(float(np.min(ratios)))  # None, too, where all came to exactly 0
    return told


def statistics(values: list[float]) -> dict[str, Any]:
    """By seed, their mean and spread."""
    return {"values": [finite_or_none(value) for value in values], "mean": mean(values), "spread": spread(values)}
