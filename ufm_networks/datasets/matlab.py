"""Arrays of numbers in MATLAB 5 files, every length checked before it is believed.

A file is a header of 128 bytes, then elements: a tag (type, bytes) and data, padded to 8 bytes. A variable is an
element of type 14, packed by zlib inside one of type 15, and made of four elements: flags, sizes, name, values.
Source: MathWorks, MAT-File Format, version 5. Published readers trust the types inside and crash where one is wrong.
"""

from __future__ import annotations

import math
import os
import struct
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.files import damaged, require_file

HEADER = 128
INT32, UINT32, MATRIX, PACKED = 5, 6, 14, 15
# numbers as they are stored, whatever class they are of: MATLAB stores whole doubles as bytes
TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", INT32: "i4", UINT32: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
NUMBER_CLASSES = range(6, 16)  # double, single, and integers of 8 to 64 bits; others are cells, objects, text, …
COMPLEX = 0x0800


def read_matlab(path: Path, names: Collection[str], most: int) -> dict[str, NDArray[Any]]:
    """The variables of these names that are there.

    most  bytes that a variable may have at most, which bounds what a small packed file can ask for
    Raises ValueError, naming the file, if it is damaged, or a variable is not an array of real numbers.
    """
    require_file(path)
    found: dict[str, NDArray[Any]] = {}
    try:
        with path.open("rb") as file:
            order = {b"IM": "<", b"MI": ">"}.get(file.read(HEADER)[126:])
            if order is None:
                raise ValueError("its header has no byte order")
            left = os.fstat(file.fileno()).st_size - HEADER
            while left:
                kind, content, size = _next(file, order, left, most)
                left -= size
                if kind == MATRIX:
                    found |= _variable(content, order, names)
    except (ValueError, struct.error, zlib.error) as error:
        raise damaged(path, "a MATLAB 5 file", error) from error
    return found


def _next(file: BinaryIO, order: str, left: int, most: int) -> tuple[int, memoryview, int]:
    """The next element: its type, its data, unpacked, and how many bytes of the file it takes."""
    kind, size = struct.unpack(f"{order}II", file.read(8))
    if size > left - 8:
        raise ValueError(f"an element of {size:,} bytes where {left - 8:,} are left")
    if size > most:
        raise ValueError(f"an element of {size:,} bytes, more than {most:,}")
    content = file.read(size)
    if kind == PACKED:
        unpacker = zlib.decompressobj()
        content = unpacker.decompress(content, most + 8)
        if not unpacker.eof:
            raise ValueError(f"a packed element that is cut short, or of more than {most:,} bytes")
        kind, inner, _ = _element(memoryview(content), 0, order)
        return kind, inner, 8 + size
    return kind, memoryview(content), 8 + size


def _element(data: memoryview, at: int, order: str) -> tuple[int, memoryview, int]:
    """Type and data of the element at a place, and the place after it; up to four bytes may stand in the tag itself."""
    kind, size = struct.unpack_from(f"{order}II", data, at)
    start, after = at + 8, at + 8 + size + -size % 8
    if kind >> 16:
        kind, size, start, after = kind & 0xFFFF, kind >> 16, at + 4, at + 8
    if start + size > len(data) or (start == at + 4 and size > 4):
        raise ValueError(f"an element of {size:,} bytes where there are fewer")
    return kind, data[start : start + size], after


def _variable(data: memoryview, order: str, names: Collection[str]) -> dict[str, NDArray[Any]]:
    """The variable by its name; nothing where that is not asked for."""
    flags_type, flags, at = _element(data, 0, order)
    sizes_type, sizes, at = _element(data, at, order)
    _, title, at = _element(data, at, order)
    name = bytes(title).decode("latin-1")
    if name not in names:
        return {}
    if (flags_type, len(flags), sizes_type) != (UINT32, 8, INT32) or len(sizes) % 4:
        raise ValueError(f"{name} begins with types {flags_type} and {sizes_type}")
    word = struct.unpack_from(f"{order}I", flags)[0]
    if word & 0xFF not in NUMBER_CLASSES or word & COMPLEX:
        raise ValueError(f"{name} is not an array of real numbers (class {word & 0xFF})")
    kind, values, _ = _element(data, at, order)
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    if kind not in TYPES or min(shape, default=-1) < 0:
        raise ValueError(f"{name} has sizes {shape} and numbers of type {kind}")
    dtype = np.dtype(order + TYPES[kind])
    if math.prod(shape) * dtype.itemsize != len(values):
        raise ValueError(f"{name} has sizes {shape} and {len(values):,} bytes of {dtype}")
    return {name: np.frombuffer(values, dtype=dtype).reshape(shape, order="F")}
