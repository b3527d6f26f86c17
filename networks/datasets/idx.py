"""The IDX format of MNIST: 0, 0, type, number of axes, sizes (big-endian int32), then the values; plain or gzip."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from networks.datasets.files import damaged

UNSIGNED_BYTE = 8  # the type that MNIST uses


def read_idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """An array of unsigned bytes with the given number of axes.

    Raises ValueError, naming the file, where its header is another, or its length is not what the header says.
    """
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as file:
                content = file.read()
        else:
            content = path.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, "a whole gzip file", error) from error
    header = bytes([0, 0, UNSIGNED_BYTE, axes])
    start = 4 + 4 * axes
    if content[:4] != header or len(content) < start:
        raise damaged(path, f"an IDX header {header.hex()} and {axes} sizes", content[:start].hex() or "nothing")
    shape = struct.unpack(f">{axes}I", content[4:start])
    if len(content) - start != math.prod(shape):
        raise damaged(path, f"{math.prod(shape):,} values, as its sizes {shape} say", f"{len(content) - start:,}")
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
