"""The settings that every problem takes besides its counts: λ's, weights, reduction, loss, label smoothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypedDict, cast, get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses import DEFAULT, LOSSES, LossName
from ufm.support import validation
from ufm.support.display import Summary
from ufm.support.nearest_name import nearest
from ufm.support.public_fields import require_known, task_losses

Source = Literal["single", "multi", "multilabel", "soft", "regression"]
Reduction = Literal["sum", "mean"]
Float = NDArray[np.float64]
# that standard forms are made of, and what follows from them
FIELDS = (
    *("source", "classes", "labels", "counts", "task_weights", "lambda_H", "lambda_W", "lambda_b", "reduction"),
    *("loss", "label_smoothing", "targets", "losses", "samples", "multiplicities", "label_sets"),
    *("class_names", "task_names"),
)


class Lambdas(TypedDict):
    """λ_H, λ_W > 0 and λ_b ≥ 0, of ‖H‖², Σ_t c^t ‖W^t‖² and Σ_t c^t ‖b^t‖²; λ_b = 0 leaves the bias free, None
    means no bias.
    """

    lambda_H: float
    lambda_W: float
    lambda_b: float | None


class LossSettings(Lambdas, total=False):
    """reduction  "sum" (default, the paper's proofs): λ's stand beside the SUM of losses; "mean": beside their mean.
    loss  "cross-entropy" (default), "binary-cross-entropy", "squared-error", for all tasks or a sequence with one per
    task. label_smoothing  ε in [0, 1) of uniform targets, 0 by default.
    """

    reduction: Reduction
    loss: LossName | Sequence[LossName]
    label_smoothing: float


class ProblemSettings(LossSettings, total=False):
    """task_weights  c^t > 0, one per task, all ones by default."""

    task_weights: Sequence[float] | NDArray[Any] | Tensor | None


_CHECKS: dict[str, Callable[[Any], Any]] = {
    **{name: partial(validation.positive, name, usual=5e-4) for name in ("lambda_H", "lambda_W")},
    "lambda_b": lambda value: validation.bias_penalty("lambda_b", value),
    "reduction": lambda value: validation.one_of("reduction", value, get_args(Reduction)),
    "label_smoothing": validation.smoothing,
}
_DEFAULTS = {"reduction": "sum", "label_smoothing": 0.0}


def checked_losses(value: Any, tasks: int) -> tuple[LossName, ...]:
    """(T,) one loss per task, from one name or a sequence of names."""
    if isinstance(value, str) or not validation.is_list(value):
        named = [value] * tasks
        where = ["loss"] * tasks
    else:
        named = list(value)
        where = [f"loss[{t}]" for t in range(len(named))]
        if len(named) != tasks:
            wanted = "one name" if tasks == 1 else f"one name or {tasks} names, one per task"
            raise ValueError(f"loss must be {wanted}, got {len(named)}: {value!r}")
    names = [validation.one_of(name, loss, tuple(LOSSES)) for name, loss in zip(where, named, strict=True)]
    return tuple(cast(LossName, name) for name in names)


class Settled:
    """The public fields that follow from the settings."""

    lambda_H: float
    lambda_W: float
    lambda_b: float | None
    task_weights: Float
    reduction: Reduction
    loss: LossName | tuple[LossName, ...]
    label_smoothing: float
    classes: tuple[int, ...]

    @property
    def losses(self) -> tuple[LossName, ...]:
        """(T,) the loss of each task."""
        return (self.loss,) * len(self.classes) if isinstance(self.loss, str) else self.loss

    def _summary(self) -> Summary:
        """The printed summary."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self._summary().text()

    def _repr_html_(self) -> str:
        return self._summary().html()

    def _settings_repr(self) -> str:
        """λ's, and the loss if it is not cross-entropy."""
        loss = "" if self.loss == DEFAULT else f", loss={self.loss!r}"
        b = "None" if self.lambda_b is None else f"{self.lambda_b:g}"
        return f"lambda_H={self.lambda_H:g}, lambda_W={self.lambda_W:g}, lambda_b={b}{loss}"

    def _require_known(self) -> None:
        """Raises ValueError if a subclass or an assignment has turned it into another model, which no solver knows."""
        task_losses(self, tuple(LOSSES), "ufm.solve")
        require_known(self, FIELDS, "ufm.solve")

    def _settle(self, settings: Mapping[str, Any], tasks: int, known: type[Any] = ProblemSettings) -> None:
        """Checks the settings and sets their fields; raises TypeError or ValueError naming what is unknown, missing or
        wrong.

        known  the typed dictionary of what this problem takes
        """
        name = type(self).__name__
        takes = tuple(key for key in ProblemSettings.__annotations__ if key in known.__annotations__)
        for key in settings:
            if key not in takes:
                near = nearest(key, takes)
                meant = f"did you mean {near}=? " if near else ""
                raise TypeError(f"{key}= is not a setting of {name}; {meant}It takes {', '.join(takes)}")
        for key in Lambdas.__annotations__:
            if key not in settings:
                raise TypeError(f"{name} needs {key}=, which is missing; {key}=0.0005 is a usual choice")
        if "loss" in settings or not hasattr(type(self), "loss"):  # a subclass with a loss of its own keeps it
            losses = checked_losses(settings.get("loss", DEFAULT), tasks)
            self.loss = losses[0] if len(set(losses)) == 1 else losses
        for key, check in _CHECKS.items():
            setattr(self, key, check(settings.get(key, _DEFAULTS.get(key))))
        self.task_weights = validation.task_weights(settings.get("task_weights"), tasks)
