"""Images that stay in their files and are decoded on access."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ufm_networks.datasets.files import require_file
from ufm_networks.datasets.images import Index, Pixels

THREADS = min(8, os.cpu_count() or 1)  # Pillow decodes without holding Python's lock
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")  # of which Pillow may decode; left to itself it starts programs for others
# Pixels: any image may have as many; a larger one, up to the second number, at most so many a byte of its file. A flat
# JPEG has 100, an empty PNG thousands; the largest image of ImageNet is of 61 million.
ANY_SIZE, LARGEST, PER_BYTE = 2**24, 2**26, 100
EXTENSIONS = (".jpeg", ".jpg", ".png", ".bmp", ".webp")


@dataclass(frozen=True)
class ImageFiles:
    """Colour images of ``size`` × ``size``, decoded by Pillow: shorter side scaled to size, centre cut out.

    Nothing is cached: memory holds only the paths and the current batch.
    Raises ValueError or FileNotFoundError naming the file if it is missing, cut short, or not an image.
    """

    folder: Path
    names: Sequence[str]
    size: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(3, size, size)."""
        return 3, self.size, self.size

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: Index) -> Pixels:
        pixels = np.empty((len(index), *self.shape), dtype=np.uint8)
        paths = [self.folder / self.names[i] for i in index.tolist()]
        if len(paths) < 2 * THREADS:
            decoded = [_decode(path, self.size) for path in paths]
        else:
            with ThreadPoolExecutor(THREADS) as pool:
                decoded = list(pool.map(lambda path: _decode(path, self.size), paths))
        for row, image in enumerate(decoded):
            pixels[row] = image
        return pixels


def _decode(path: Path, size: int) -> Pixels:
    try:
        from PIL import Image  # an extra
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("image files need pillow: pip install 'ufm-toolkit[networks]'") from error
    require_file(path)
    try:
        with Image.open(path, formats=FORMATS) as file:
            _check_size(file.width * file.height, path.stat().st_size)
            image = file.convert("RGB")
    except FileNotFoundError:
        raise
    except Exception as error:  # a damaged image raises OSError, SyntaxError, ValueError, … by its format
        raise ValueError(f"{str(path)!r} is not a whole image ({error})") from error
    width, height = image.size
    if (width, height) != (size, size):
        shorter = min(width, height)
        left, top = (width - shorter) / 2, (height - shorter) / 2
        box = (left, top, left + shorter, top + shorter)
        image = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.asarray(image, dtype=np.uint8).transpose(2, 0, 1)


def _check_size(pixels: int, size: int) -> None:
    """Raises ValueError, before decoding, for more pixels than a file of this size can plausibly hold."""
    if pixels > ANY_SIZE and pixels > min(LARGEST, PER_BYTE * size):
        raise ValueError(f"{pixels:,} pixels in {size:,} bytes; scale it down to {ANY_SIZE:,} pixels")


def image_names(folder: Path) -> list[str]:
    """Names of the image files in a folder, sorted."""
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.name.lower().endswith(EXTENSIONS))
