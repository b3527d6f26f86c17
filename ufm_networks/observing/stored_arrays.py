"""Arrays by name in .npz or safetensors files from any program; headers are read first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ufm.support.memory import require_memory
from ufm.support.numpy_files import ArchivedArray, archived_arrays
from ufm.support.regular_file import require_regular
from ufm.support.validation import to_numpy

REALS = ("float64", "float32", "float16", "bfloat16")
_FORMATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool"} | {
    f"{letter}{bits}": f"{kind}{bits}" for letter, kind in (("I", "int"), ("U", "uint")) for bits in (8, 16, 32, 64)
}


@dataclass(frozen=True)
class Stored:
    """An array in a file.

    whole   all of it; MemoryError before it would not fit, ValueError if the file is damaged
    blocks  n → n rows at a time, in float64
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    whole: Callable[[], NDArray[Any]]
    blocks: Callable[[int], Iterator[Tensor]]

    @property
    def told(self) -> str:
        """For errors."""
        return f"{self.name} {self.shape}"


@dataclass(frozen=True)
class StoredArrays:
    """The arrays of a file by name; ``ordered``, whether the file keeps their order."""

    path: Path
    arrays: dict[str, Stored]
    ordered: bool


def stored_arrays(path: Path) -> StoredArrays:
    """Of an .npz or .safetensors file; FileNotFoundError without it, ValueError for what is none, or damaged."""
    require_regular("path", path)
    match path.suffix:
        case ".npz":
            found = archived_arrays(path, path.name)
            return StoredArrays(path, {name: _of_archive(array) for name, array in found.items()}, ordered=True)
        case ".safetensors":
            return StoredArrays(path, _of_safetensors(path), ordered=False)  # its writers sort
        case suffix:
            raise ValueError(f"{path.name} must be an .npz or .safetensors file, got {suffix or 'no suffix'!r}")


def header_of(path: Path) -> dict[str, str]:
    """The strings in the header of a safetensors file; raises ValueError if it is none."""
    with _opened(path) as file:
        return dict(file.metadata() or {})


def _of_archive(array: ArchivedArray) -> Stored:
    def blocks(rows: int) -> Iterator[Tensor]:
        return (torch.from_numpy(block.astype(np.float64)) for block in array.blocks(rows))

    return Stored(array.name, array.shape, array.dtype.newbyteorder("=").name, array.whole, blocks)


def _of_safetensors(path: Path) -> dict[str, Stored]:
    found = {}
    with _opened(path) as file:
        for name in file.keys():  # noqa: SIM118 (no mapping)
            part = file.get_slice(name)
            shape, kind = tuple(part.get_shape()), str(part.get_dtype())
            size = math.prod(shape) * 8
            found[name] = Stored(
                name,
                shape,
                _FORMATS.get(kind, kind),
                partial(_whole, path, name, size),
                partial(_blocks, path, name, shape),
            )
    if not found:
        raise ValueError(f"{path.name} holds no array")
    return found


def _whole(path: Path, name: str, size: int) -> NDArray[Any]:
    require_memory(2 * size, "cpu", f"array {name!r} of {path.name}")
    with _opened(path) as file:
        return np.array(to_numpy(file.get_tensor(name)))


def _blocks(path: Path, name: str, shape: tuple[int, ...], rows: int) -> Iterator[Tensor]:
    with _opened(path) as file:
        part = file.get_slice(name)
        for start in range(0, shape[0], rows):
            yield part[start : start + rows].double()


def _opened(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt")
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{path.name} is not a whole safetensors file ({error})") from error
