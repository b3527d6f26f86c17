"""What the tables of a configuration say only together, refused before data are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ufm.support import validation
from ufm.weighting import WEIGHTINGS
from ufm_networks.orthogonal_etf import require_dimension

if TYPE_CHECKING:
    from ufm_networks.training.config import Config, ModelConfig, TrainConfig


def check_model(model: ModelConfig) -> None:
    """ValueError where keys of [model] exclude each other."""
    if model.heads == "orthogonal_etf" and model.bias:
        raise ValueError("bias=true with heads='orthogonal_etf': frozen heads have no bias; leave bias out")
    if model.batch_norm is not None and not model.backbone.startswith("vgg"):
        raise ValueError(
            f"batch_norm={str(model.batch_norm).lower()} is for VGG only; backbone={model.backbone!r} always has it: "
            "leave it out"
        )


def check_train(train: TrainConfig) -> None:
    """ValueError where keys of [train] exclude each other."""
    if (train.weighting == "fixed") != (train.task_weights is not None):
        raise ValueError(
            f"task_weights={train.task_weights!r} and weighting={train.weighting!r}: weighting='fixed' needs "
            "task_weights, one per task, and no other weighting takes them"
        )
    if train.compile is True and WEIGHTINGS[train.weighting].gradients:
        raise ValueError(
            f"compile=true with weighting={train.weighting!r}: a compiled graph is differentiated once, and this "
            "weighting differentiates task by task; leave compile at 'auto'"
        )


def check_together(config: Config) -> None:
    """ValueError where [data], [model] and [train] exclude each other, as far as the tables alone tell."""
    model, train = config.model, config.train
    if train.loss == "dot_regression" and model.heads != "orthogonal_etf":
        raise ValueError(
            f"loss='dot_regression' with heads={model.heads!r}: it pulls features towards heads of fixed "
            "length and would shrink learned ones; use model.heads='orthogonal_etf'"
        )
    check_tasks(config, config.data.get("compose") == "multi_label", classes_of(config.data))


def check_tasks(config: Config, label_sets: bool, classes: tuple[int, ...] | None) -> None:
    """ValueError where a configuration is not for such tasks: one with sets of labels, or tasks of these classes."""
    train, model = config.train, config.model
    if label_sets and train.task_weights is not None:
        raise ValueError(
            f"task_weights={train.task_weights} with sets of labels, which are one task: leave task_weights and "
            "weighting='fixed' out"
        )
    if label_sets and train.loss == "dot_regression":
        raise ValueError("loss='dot_regression' needs one class per task; of label sets Σ w_k has no fixed length")
    if classes is None:
        return
    if train.task_weights is not None and len(train.task_weights) != len(classes):
        raise ValueError(f"task_weights={train.task_weights} must hold {len(classes)} numbers, one per task")
    if model.heads == "orthogonal_etf" and isinstance(model.feature_dim, int):
        require_dimension(classes, model.feature_dim)


def classes_of(data: Mapping[str, Any]) -> tuple[int, ...] | None:
    """(K_1, …, K_T) of a [data] table where it says them and they are valid; None otherwise."""
    compose = data.get("compose")
    if compose == "attributes" and validation.is_list(data.get("attributes")):
        return (2,) * len(data["attributes"])
    if compose == "multi_label":
        given: Any = [data.get("classes")]
    else:
        given = {"multi": [data.get("p"), data.get("q")], "cross": data.get("radices"), "split": data.get("classes")}
        given = given.get(str(compose))
    try:
        return validation.class_numbers("classes", given)
    except (ValueError, TypeError):  # what is wrong with it is named by what composes the data
        return None
