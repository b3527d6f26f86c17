"""A data set of several tasks: images, labels of every task, and the corresponding unconstrained feature model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, assert_never, get_args

import numpy as np
from numpy.typing import NDArray

import ufm
from ufm.losses import LossName
from ufm.solution import Problem
from ufm.support import validation
from ufm_networks.datasets.images import Images, PastedImages, SelectedImages, checked_images, in_memory

Kind = Literal["single", "multi", "multilabel"]
KINDS = get_args(Kind)


@dataclass(frozen=True)
class TaskData:
    """Images with labels in T tasks.

    images   ``images[index]`` is uint8 (n, C, H, W); kept in memory or decoded on access. An array becomes
             ``ArrayImages``
    labels   whole numbers, which become int64. kind "single" (every sample in every task): (N, T).
             kind "multi" (every sample in one task): (N, T), −1 in all other tasks.
             kind "multilabel" (a set of labels per sample): (N, K) of 0 and 1, at least one 1 in a row
    classes  (K_1, …, K_T); (K,) for "multilabel"
    mean, std  per channel, of pixel/255, for normalization

    Raises ValueError or TypeError, naming the field, for a label outside its task, arrays that do not fit each other,
    or images of another type.
    """

    name: str
    images: Images
    labels: NDArray[np.int64]
    classes: tuple[int, ...]
    kind: Kind
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(map(repr, KINDS))}, got {self.kind!r}")
        set_field = partial(object.__setattr__, self)
        set_field("classes", validation.class_numbers("classes", self.classes))
        set_field("images", checked_images(self.images))
        columns = self.classes[0] if self.kind == "multilabel" else len(self.classes)
        labels = validation.full_array("labels", self.labels)
        if labels.shape != (len(self.images), columns):
            raise ValueError(
                f"{self.name}: labels must have shape ({len(self.images)}, {columns}), a row for every image and a "
                f"column for every {'class' if self.kind == 'multilabel' else 'task'}, got {labels.shape}"
            )
        set_field("labels", validation.label_array("labels", self.labels, columns))
        for field in ("mean", "std"):
            set_field(field, _per_channel(field, getattr(self, field), self.images.shape[0]))
        if min(self.std) <= 0:
            raise ValueError(f"std must be > 0, got {self.std}")
        self._check_labels()

    def _check_labels(self) -> None:
        match self.kind:
            case "multilabel":
                least, most = 0, np.ones(self.labels.shape[1], dtype=np.int64)
                empty = ~self.labels.any(axis=1)
                if empty.any():
                    raise ValueError(f"{self.name}: labels[{np.argmax(empty)}] has no label at all")
            case "single":
                least, most = 0, np.array(self.classes) - 1
            case "multi":
                least, most = -1, np.array(self.classes) - 1
            case unknown:
                assert_never(unknown)
        outside = (self.labels < least) | (self.labels > most)
        if outside.any():
            row, column = np.argwhere(outside)[0]
            what = "indicators 0 and 1" if self.kind == "multilabel" else f"task {column}'s classes 0 … {most[column]}"
            raise ValueError(f"{self.name}: labels[{row}, {column}] = {self.labels[row, column]} is outside {what}")
        if self.kind == "multi":
            tasks = (self.labels >= 0).sum(axis=1)
            if np.any(tasks != 1):
                row = int(np.argmax(tasks != 1))
                raise ValueError(f"{self.name}: labels[{row}] belongs to {tasks[row]} tasks; it must belong to one")

    def __len__(self) -> int:
        return len(self.images)

    @property
    def class_counts(self) -> tuple[NDArray[np.int64], ...]:
        """Samples of every class, one array (K_t,) per task."""
        if self.kind == "multilabel":
            return (self.labels.sum(axis=0),)
        columns = zip(self.labels.T, self.classes, strict=True)
        return tuple(np.bincount(y[y >= 0], minlength=k).astype(np.int64) for y, k in columns)

    def problem(
        self,
        *,
        lambda_H: float,
        lambda_W: float,
        lambda_b: float | None,
        reduction: str = "sum",
        loss: LossName = "cross-entropy",
        task_weights: Any = None,
    ) -> Problem:
        """The UFM with exactly these counts: SingleSource, MultiSource or MultiLabel; settings as in ``ufm``."""
        settings: dict[str, Any] = {
            "lambda_H": lambda_H,
            "lambda_W": lambda_W,
            "lambda_b": lambda_b,
            "reduction": reduction,
            "loss": loss,
        }
        match self.kind:
            case "multilabel":
                if task_weights is not None:
                    raise ValueError(
                        f"task_weights must be None for one task with sets of labels, got {task_weights!r}"
                    )
                return ufm.MultiLabel.from_indicators(self.labels, **settings)
            case "single":
                return ufm.SingleSource.from_labels(
                    self.labels, classes=self.classes, task_weights=task_weights, **settings
                )
            case "multi":
                labels = [y[y >= 0] for y in self.labels.T]
                return ufm.MultiSource.from_labels(labels, classes=self.classes, task_weights=task_weights, **settings)
            case unknown:
                assert_never(unknown)

    def only(self, side: str) -> TaskData:
        """The pairs with one image blank: "left" keeps the top-left image, "right" the bottom-right one.

        Labels and normalization stay those of the pair (the paper's x^L and x^R, Section 5.1).
        """
        if not isinstance(self.images, PastedImages):
            raise ValueError(
                f"only({side!r}) needs images pasted on a canvas, as compose='multi' makes; not {self.name}"
            )
        return replace(self, name=f"{self.name}, {side} only", images=self.images.only(side))

    def subset(self, index: Any) -> TaskData:
        """A subset of the samples, by an integer index (n,)."""
        chosen = np.asarray(index, dtype=np.int64)
        if isinstance(self.images, PastedImages):  # stays a canvas, so that one side can still be blanked
            images: Images = replace(self.images, pieces=self.images.pieces[chosen])
        else:
            images = SelectedImages(self.images, chosen)
        return replace(self, images=images, labels=self.labels[chosen])

    def in_memory(self) -> TaskData:
        """The data with every image decoded into memory; raises MemoryError if that does not fit."""
        return replace(self, images=in_memory(self.images))


def _per_channel(field: str, values: Any, channels: int) -> tuple[float, ...]:
    """Finite numbers, one per channel."""
    numbers = [validation.real_number(value) for value in values] if validation.is_list(values) else []
    found = tuple(number for number in numbers if number is not None and np.isfinite(number))
    if len(found) != channels or len(numbers) != channels:
        raise ValueError(f"{field} must hold {channels} numbers, one per channel, got {values!r}")
    return found
