"""Images by index: in memory, selected from others, enlarged, or pasted on a canvas, on access."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ufm.support.memory import require_memory

Index = NDArray[np.int64]
Pixels = NDArray[np.uint8]

BATCH = 512  # images decoded at a time where all are needed


@runtime_checkable
class Images(Protocol):
    """N images of one shape (C, H, W): ``images[index]`` of an int64 array (n,) is uint8 (n, C, H, W)."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: Index) -> Pixels: ...


@dataclass(frozen=True)
class ArrayImages:
    """Images in memory, an array (N, C, H, W) of uint8."""

    array: Pixels

    def __post_init__(self) -> None:
        if not isinstance(self.array, np.ndarray):
            raise TypeError(f"images must be an array of uint8 (N, C, H, W), got a {type(self.array).__name__}")
        if self.array.ndim != 4 or self.array.dtype != np.uint8:
            raise ValueError(f"images must be uint8 (N, C, H, W), got {self.array.dtype} {self.array.shape}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        _, channels, height, width = self.array.shape
        return channels, height, width

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: Index) -> Pixels:
        return self.array[index]


@dataclass(frozen=True)
class SelectedImages:
    """Image i is image ``chosen[i]`` of others; an image may be chosen several times."""

    images: Images
    chosen: Index

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, H, W)."""
        return self.images.shape

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, index: Index) -> Pixels:
        return self.images[self.chosen[index]]


@dataclass(frozen=True)
class EnlargedImages:
    """Every pixel repeated ``scale`` × ``scale`` times, for networks that halve small images too often."""

    images: Images
    scale: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, scale H, scale W)."""
        channels, height, width = self.images.shape
        return channels, self.scale * height, self.scale * width

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: Index) -> Pixels:
        return self.images[index].repeat(self.scale, axis=2).repeat(self.scale, axis=3)


@dataclass(frozen=True)
class PastedImages:
    """Images side by side on a canvas of rows × columns cells; cells without an image are zero.

    pieces  (N, rows · columns) which image stands in which cell, row by row; −1 for none
    """

    images: Images
    pieces: Index
    rows: int = 2
    columns: int = 2

    @property
    def shape(self) -> tuple[int, int, int]:
        """(C, rows H, columns W)."""
        channels, height, width = self.images.shape
        return channels, self.rows * height, self.columns * width

    def __len__(self) -> int:
        return len(self.pieces)

    def __getitem__(self, index: Index) -> Pixels:
        pieces = self.pieces[index]
        canvas = np.zeros((len(pieces), *self.shape), dtype=np.uint8)
        _, height, width = self.images.shape
        for cell in range(self.rows * self.columns):
            filled = np.flatnonzero(pieces[:, cell] >= 0)
            if len(filled):
                row, column = divmod(cell, self.columns)
                place = np.s_[:, row * height : (row + 1) * height, column * width : (column + 1) * width]
                canvas[(filled, *place)] = self.images[pieces[filled, cell]]
        return canvas

    def only(self, side: str) -> PastedImages:
        """The images with all cells but one blank: "left" keeps the top-left cell, "right" the bottom-right one."""
        cells = {"left": 0, "right": self.rows * self.columns - 1}
        if side not in cells:
            raise ValueError(f"side must be 'left' or 'right', got {side!r}")
        pieces = np.full_like(self.pieces, -1)
        pieces[:, cells[side]] = self.pieces[:, cells[side]]
        return replace(self, pieces=pieces)


def checked_images(images: Any) -> Images:
    """Images as they are, or an array as images.

    Raises Raises TypeError or ValueError unless there is at least one and the first is uint8 of the declared shape (C,
    H, W).
    """
    if isinstance(images, np.ndarray):
        images = ArrayImages(images)
    if not isinstance(images, Images):
        raise TypeError(
            f"images must be an array of uint8 (N, C, H, W), or have a shape (C, H, W), a length, and images[index], "
            f"got a {type(images).__name__}"
        )
    if not len(images):
        raise ValueError("images are empty; there must be at least one")
    if not isinstance(images, ArrayImages):
        first = images[np.zeros(1, dtype=np.int64)]
        if not isinstance(first, np.ndarray) or first.dtype != np.uint8 or first.shape != (1, *images.shape):
            kind = getattr(first, "dtype", type(first).__name__)
            raise ValueError(
                f"images[index] must be uint8 (n, *{tuple(images.shape)}), got {kind} {getattr(first, 'shape', '')}; "
                "pixels count from 0 to 255"
            )
    return images


def in_memory(images: Images) -> ArrayImages:
    """All of them decoded into one array; raises MemoryError if that does not fit."""
    what = f"{len(images):,} images of {images.shape}"
    require_memory(len(images) * int(np.prod(images.shape)), "cpu", what, "take fewer or smaller images")
    array = np.empty((len(images), *images.shape), dtype=np.uint8)
    for start in range(0, len(images), BATCH):
        index = np.arange(start, min(start + BATCH, len(images)))
        array[index] = images[index]
    return ArrayImages(array)
