"""Small data sets written in the formats of the real ones, byte by byte from their descriptions."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import scipy.io
from PIL import Image

import ufm_networks.datasets.sources as sources
from ufm_networks.datasets import ArrayImages, Source, TaskData

COARSE_OF_FINE = np.arange(100) * 7 % 20  # five fine classes in each of 20 superclasses


def random_pixels(n: int, channels: int, size: int, seed: int = 0) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 256, (n, channels, size, size), dtype=np.uint8)


def numbered_source(labels: Any, classes: int, channels: int = 1, size: int = 4) -> Source:
    """Image i is constant 1 + i mod 255 (never 0, which is what empty cells are)."""
    labels = np.asarray(labels, dtype=np.int64)
    shape = (len(labels), channels, size, size)
    pixels = np.broadcast_to((1 + np.arange(len(labels)) % 255)[:, None, None, None], shape).astype(np.uint8)
    return Source("numbered", ArrayImages(pixels), labels, tuple(map(str, range(classes))))


def idx_bytes(array: np.ndarray[Any, Any]) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}i", *array.shape) + array.tobytes()


def write_mnist(folder: Path, train: bool = True, n: int = 30, packed: bool = True) -> tuple[Any, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    part = "train" if train else "t10k"
    pixels = random_pixels(n, 1, 28)[:, 0]
    labels = (np.arange(n) % 10).astype(np.uint8)
    for name, array in ((f"{part}-images-idx3-ubyte", pixels), (f"{part}-labels-idx1-ubyte", labels)):
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx_bytes(array)))
        else:
            (folder / name).write_bytes(idx_bytes(array))
    return pixels, labels


def write_cifar10_binary(root: Path, n: int = 20) -> tuple[Any, Any]:
    folder = root / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    pixels, labels = random_pixels(6 * n, 3, 32), np.arange(6 * n) % 10
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    for i, name in enumerate(names):
        rows = range(i * n, (i + 1) * n)
        (folder / name).write_bytes(b"".join(bytes([labels[r]]) + pixels[r].tobytes() for r in rows))
    (folder / "batches.meta.txt").write_text("\n".join(f"name{k}" for k in range(10)) + "\n\n")
    return pixels, labels


def write_cifar100_binary(root: Path, n: int = 200) -> tuple[Any, Any]:
    folder = root / "cifar-100-binary"
    folder.mkdir(parents=True)
    pixels, fine = random_pixels(n, 3, 32), np.arange(n) % 100
    records = b"".join(bytes([COARSE_OF_FINE[k], k]) + image.tobytes() for k, image in zip(fine, pixels, strict=True))
    for name in ("train.bin", "test.bin"):
        (folder / name).write_bytes(records)
    return pixels, fine


def write_svhn(folder: Path, n: int = 20, train: bool = True) -> tuple[Any, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    pixels, labels = random_pixels(n, 3, 32), np.arange(n) % 10 + 1  # 10 is the digit 0
    content = {"X": pixels.transpose(2, 3, 1, 0), "y": labels[:, None].astype(np.uint8)}
    scipy.io.savemat(folder / f"{'train' if train else 'test'}_32x32.mat", content, do_compression=True)
    return pixels, labels % 10


def write_image(path: Path, colour: tuple[int, ...], size: tuple[int, int], mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour if mode != "L" else colour[0]).save(path)


def write_celeba(root: Path, attributes: np.ndarray[Any, Any], names: list[str], parts: str | None) -> None:
    """attributes (N, A) of 0 and 1; parts a digit per image, or None to leave the file out."""
    lines = [str(len(attributes)), " ".join(names) + " "]
    for i, row in enumerate(attributes):
        name = f"{i + 1:06d}.jpg"
        lines.append(f"{name} " + " ".join(" 1" if value else "-1" for value in row))
        write_image(root / "img_align_celeba" / name, (10 * i % 256, 100, 200), (178, 218))
    (root / "list_attr_celeba.txt").write_text("\n".join(lines) + "\n")
    if parts is not None:
        rows = "".join(f"{i + 1:06d}.jpg {part}\n" for i, part in enumerate(parts))
        (root / "list_eval_partition.txt").write_text(rows)


def write_tinyimagenet(root: Path, classes: int = 3, n: int = 4) -> list[str]:
    folder = root / "tiny-imagenet-200"
    names = [f"n{10000000 + 7 * k}" for k in range(classes)]
    for k, name in enumerate(names):
        for i in range(n):
            write_image(folder / "train" / name / "images" / f"{name}_{i}.JPEG", (80 * k, i, 0), (64, 64))
    annotations = []
    for i in range(classes * 2):
        write_image(folder / "val" / "images" / f"val_{i}.JPEG", (80 * (i % classes), 0, 0), (64, 64))
        annotations.append(f"val_{i}.JPEG\t{names[i % classes]}\t0\t0\t62\t62")
    (folder / "val" / "val_annotations.txt").write_text("\n".join(annotations) + "\n")
    (folder / "wnids.txt").write_text("\n".join(reversed(names)) + "\n")  # not sorted, as published
    return names


def write_imagenet(root: Path, classes: int = 3, n: int = 3) -> list[str]:
    names = [f"n{20000000 + k}" for k in range(classes)]
    for part in ("train", "val"):
        for k, name in enumerate(names):
            for i in range(n):
                write_image(root / part / name / f"{name}_{i}.JPEG", (80 * k, 100, 50), (300 + 20 * i, 250))
    return names


def load(name: str, directory: Path, train: bool = True, **options: Any) -> Source:
    """A part of a data set, as small as tests write it."""
    return sources.load_source(name, directory, train, whole=False, **options)


def all_images(source: Source) -> np.ndarray[Any, Any]:
    return source.images[np.arange(len(source))]


def decoded(data: TaskData) -> Any:
    return data.images[np.arange(len(data))]


def corners(data: TaskData) -> tuple[Any, Any, Any]:
    """Top-left quarters, bottom-right quarters, and everything else."""
    images = decoded(data)
    half_height, half_width = images.shape[2] // 2, images.shape[3] // 2
    first = images[:, :, :half_height, :half_width]
    second = images[:, :, half_height:, half_width:]
    rest = np.concatenate([images[:, :, :half_height, half_width:], images[:, :, half_height:, :half_width]], axis=2)
    return first, second, rest


def counts_of(data: TaskData) -> Any:
    counts = np.zeros(data.classes, dtype=np.int64)
    np.add.at(counts, tuple(data.labels.T), 1)
    return counts
