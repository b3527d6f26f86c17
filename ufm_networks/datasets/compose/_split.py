"""Split: tasks with separate classes and samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation
from ufm_networks.datasets.compose.finish import Normalization, finish
from ufm_networks.datasets.draw import draw, generator, pools_of
from ufm_networks.datasets.images import SelectedImages
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.supply import Request, Supply, choose_counts, tail
from ufm_networks.datasets.task_data import TaskData


def split(
    source: Source,
    classes: Any,
    *,
    seed: int = 0,
    normalization: Normalization | None = None,
    **request: Any,
) -> TaskData:
    """Assigns consecutive classes to one task each: (5, 5) of ten, or (3, 4), which leaves the last three out.

    classes  (K_1, …, K_T), or "coarse": each superclass of the source is a task (CIFAR100-Split-5x20, Appendix C.2)
    ``request`` holds the fields of ``Request``; counts is a list of T arrays (K_t,). Balanced and long-tailed are
    meant within each task; samples is N_t, one number for all tasks or a list. All images are taken otherwise.

    Labels are (N, T) with −1 in all tasks but the sample's own. Raises ValueError as ``cross``.
    """
    fine = source.class_labels("split")
    sizes, task, label = _coarse(source) if isinstance(classes, str) else _consecutive(source, classes)
    shown = classes if isinstance(classes, str) else "-".join(map(str, sizes))
    name = f"{source.name}-split-{shown}"
    requests = _per_task(request, len(sizes))
    rng = generator(seed)
    chosen: list[NDArray[np.int64]] = []
    for t, (k, wanted) in enumerate(zip(sizes, requests, strict=True)):
        own = np.where(task[fine] == t, label[fine], -1)
        chosen.append(_choose(f"{name}: task {t}", own, k, wanted, rng))
    index = np.concatenate(chosen)
    index = np.sort(index) if all(wanted == Request() for wanted in requests) else rng.permutation(index)
    labels = np.full((len(index), len(sizes)), -1, dtype=np.int64)
    labels[np.arange(len(index)), task[fine[index]]] = label[fine[index]]
    images = SelectedImages(source.images, index)
    return finish(name, images, labels, sizes, "multi", normalization or Normalization())


def _consecutive(source: Source, classes: Any) -> tuple[tuple[int, ...], NDArray[np.int64], NDArray[np.int64]]:
    """Classes per task; then, for each class of the source, its task (−1 for none) and its number there."""
    sizes = validation.class_numbers("classes", classes)
    if sum(sizes) > source.classes:
        raise ValueError(f"classes {sizes} are {sum(sizes)} in all; {source.name} has {source.classes}")
    task = np.full(source.classes, -1, dtype=np.int64)
    task[: sum(sizes)] = np.repeat(np.arange(len(sizes)), sizes)
    label = np.zeros(source.classes, dtype=np.int64)
    label[: sum(sizes)] = np.concatenate([np.arange(k) for k in sizes])
    return sizes, task, label


def _coarse(source: Source) -> tuple[tuple[int, ...], NDArray[np.int64], NDArray[np.int64]]:
    """The same from superclasses, whose classes are numbered in the source's order."""
    if source.coarse_labels is None:
        raise ValueError(f"classes='coarse' needs superclasses, as cifar100 has; {source.name} has none")
    pairs = np.unique(np.stack([source.class_labels("split"), source.coarse_labels], axis=1), axis=0)
    fine, coarse = pairs.T
    if len(fine) != source.classes or len(np.unique(fine)) != source.classes:
        repeated = int(np.argmax(np.bincount(fine, minlength=source.classes) != 1))
        raise ValueError(f"{source.name}: class {repeated} must belong to one superclass; the file is damaged")
    sizes = tuple(np.bincount(coarse, minlength=len(source.coarse_names)).tolist())
    label = np.zeros(source.classes, dtype=np.int64)
    for t in range(len(sizes)):
        label[fine[coarse == t]] = np.arange(sizes[t])
    return sizes, coarse, label


def _per_task(request: dict[str, Any], tasks: int) -> list[Request]:
    """The request of each task: lists hold one entry per task."""
    counts, samples = request.get("counts"), request.get("samples")
    if counts is not None and not validation.is_list(counts):
        raise TypeError(f"counts must be a list of one array per task, got {counts!r}")
    for field, value in (("counts", counts), ("samples", samples)):
        if value is not None and validation.is_list(value) and len(value) != tasks:
            raise ValueError(f"{field} must have one entry per task, {tasks} in all, got {len(value)}")
    requests = []
    for t in range(tasks):
        own = dict(request)
        if counts is not None:
            own["counts"] = counts[t]
        if samples is not None and validation.is_list(samples):
            own["samples"] = samples[t]
        requests.append(Request(**own))
    return requests


def _choose(
    name: str, labels: NDArray[np.int64], classes: int, request: Request, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Images of one task."""
    used = np.flatnonzero(labels >= 0)
    if request.any_label:
        return request.any_of(name, used, rng)
    pools = pools_of(labels, classes)
    supply = Supply(
        pools=np.array([len(pool) for pool in pools], dtype=np.int64),
        usage=np.ravel,
        names=lambda k: f"{name}: class {k}",
    )
    proportions = np.ones(classes) if request.long_tailed is None else tail(request.long_tailed, classes)
    counts = choose_counts(request, supply, proportions)
    return np.concatenate([draw(pool, n, rng) for pool, n in zip(pools, counts.tolist(), strict=True)])
