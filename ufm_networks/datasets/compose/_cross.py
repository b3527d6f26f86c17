"""Cross: a class written in mixed radix is a label in every task."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ufm.support import validation
from ufm_networks.datasets.compose.finish import Normalization
from ufm_networks.datasets.compose.tuples import choose_images
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.supply import Request
from ufm_networks.datasets.task_data import TaskData


def cross(
    source: Source,
    radices: Any,
    *,
    seed: int = 0,
    normalization: Normalization | None = None,
    **request: Any,
) -> TaskData:
    """Class c of the first Π K_t classes has the label tuple (k_1, …, k_T) with c = ((k_1 K_2 + k_2) K_3 + …) + k_T.

    For two tasks (⌊c/K_2⌋, c mod K_2): CIFAR100-Cross-10x10 is ``cross(cifar100, (10, 10))``, and -4x4x4 uses the
    first 64 classes (Appendix C.2). ``request`` holds the fields of ``Request``; counts has shape (K_1, …, K_T).
    All images of the classes used are taken unless counts, balanced, long_tailed or samples say otherwise.

    Raises ValueError if the source has fewer than Π K_t classes, or too few images.
    """
    classes = validation.class_numbers("radices", radices)
    tuples = math.prod(classes)
    labels = source.class_labels("cross")
    if tuples > source.classes:
        raise ValueError(f"radices {classes} need {tuples:,} classes; {source.name} has {source.classes}")
    digits = np.full((len(source), len(classes)), -1, dtype=np.int64)
    used = labels < tuples
    digits[used] = np.stack(np.unravel_index(labels[used], classes), axis=1)
    name = f"{source.name}-cross-{'x'.join(map(str, classes))}"
    return choose_images(name, source, digits, classes, Request(**request), seed, normalization or Normalization())
