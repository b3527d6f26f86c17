"""NumPy's .npy and .npz files, read without pickle and without trusting their headers."""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ufm.support.memory import require_memory

# a header is Python's literal, and what is damaged may be no token; RuntimeError is an encrypted archive's
_NO_HEADER = (ValueError, TypeError, SyntaxError, tokenize.TokenError, RecursionError)
_BROKEN = (*_NO_HEADER, OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error)
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def mapped_array(path: Path, name: str, holds: str) -> NDArray[Any]:
    """The memory-mapped array of an .npy file; a header that claims more than the file holds is refused.

    name   the file's name in errors; holds, its expected content, such as "integers"
    Raises ValueError if the file is damaged, an archive or pickled.
    """
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except _BROKEN as error:
        raise ValueError(f"{name} is not a whole .npy array of {holds} ({error})") from error
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{name} is an archive of arrays; name it .npz")
    return array


@dataclass(frozen=True)
class ArchivedArray:
    """An array of an .npz file of which only the header has been read."""

    path: Path
    file: str
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_rows: bool
    member: str

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array."""
        return math.prod(self.shape) * self.dtype.itemsize

    def whole(self) -> NDArray[Any]:
        """The whole array, checksum verified; raises MemoryError if it would not fit, ValueError if damaged."""
        require_memory(2 * self.nbytes, "cpu", f"array {self.name!r} of {self.path.name}, shape {self.shape}")
        with _opened(self.path, self.member, self.file) as stream:
            return np.asarray(npy.read_array(stream, allow_pickle=False))

    def blocks(self, rows: int) -> Iterator[NDArray[Any]]:
        """Yields ``rows`` rows at a time in file order; an array in Fortran order is read whole first."""
        if not self.by_rows:
            array = self.whole()
            yield from (array[i : i + rows] for i in range(0, len(array), rows))
            return
        of_row = math.prod(self.shape[1:])
        with _opened(self.path, self.member, self.file) as stream:
            _header(stream)
            for start in range(0, self.shape[0], rows):
                n = min(rows, self.shape[0] - start)
                data = stream.read(n * of_row * self.dtype.itemsize)
                yield np.frombuffer(data, self.dtype, n * of_row).reshape(n, *self.shape[1:])
            stream.read(1)  # the end, where zipfile tries the checksum


def archived_arrays(path: Path, name: str) -> dict[str, ArchivedArray]:
    """The arrays of an .npz file by name, in file order; only headers are read.

    Raises ValueError, ``name`` first, for what is no whole archive of plain arrays.
    """
    found: dict[str, ArchivedArray] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                key = info.filename.removesuffix(".npy")
                if key == info.filename:
                    raise ValueError(f"it holds {info.filename!r}, which is not an .npy array")
                if key in found:
                    raise ValueError(f"it holds two arrays {key!r}")
                with archive.open(info) as stream:
                    shape, fortran, dtype = _header(stream)
                    size = stream.tell() + math.prod(shape) * dtype.itemsize
                if dtype.hasobject:
                    raise ValueError(f"array {key!r} is pickled; save numbers or text, no objects")
                if size != info.file_size:
                    raise ValueError(f"array {key!r} says {shape} of {dtype}, but has another number of bytes")
                found[key] = ArchivedArray(path, name, key, shape, dtype, not fortran, info.filename)
    except _BROKEN as error:
        raise ValueError(f"{name} is not a whole .npz archive of arrays ({error})") from error
    if not found:
        raise ValueError(f"{name} holds no array")
    return found


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    version = npy.read_magic(stream)
    if version not in _HEADERS:
        raise ValueError(f".npy version {version} is for structured arrays")
    shape, fortran, dtype = _HEADERS[version](stream)
    return tuple(shape), bool(fortran) and len(shape) > 1, dtype


@contextmanager
def _opened(path: Path, member: str, file: str) -> Iterator[IO[bytes]]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            yield stream
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise ValueError(f"{file} is damaged: array {member.removesuffix('.npy')!r} ({error})") from error
