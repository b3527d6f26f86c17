"""TinyImageNet: 200 classes of ImageNet at 64 × 64 in image files, decoded when asked for (Stanford CS231n)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ufm_networks.datasets.class_folders import class_folders
from ufm_networks.datasets.files import damaged, find, read_lines
from ufm_networks.datasets.image_files import ImageFiles, image_names
from ufm_networks.datasets.source import Source

FOLDERS = ("", "tiny-imagenet-200", "tinyimagenet/tiny-imagenet-200")


def tinyimagenet(directory: Path, train: bool, size: int = 64) -> Source:
    """``train/n…/images/*.JPEG``, and ``val/images/*.JPEG`` with classes in ``val/val_annotations.txt``.

    Classes stand in the order of their WordNet numbers. The published test images have no labels; ``val`` is the test.
    """
    root = find("tinyimagenet", directory, FOLDERS, ["wnids.txt"]).parent
    classes = tuple(sorted(line.strip() for line in read_lines(root / "wnids.txt")))
    if train:
        folder = find("tinyimagenet", root, ("",), ["train"])
        names, labels, present = class_folders(folder, "images")
        if present != classes:
            different = sorted(set(present) ^ set(classes))
            raise ValueError(
                f"{str(folder)!r} has {len(present)} class folders, wnids.txt names {len(classes)}; {different[0]} is "
                "in one of them only"
            )
    else:
        folder = find("tinyimagenet", root, ("val",), ["images"])
        annotated = _annotations(root / "val" / "val_annotations.txt", classes)
        present_images = image_names(folder)
        missing = set(annotated) ^ set(present_images)
        if missing:
            raise ValueError(
                f"{str(folder)!r} holds {len(present_images):,} images, val_annotations.txt names {len(annotated):,}; "
                f"{min(missing)} is in one of them only"
            )
        names, labels = present_images, np.array([annotated[name] for name in present_images], dtype=np.int64)
    return Source(name="tinyimagenet", images=ImageFiles(folder, names, size), labels=labels, class_names=classes)


def _annotations(path: Path, classes: tuple[str, ...]) -> dict[str, int]:
    """Lines of: file name, class, and a box, separated by tabs."""
    if not path.is_file():
        raise FileNotFoundError(f"tinyimagenet: {str(path)!r} is missing; it says which class each val image has")
    number = {name: k for k, name in enumerate(classes)}
    annotated: dict[str, int] = {}
    for row, line in enumerate(read_lines(path), start=1):
        cells = line.split("\t")
        if len(cells) < 2 or cells[1] not in number:
            raise damaged(path, f"a file name, a tab and a class of wnids.txt in line {row}", repr(line))
        if cells[0] in annotated:
            raise damaged(path, "every image once", f"{cells[0]} again in line {row}")
        annotated[cells[0]] = number[cells[1]]
    return annotated
