"""The version, kept in ``pyproject.toml`` alone: read from an installed package's metadata, or from that file."""

from __future__ import annotations

import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NAME = "ufm-toolkit"


def installed_version() -> str:
    """``0.1.0``; ``0.1.0+checkout`` where these files are used without being installed.

    Raises PackageNotFoundError if there is neither.
    """
    try:
        return version(NAME)
    except PackageNotFoundError:
        file = Path(__file__).parents[1] / "pyproject.toml"
        project = tomllib.loads(file.read_text("utf-8"))["project"] if file.is_file() else {}
        if project.get("name") != NAME:
            raise
        return f"{project['version']}+checkout"


__version__ = installed_version()
