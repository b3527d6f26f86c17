"""CIFAR-10 and CIFAR-100: 32 × 32 colour images, binary or pickled version (Krizhevsky 2009)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.files import damaged, read_lines
from ufm_networks.datasets.images import ArrayImages, Pixels
from ufm_networks.datasets.restricted_pickle import read_pickled_table
from ufm_networks.datasets.source import Source

SHAPE = (3, 32, 32)
BYTES = 3 * 32 * 32


@dataclass(frozen=True)
class _Version:
    """Where one version of a data set keeps its parts, and under which keys its labels."""

    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: tuple[str, ...]  # in the pickled version; the binary one has a byte for each, coarse before fine
    names: str


_CIFAR10 = (
    _Version(
        "cifar-10-batches-bin",
        tuple(f"data_batch_{i}.bin" for i in range(1, 6)),
        ("test_batch.bin",),
        ("labels",),
        "batches.meta.txt",
    ),
    _Version(
        "cifar-10-batches-py",
        tuple(f"data_batch_{i}" for i in range(1, 6)),
        ("test_batch",),
        ("labels",),
        "batches.meta",
    ),
)
_CIFAR100 = (
    _Version(
        "cifar-100-binary", ("train.bin",), ("test.bin",), ("coarse_labels", "fine_labels"), "fine_label_names.txt"
    ),
    _Version("cifar-100-python", ("train",), ("test",), ("coarse_labels", "fine_labels"), "meta"),
)


def cifar10(directory: Path, train: bool) -> Source:
    """``cifar-10-batches-bin`` (preferred) or ``cifar-10-batches-py``: ten classes."""
    images, (labels,), names = _read("cifar10", directory, _CIFAR10, train, 10)
    return Source(name="cifar10", images=images, labels=labels, class_names=names)


def cifar100(directory: Path, train: bool) -> Source:
    """``cifar-100-binary`` (preferred) or ``cifar-100-python``: 100 classes in 20 superclasses of 5."""
    images, (coarse, fine), names = _read("cifar100", directory, _CIFAR100, train, 100)
    return Source(
        name="cifar100",
        images=images,
        labels=fine,
        class_names=names,
        coarse_labels=coarse,
        coarse_names=tuple(f"superclass {k}" for k in range(20)),
    )


def _read(
    name: str, directory: Path, versions: tuple[_Version, _Version], train: bool, classes: int
) -> tuple[ArrayImages, list[NDArray[np.int64]], tuple[str, ...]]:
    for version, read in zip(versions, (_read_binary, _read_pickled), strict=True):
        parts = version.train if train else version.test
        for folder in (directory / version.folder, directory / name / version.folder, directory):
            if not (folder / parts[0]).is_file():
                continue
            missing = [part for part in parts if not (folder / part).is_file()]
            if missing:
                raise FileNotFoundError(f"{name}: {str(folder / missing[0])!r} is missing; expected {', '.join(parts)}")
            batches = [read(folder / part, version.labels) for part in parts]
            pixels = np.concatenate([batch[0] for batch in batches])
            columns = [np.concatenate(column) for column in zip(*(batch[1] for batch in batches), strict=True)]
            return ArrayImages(pixels), columns, _class_names(folder / version.names, classes)
    binary, pickled = versions
    raise FileNotFoundError(
        f"{name}: neither {binary.folder} nor {pickled.folder} with {(binary.train if train else binary.test)[0]} or "
        f"{(pickled.train if train else pickled.test)[0]} in {str(directory)!r}; "
        f"'ufm data fetch {name} --dir {directory}' gets it"
    )


def _read_binary(path: Path, keys: tuple[str, ...]) -> tuple[Pixels, list[NDArray[np.int64]]]:
    """Records of one byte a label, then 3,072 bytes of pixels: red, green, blue, each row by row."""
    record = len(keys) + BYTES
    content = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    if content.size == 0 or content.size % record:
        raise damaged(path, f"whole records of {record:,} bytes", f"{content.size:,} bytes")
    rows = content.reshape(-1, record)
    return rows[:, len(keys) :].reshape(-1, *SHAPE), [rows[:, i].astype(np.int64) for i in range(len(keys))]


def _read_pickled(path: Path, keys: tuple[str, ...]) -> tuple[Pixels, list[NDArray[np.int64]]]:
    table = read_pickled_table(path)
    missing = [key for key in ("data", *keys) if key not in table]
    if missing:
        raise damaged(path, f"an entry {missing[0]!r}", f"the entries {', '.join(table) or 'none'}")
    data = table["data"]
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 2 or data.shape[1] != BYTES:
        raise damaged(path, f"data of uint8 (N, {BYTES:,})", f"{getattr(data, 'dtype', type(data).__name__)}")
    columns = []
    for key in keys:
        values = table[key]
        if not isinstance(values, list) or len(values) != len(data) or any(type(value) is not int for value in values):
            raise damaged(path, f"{len(data):,} integers as {key}", f"{type(values).__name__}")
        outside = [value for value in values if not 0 <= value < 256]  # the binary version has a byte for each
        if outside:
            raise damaged(path, f"bytes as {key}", f"{outside[0]}")
        columns.append(np.array(values, dtype=np.int64))
    return data.reshape(-1, *SHAPE), columns


def _class_names(path: Path, classes: int) -> tuple[str, ...]:
    """The names beside the images, where they are there; images alone are enough, whose classes are then numbers."""
    if not path.is_file():
        return tuple(map(str, range(classes)))
    if path.suffix == ".txt":
        names: object = read_lines(path)
    else:
        table = read_pickled_table(path)
        names = table.get("label_names", table.get("fine_label_names"))
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise damaged(path, "a list of class names", f"a {type(names).__name__}")
    if len(names) != classes:
        raise damaged(path, f"{classes} class names", f"{len(names)}")
    return tuple(names)
