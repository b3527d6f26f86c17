"""Reading a safetensors file with a JSON record in its header, shared by all kinds of result files."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from torch import Tensor

from ufm.support.bounded_json import parse_json
from ufm.support.checked_tensors import load_checked
from ufm.support.regular_file import require_regular


def read_record(
    path: str | Path,
    form: str,
    kind: str,
    name: str,
    made: Callable[[dict[str, Any], dict[str, Tensor]], dict[str, Any]],
) -> dict[str, Any]:
    """Returns ``made(record, tensors)`` of the record header[name] and the tensors, both exactly as they were saved.

    form, kind  as ``load_checked``
    Raises TypeError if ``path`` is not a path; FileNotFoundError if there is no file; ValueError, naming it, if it is
    damaged, something else, or unusable; MemoryError if it would not fit.
    """
    if not isinstance(path, (str, PathLike)):
        raise TypeError(f"path must be a path to a file, got {path!r}")
    path = Path(path)
    require_regular("path", path)
    try:
        tensors, header = load_checked(path, form, kind)
    except ValueError as error:
        raise ValueError(f"path={str(path)!r} is {error}") from error
    try:
        return made(parse_json(header[name]), tensors)
    except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
        raise ValueError(f"path={str(path)!r} is incomplete: {error!r}") from error
