"""The unconstrained feature model to compare a network with: its counts, and the λ's in effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import ufm
from ufm.solution import Problem
from ufm_networks.measuring import Measurement
from ufm_networks.training.decay import ufm_lambdas
from verify.reading.form import Float

STATIC_WEIGHTINGS = ("uniform", "fixed")


@dataclass(frozen=True)
class Part:
    """A problem, and the place of the network's point in ``NetworkPoint``.

    problem  of all tasks; or, where every task has samples of its own, a MultiSource of one task, since Problem (4)
             separates
    tasks    numbers of its tasks, for W and b; form, its number among label means and sums
    """

    problem: Problem
    tasks: tuple[int, ...]
    form: int


@dataclass(frozen=True)
class Counterpart:
    """The model beside a network.

    parts   empty if there is no model; ``reason`` says why
    exact   the loss of the network is the model's objective, at features that the backbone can make: λ's as a penalty
            on features, constant task weights, free heads
    notes   other differences of the network
    """

    parts: tuple[Part, ...]
    exact: bool
    reason: str
    notes: tuple[str, ...]


def counterpart(measured: Measurement) -> Counterpart:
    """Problem (3), (4) or pick-all-label with the counts of the data, reduction="sum".

    feature_decay   λ's as configured
    weight_decay wd (½ wd ‖θ‖² in the optimizer, mean cross-entropy)   λ_W = λ_b = N wd / 2, and the effective
                    λ_H = λ_W ‖W‖² / ‖H‖² with ‖H‖² over all N samples. Problem (4): of every task by itself, with N_t
    """
    train, model = measured.config.train, measured.config.model
    decayed = train.feature_decay is not None
    exact = decayed and train.weighting in STATIC_WEIGHTINGS and model.heads == "learned"
    if train.loss == "dot-regression":
        return Counterpart((), exact, f"it was trained with loss={train.loss!r}, which no model here has", ())
    if model.heads != "learned" and not decayed:
        return Counterpart((), exact, "its heads are frozen, so that weight decay sets no λ_W", ())
    try:
        parts = tuple(_parts(measured))
    except ValueError as error:
        return Counterpart((), exact, str(error), ())
    return Counterpart(parts, exact, "", tuple(_notes(measured, exact)))


def _parts(measured: Measurement) -> list[Part]:
    train, point = measured.config.train, measured.point
    tasks = tuple(range(len(measured.classes)))
    if measured.kind != "multi":
        N = int(point.counts[0].sum())
        settings = _lambdas(measured, N, point.W, point.squared_features[0])
        if measured.kind == "multilabel":
            return [Part(ufm.MultiLabel.from_indicators(measured.labels, **settings), tasks, 0)]
        weights = train.task_weights
        problem = ufm.SingleSource.from_labels(
            measured.labels, classes=measured.classes, task_weights=weights, **settings
        )
        return [Part(problem, tasks, 0)]
    parts = []
    for t in tasks:
        N = int(point.counts[t].sum())
        settings = _lambdas(measured, N, point.W[t : t + 1], point.squared_features[t], task=t)
        parts.append(Part(ufm.MultiSource([point.counts[t]], **settings), (t,), t))
    return parts


def _lambdas(
    measured: Measurement, N: int, W: list[Float], squared_H: float, task: int | None = None
) -> dict[str, Any]:
    config, c = measured.config, 1.0
    if task is not None and config.train.feature_decay is None and config.train.task_weights is not None:
        # c^t (CE / N_t) + ½ wd ‖θ‖² has the minimizers of CE / N_t + ½ (wd / c^t) ‖θ‖²
        c = config.train.task_weights[task]
        config = config.replaced(weighting="uniform", task_weights=None)
    found = ufm_lambdas(config, N)
    squared_W = float(sum(np.sum(w**2) for w in W))
    lambda_H = found.lambda_H
    if lambda_H is None:
        if squared_W == 0 or squared_H == 0:
            raise ValueError("its heads or features are zero, so that no λ_H = λ_W ‖W‖² / ‖H‖² is in effect")
        lambda_H = found.effective_lambda_H(squared_W, squared_H) / c
    lambda_b = found.lambda_b / c if measured.has_bias else None
    return {"lambda_H": lambda_H, "lambda_W": found.lambda_W / c, "lambda_b": lambda_b, "loss": config.train.loss}


def _notes(measured: Measurement, exact: bool) -> list[str]:
    train, notes = measured.config.train, []
    if train.feature_decay is None:
        notes.append(
            f"Trained with weight decay {train.weight_decay:g}, not with a penalty on features: λ_W = λ_b = N wd / 2, "
            "and λ_H = λ_W ‖W‖² / ‖H‖² is the λ_H in effect, which this network has by definition. The gap below is "
            "the distance from the optimum of the model with these λ's, which the network was not trained to minimize."
        )
    else:
        notes.append("Trained with a penalty on features: the λ's are those of its configuration.")
    if exact:
        several = "Σ_t c^t F_t / N_t, with F_t the model's objective of task t"
        loss = several if measured.kind == "multi" else "the model's objective over N"
        notes.append(
            f"The loss of the network is {loss}. The gap below is how far the network is from the model's global "
            "optimum."
        )
    if train.weighting not in STATIC_WEIGHTINGS:
        notes.append(
            f"The weighting {train.weighting!r} changes the task weights on the way; the model here has c^t = 1."
        )
    if measured.config.model.heads != "learned":
        notes.append("The heads are frozen; the model's are free.")
    return notes
