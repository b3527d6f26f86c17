"""The IDX format of MNIST: 0, 0, type, number of axes, sizes (big-endian int32), then the values; plain or gzip."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.files import damaged, require_file

UNSIGNED_BYTE = 8  # the type that MNIST uses
CHUNK = 1 << 20  # bytes read at a time


def read_idx(path: Path, shape: tuple[int, ...], most: int) -> NDArray[np.uint8]:
    """An array (n, *shape) of unsigned bytes with n ≤ ``most``.

    Raises ValueError, naming the file, if its header is another, or its length is not what the header says; nothing
    is read or unpacked beyond n·Π shape values.
    """
    require_file(path)
    axes = 1 + len(shape)
    header = bytes([0, 0, UNSIGNED_BYTE, axes])
    start = 4 + 4 * axes
    packed = path.suffix == ".gz"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            head = file.read(start)
            if head[:4] != header or len(head) < start:
                raise damaged(path, f"an IDX header {header.hex()} and {axes} sizes", head.hex() or "nothing")
            sizes = struct.unpack(f">{axes}I", head[4:])
            if sizes[1:] != shape:
                raise damaged(path, f"images of {shape}", f"images of {sizes[1:]}")
            if sizes[0] > most:
                raise damaged(path, f"at most {most:,}, as are published", f"{sizes[0]:,}")
            values = math.prod(sizes)
            there = values if packed else path.stat().st_size - start
            if there != values:
                raise damaged(path, f"{values:,} values, as its sizes {sizes} say", f"{there:,}")
            content = bytearray()
            # until there are more than there may be: a small gzip file can hold any number of bytes, and a header
            # can ask for any number
            while len(content) <= values and (part := file.read(CHUNK)):
                content += part
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, "a whole gzip file", error) from error
    if len(content) != values:
        found = f"{len(content):,}" if len(content) < values else "more"
        raise damaged(path, f"{values:,} values, as its sizes {sizes} say", found)
    return np.frombuffer(content, dtype=np.uint8).reshape(sizes)
