"""ImageNet (ILSVRC 2012): image files in one folder per class, decoded when asked for (Russakovsky et al. 2015)."""

from __future__ import annotations

from pathlib import Path

from ufm_networks.datasets.class_folders import class_folders
from ufm_networks.datasets.files import find
from ufm_networks.datasets.image_files import ImageFiles
from ufm_networks.datasets.source import Source

FOLDERS = ("", "imagenet", "ILSVRC2012", "ILSVRC/Data/CLS-LOC")


def imagenet(directory: Path, train: bool, size: int = 224) -> Source:
    """``train/n01440764/*.JPEG`` and ``val/n01440764/*.JPEG``; classes in the order of their WordNet numbers."""
    folder = find("imagenet", directory, FOLDERS, ["train" if train else "val"])
    names, labels, classes = class_folders(folder)
    return Source(name="imagenet", images=ImageFiles(folder, names, size), labels=labels, class_names=classes)
