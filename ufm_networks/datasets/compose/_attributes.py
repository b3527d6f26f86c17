"""Attributes: each of some binary attributes is a task of two classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ufm.support import validation
from ufm.support.nearest_name import unknown_name
from ufm_networks.datasets.compose.finish import Normalization
from ufm_networks.datasets.compose.tuples import choose_images
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.supply import Request
from ufm_networks.datasets.task_data import TaskData


def attributes(
    source: Source,
    names: Sequence[str],
    *,
    seed: int = 0,
    normalization: Normalization | None = None,
    **request: Any,
) -> TaskData:
    """Task t asks whether an image has attribute ``names[t]``: class 1 where it has, class 0 where it has not.

    The paper's label-balanced CelebA is ``attributes(celeba, names, balanced=True)`` (Appendix D.4). ``request``
    holds the fields of ``Request``; counts has shape (2, …, 2). All images are taken unless it says otherwise.

    Raises ValueError for a source without attributes, an unknown name (naming the nearest), or a repeated one.
    """
    if source.attributes is None:
        raise ValueError(f"{source.name} has classes, not attributes; use compose='cross' or 'split'")
    if not validation.is_list(names):
        raise TypeError(f"attributes must be a list of names, got {names!r}")
    for name in names:
        if name not in source.attribute_names:
            raise unknown_name("attribute", name, source.attribute_names)
    if len(set(names)) != len(names):
        raise ValueError(f"attributes must differ, got {', '.join(names)}")
    columns = [source.attribute_names.index(name) for name in names]
    return choose_images(
        f"{source.name}-{'-'.join(names)}",
        source,
        source.attributes[:, columns],
        (2,) * len(columns),
        Request(**request),
        seed,
        normalization or Normalization(),
    )
