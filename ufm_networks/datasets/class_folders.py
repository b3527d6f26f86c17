"""A folder of class folders with image files: the layout of ImageNet and of TinyImageNet's training images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.image_files import image_names


def class_folders(folder: Path, inner: str = "") -> tuple[list[str], NDArray[np.int64], tuple[str, ...]]:
    """Image names relative to ``folder``, labels, and class names: folders sorted, class k the k-th of them.

    Raises ValueError for a folder without class folders, or a class folder without images, naming it.
    """
    classes = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    if len(classes) < 2:
        raise ValueError(f"{str(folder)!r} must hold one folder of images per class, found {len(classes)}")
    names: list[str] = []
    labels: list[int] = []
    for k, name in enumerate(classes):
        place = Path(name, inner)
        found = image_names(folder / place) if (folder / place).is_dir() else []
        if not found:
            raise ValueError(f"{str(folder / place)!r} holds no image: class {k} ({name}) has no sample")
        names += [str(place / image) for image in found]
        labels += [k] * len(found)
    return names, np.array(labels, dtype=np.int64), tuple(classes)
