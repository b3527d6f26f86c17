"""The IDX format of MNIST: 0, 0, type, number of axes, sizes (big-endian int32), then the values; plain or gzip."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.files import damaged

UNSIGNED_BYTE = 8  # the type that MNIST uses
CHUNK = 1 << 20  # bytes read at a time


def read_idx(path: Path, axes: int) -> NDArray[np.uint8]:
    """An array of unsigned bytes with the given number of axes.

    Raises ValueError, naming the file, where its header is another, or its length is not what the header says.
    """
    header = bytes([0, 0, UNSIGNED_BYTE, axes])
    start = 4 + 4 * axes
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(start)
            if head[:4] != header or len(head) < start:
                raise damaged(path, f"an IDX header {header.hex()} and {axes} sizes", head.hex() or "nothing")
            shape = struct.unpack(f">{axes}I", head[4:])
            values = math.prod(shape)
            content = bytearray()
            # until there are more than there may be: a small gzip file can hold any number of bytes, and a header
            # can ask for any number
            while len(content) <= values and (part := file.read(CHUNK)):
                content += part
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise damaged(path, "a whole gzip file", error) from error
    if len(content) != values:
        found = f"{len(content):,}" if len(content) < values else "more"
        raise damaged(path, f"{values:,} values, as its sizes {shape} say", found)
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)
