"""Only regular files are opened: a pipe would block forever, a device would never end."""

from __future__ import annotations

from pathlib import Path


def require_regular(name: str, path: Path) -> None:
    """Raises FileNotFoundError if ``path`` is no file, ValueError for a pipe, socket or device, as ``name='…'``."""
    if path.is_file():
        return
    if path.is_dir():
        raise FileNotFoundError(f"{name}={str(path)!r} is a folder; name a file in it")
    if path.exists():
        raise ValueError(f"{name}={str(path)!r} is not a regular file but a pipe, socket or device; copy it to a file")
    raise FileNotFoundError(f"{name}={str(path)!r}: no such file")
