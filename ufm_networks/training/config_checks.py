"""Checks across the tables of a configuration, before data are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ufm.support import validation
from ufm_networks.orthogonal_etf import require_dimension
from ufm_networks.training.model_config import ModelConfig
from ufm_networks.training.train_config import TrainConfig


def check_tasks(model: ModelConfig, train: TrainConfig, label_sets: bool, classes: tuple[int, ...] | None) -> None:
    """Raises ValueError if a configuration does not fit its tasks: label sets, or these classes as far as known."""
    if train.loss == "dot-regression" and model.heads != "orthogonal_etf":
        raise ValueError(
            f"train.loss='dot-regression' with heads={model.heads!r}: it pulls features towards heads of fixed "
            "length and would shrink learned ones; use model.heads='orthogonal_etf'"
        )
    if label_sets and train.task_weights is not None:
        raise ValueError(
            f"train.task_weights={train.task_weights} with sets of labels, which are one task: leave task_weights and "
            "weighting='fixed' out"
        )
    if label_sets and train.loss == "dot-regression":
        raise ValueError(
            "train.loss='dot-regression' needs one class per task; of label sets Σ w_k has no fixed length"
        )
    if classes is None:
        return
    if train.task_weights is not None and len(train.task_weights) != len(classes):
        raise ValueError(f"train.task_weights={train.task_weights} must hold {len(classes)} numbers, one per task")
    if model.heads == "orthogonal_etf" and isinstance(model.feature_dim, int):
        require_dimension(classes, model.feature_dim)


def classes_of(data: Mapping[str, Any]) -> tuple[int, ...] | None:
    """(K_1, …, K_T) of a [data] table where it says them and they are valid; None otherwise."""
    given: Any
    match data.get("compose"):
        case "attributes" if validation.is_list(data.get("attributes")):
            return (2,) * len(data["attributes"])
        case "multi":
            given = [data.get("p"), data.get("q")]
        case "cross":
            given = data.get("radices")
        case "split":
            given = data.get("classes")
        case "multi_label":
            given = [data.get("classes")]
        case _:  # not told, or not known: what composes the data says so
            return None
    try:
        return validation.class_numbers("classes", given)
    except (ValueError, TypeError):  # what is wrong with it is named by what composes the data
        return None
