"""Only regular files are opened: a pipe would wait for ever, a device would never end."""

from __future__ import annotations

from pathlib import Path


def require_regular(name: str, path: Path) -> None:
    """FileNotFoundError where there is no file at ``path``, ValueError for a pipe, socket or device; ``name`` says
    what the path is, as errors do: ``name='…'``."""
    if path.is_file():
        return
    if path.exists() and not path.is_dir():
        raise ValueError(f"{name}={str(path)!r} is no regular file but a pipe, socket or device; copy it to a file")
    raise FileNotFoundError(f"{name}={str(path)!r}: no such file")
