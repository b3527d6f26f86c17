"""The environment in which the numbers were computed."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from importlib import metadata

PACKAGES = ("ufm-toolkit", "torch", "numpy")


def environment() -> dict[str, str]:
    """Versions, platform and date, without the name of the machine or any path on it."""
    versions = {name: _version(name) for name in PACKAGES}
    return {
        **versions,
        "Python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}".strip(),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    }


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed as a package"
