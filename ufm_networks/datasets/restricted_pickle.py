"""Reading the pickled version of CIFAR without running anything that a file may name.

A pickle is a program: it may import and call what it likes. Here the only things it can name are the three that a
NumPy array is written with, and even those are stand-ins: nothing of NumPy is called with what the file says until
the array's type, shape and length have been checked. Beside arrays a file can hold None, numbers, strings, bytes,
lists, tuples and dictionaries.
"""

from __future__ import annotations

import io
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.files import damaged

TYPES = ("b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8")


class _Type:
    """Stand-in of numpy.dtype for plain numbers."""

    def __init__(self, name: str, *_: object) -> None:
        if name not in TYPES:
            raise pickle.UnpicklingError(f"arrays of type {name!r} are not allowed")
        self.name = name
        self.order = "|"

    def __setstate__(self, state: Any) -> None:
        if state[1] not in ("|", "<", ">", "=") or any(part is not None for part in state[2:5]):
            raise pickle.UnpicklingError("arrays with fields are not allowed")
        self.order = state[1]


class _Array:
    """Stand-in of numpy.ndarray, which becomes an array once its state is known."""

    value: NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, content = state
        if isinstance(content, str):  # as Python 2 wrote bytes, read as latin-1
            content = content.encode("latin-1")
        whole = type(shape) is tuple and all(type(n) is int and n >= 0 for n in shape) and type(content) is bytes
        if not whole or type(kind) is not _Type:
            raise pickle.UnpicklingError("an array that is not plain numbers")
        dtype = np.dtype(kind.name).newbyteorder(kind.order)  # type: ignore[arg-type]
        if math.prod(shape) * dtype.itemsize != len(content):
            raise pickle.UnpicklingError(f"an array {shape} of {dtype} with {len(content)} bytes")
        self.value = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if by_columns else "C")


def _reconstruct(*_: object) -> _Array:
    return _Array()


def _encode(text: object, encoding: object) -> bytes:
    """Stand-in of codecs.encode, by which Python 3 writes bytes in old protocols."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("bytes in another encoding than latin1 are not allowed")
    return text.encode("latin-1")


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            allowed = _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it names {module}.{name}; only arrays, strings, bytes, lists and dictionaries are read"
            ) from None
        # a function of its own for each mention: a pickle can set attributes of what it has named
        return allowed if isinstance(allowed, type) else lambda *arguments: allowed(*arguments)


def read_pickled_table(path: Path) -> dict[str, Any]:
    """The dictionary in a pickle file, its keys as strings; arrays are numpy arrays, read-only.

    Raises ValueError, naming the file, for a pickle that names anything else, or is damaged. Nothing is executed.
    """
    try:
        table = _Unpickler(io.BytesIO(path.read_bytes()), encoding="latin-1").load()
    except OSError:
        raise
    except Exception as error:  # a damaged pickle raises whatever the operations it is made of raise
        raise ValueError(f"{str(path)!r} is refused or damaged: {str(error) or type(error).__name__}") from error
    if type(table) is not dict:
        raise damaged(path, "a dictionary", type(table).__name__)
    return {
        key.decode("latin-1") if isinstance(key, bytes) else str(key): value.value
        if isinstance(value, _Array)
        else value
        for key, value in table.items()
    }
