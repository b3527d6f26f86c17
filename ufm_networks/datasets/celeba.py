"""CelebA, aligned and cropped: faces with 40 binary attributes, decoded when asked for (Liu et al. 2015)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.files import damaged, find, read_lines
from ufm_networks.datasets.image_files import ImageFiles, image_names
from ufm_networks.datasets.source import Source

FOLDERS = ("", "celeba", "CelebA", "Anno", "CelebA/Anno")
IMAGE_FOLDERS = ("", "celeba", "CelebA", "Img", "CelebA/Img")
FIRST_VALIDATION, FIRST_TEST = 162_771, 182_638  # published: numbers of the first image of each part
TRAIN, TEST = "0", "2"  # of list_eval_partition.txt


def celeba(directory: Path, train: bool, size: int = 64) -> Source:
    """``img_align_celeba/*.jpg``, ``list_attr_celeba.txt``, and ``list_eval_partition.txt`` where it is there.

    Without the last, an image belongs to the part that the published ranges of image numbers say.
    """
    attribute_file = find("celeba", directory, FOLDERS, ["list_attr_celeba.txt"])
    folder = find("celeba", directory, IMAGE_FOLDERS, ["img_align_celeba"])
    if (folder / "img_align_celeba").is_dir():  # as some archives are packed
        folder = folder / "img_align_celeba"
    images, attributes, attribute_names = _attributes(attribute_file)
    partition = attribute_file.parent / "list_eval_partition.txt"
    parts = _partition(partition) if partition.is_file() else {name: _published_part(name) for name in images}
    unknown = [name for name in images if name not in parts]
    if unknown:
        raise damaged(partition, f"a line for every image of {attribute_file.name}", f"none for {unknown[0]}")
    part = TRAIN if train else TEST
    rows = np.array([row for row, name in enumerate(images) if parts[name] == part], dtype=np.int64)
    names = [images[row] for row in rows]
    if not names:
        raise ValueError(
            f"celeba: no image of {attribute_file.name} belongs to the {'training' if train else 'test'} part"
        )
    missing = set(names) - set(image_names(folder))
    if missing:
        raise FileNotFoundError(
            f"celeba: {len(missing):,} of {len(names):,} images are missing in {str(folder)!r}, {min(missing)} for one"
        )
    return Source(
        name="celeba",
        images=ImageFiles(folder, names, size),
        attributes=attributes[rows],
        attribute_names=attribute_names,
    )


def _attributes(path: Path) -> tuple[list[str], NDArray[np.int64], tuple[str, ...]]:
    """First the number of images, then the attributes' names, then a line per image: its name and ±1 per attribute."""
    lines = read_lines(path)
    if len(lines) < 3 or not lines[0].strip().isdigit():
        raise damaged(path, "the number of images, a line of names, and a line per image", f"{len(lines)} lines")
    names, number = tuple(lines[1].split()), int(lines[0])
    if len(lines) - 2 != number:
        raise damaged(path, f"{number:,} images, as its first line says", f"{len(lines) - 2:,}")
    if 2 * number * len(names) > path.stat().st_size:  # before a table of that size is made
        raise damaged(path, f"a value and a blank for each of {number:,} × {len(names):,} attributes", "a smaller file")
    images: list[str] = []
    seen: set[str] = set()
    values = np.empty((number, len(names)), dtype=np.int64)
    for row, line in enumerate(lines[2:]):
        image, *cells = line.split()
        if len(cells) != len(names) or any(cell not in ("1", "-1") for cell in cells):
            raise damaged(path, f"a name and {len(names)} values 1 or -1 in line {row + 3}", repr(line))
        if image in seen:
            raise damaged(path, "every image once", f"{image} again in line {row + 3}")
        seen.add(image)
        images.append(image)
        values[row] = [cell == "1" for cell in cells]
    return images, values, names


def _partition(path: Path) -> dict[str, str]:
    parts: dict[str, str] = {}
    for row, line in enumerate(read_lines(path), start=1):
        cells = line.split()
        if len(cells) != 2 or cells[1] not in ("0", "1", "2"):
            raise damaged(path, f"an image and 0, 1 or 2 in line {row}", repr(line))
        if cells[0] in parts:
            raise damaged(path, "every image once", f"{cells[0]} again in line {row}")
        parts[cells[0]] = cells[1]
    return parts


def _published_part(name: str) -> str:
    number = Path(name).stem
    if not number.isdigit():
        raise ValueError(f"celeba: {name!r} is not an image number, and list_eval_partition.txt is missing")
    return TRAIN if int(number) < FIRST_VALIDATION else "1" if int(number) < FIRST_TEST else TEST
