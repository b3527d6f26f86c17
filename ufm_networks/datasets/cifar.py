"""CIFAR-10 and CIFAR-100: 32 × 32 colour images, binary version (Krizhevsky 2009)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.files import damaged, read_lines, read_whole
from ufm_networks.datasets.images import ArrayImages, Pixels
from ufm_networks.datasets.source import Source

SHAPE = (3, 32, 32)
BYTES = 3 * 32 * 32


@dataclass(frozen=True)
class _Version:
    """The files of one version, its classes, and the bytes of labels before each image."""

    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: int
    names: str
    classes: int
    pickled: str  # folder of the version that is not read: a pickle is a program


_CIFAR10 = _Version(
    folder="cifar-10-batches-bin",
    train=tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
    test=("test_batch.bin",),
    labels=1,
    names="batches.meta.txt",
    classes=10,
    pickled="cifar-10-batches-py",
)
_CIFAR100 = _Version(
    folder="cifar-100-binary",
    train=("train.bin",),
    test=("test.bin",),
    labels=2,
    names="fine_label_names.txt",
    classes=100,
    pickled="cifar-100-python",
)


def cifar10(directory: Path, train: bool) -> Source:
    """``cifar-10-batches-bin``: ten classes."""
    images, (labels,), names = _read("cifar10", directory, _CIFAR10, train)
    return Source(name="cifar10", images=images, labels=labels, class_names=names)


def cifar100(directory: Path, train: bool) -> Source:
    """``cifar-100-binary``: 100 classes in 20 superclasses of 5."""
    images, (coarse, fine), names = _read("cifar100", directory, _CIFAR100, train)
    return Source(
        name="cifar100",
        images=images,
        labels=fine,
        class_names=names,
        coarse_labels=coarse,
        coarse_names=tuple(f"superclass {k}" for k in range(20)),
    )


def _read(
    name: str, directory: Path, version: _Version, train: bool
) -> tuple[ArrayImages, list[NDArray[np.int64]], tuple[str, ...]]:
    """Raises ValueError if only the pickled version is there, FileNotFoundError if nothing is."""
    parts = version.train if train else version.test
    places = [directory / version.folder, directory / name / version.folder, directory]
    folder = next((place for place in places if (place / parts[0]).is_file()), None)
    get = f"'ufm data fetch {name} --dir {directory}' gets it"
    if folder is None:
        for pickled in (directory / version.pickled, directory / name / version.pickled):
            if pickled.is_dir():
                raise ValueError(
                    f"{name}: {str(pickled)!r} is the Python version, a pickle, which is not read; the binary version "
                    f"holds the same images: {get}"
                )
        raise FileNotFoundError(f"{name}: no {version.folder} with {parts[0]} in {str(directory)!r}; {get}")
    missing = [part for part in parts if not (folder / part).is_file()]
    if missing:
        raise FileNotFoundError(f"{name}: {str(folder / missing[0])!r} is missing; expected {', '.join(parts)}")
    batches = [_read_binary(folder / part, version.labels) for part in parts]
    pixels = np.concatenate([batch[0] for batch in batches])
    columns = [np.concatenate(column) for column in zip(*(batch[1] for batch in batches), strict=True)]
    return ArrayImages(pixels), columns, _class_names(folder / version.names, version.classes)


def _read_binary(path: Path, labels: int) -> tuple[Pixels, list[NDArray[np.int64]]]:
    """Reads records of one byte per label, coarse before fine, then 3,072 of pixels: red, green, blue, row by row."""
    record = labels + BYTES
    content = np.frombuffer(read_whole(path), dtype=np.uint8)
    if content.size == 0 or content.size % record:
        raise damaged(path, f"whole records of {record:,} bytes", f"{content.size:,} bytes")
    rows = content.reshape(-1, record)
    return rows[:, labels:].reshape(-1, *SHAPE), [rows[:, i].astype(np.int64) for i in range(labels)]


def _class_names(path: Path, classes: int) -> tuple[str, ...]:
    """The class names from the file beside the images; without that file, classes are numbers."""
    if not path.is_file():
        return tuple(map(str, range(classes)))
    names = read_lines(path)
    if len(names) != classes:
        raise damaged(path, f"{classes} class names", f"{len(names)}")
    return tuple(names)
