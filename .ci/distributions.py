"""Refuses a source distribution or a wheel that lacks a file of the project, or holds another.

    python .ci/distributions.py SOURCE DIST

SOURCE is the checkout that was built, with nothing in it but its files; DIST the folder with its sdist and its wheel.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

PACKAGES = ("theory", "ufm", "ufm_networks", "verify")
EXPERIMENTS = "ufm_networks/experiments/files/"
# what Git and setuptools keep for themselves
NOT_SHIPPED = {".gitignore"}
MADE = {"PKG-INFO", "setup.cfg"}


def files(folder: Path) -> set[str]:
    """Paths of the files below a folder, Git's own left out."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in paths if path.parts[0] != ".git"}


def in_wheel(source: set[str]) -> set[str]:
    """The packages with all their files, the program, and the experiments inside the package that trains them."""
    packaged = {path for path in source if path.partition("/")[0] in PACKAGES}
    experiments = {
        EXPERIMENTS + path.removeprefix("experiments/") for path in source if path.startswith("experiments/")
    }
    return packaged | experiments | {"ufm_command.py"}


def wheel_contents(wheel: Path) -> set[str]:
    """Without the metadata's folder."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    return {name for name in names if not name.endswith("/") and ".dist-info/" not in name}


def sdist_contents(sdist: Path) -> set[str]:
    """Without the folder that all is in, and without what setuptools writes."""
    with tarfile.open(sdist) as archive:
        names = {member.name.partition("/")[2] for member in archive if member.isfile()}
    return {name for name in names if ".egg-info/" not in name} - MADE


def difference(name: str, found: set[str], expected: set[str]) -> list[str]:
    """A line for each file that is missing, and for each that has no business there."""
    missing = [f"{name} lacks {path}" for path in sorted(expected - found)]
    return missing + [f"{name} holds {path}" for path in sorted(found - expected)]


def main(source_folder: str, dist_folder: str) -> int:
    """The exit status: 1 where a distribution holds another set of files than it should."""
    source, dist = files(Path(source_folder)), Path(dist_folder)
    [sdist], [wheel] = dist.glob("*.tar.gz"), dist.glob("*.whl")
    wrong = difference(sdist.name, sdist_contents(sdist), source - NOT_SHIPPED)
    wrong += difference(wheel.name, wheel_contents(wheel), in_wheel(source))
    print("\n".join(wrong) or f"{sdist.name} and {wheel.name} hold what they should: {len(source)} files at the source")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
