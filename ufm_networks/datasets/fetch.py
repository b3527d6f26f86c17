"""Fetching a published data set: download, compare with its checksum, unpack."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from ufm.support.nearest_name import unknown_name
from ufm.support.whole_file import staging
from ufm.support.writable import open_folder
from ufm_networks.datasets.files import damaged
from ufm_networks.datasets.published import BUNDLED, PUBLISHED, Published, PublishedFile


def fetch(name: str, directory: Path, say: Callable[[str], object] = print, progress: bool = False) -> None:
    """Downloads what is missing in ``directory``, checks every file's SHA-256, and unpacks archives beside themselves.

    Existing files are checked and kept, so that a folder filled by hand is prepared in the same way;
    an archive may be absent once its unpacked folder exists. ``say`` is called with every line of progress.

    Raises ValueError for a file with another checksum (it is left as it is) and for an unknown name; ConnectionError
    if no address answers; FileNotFoundError if files can only be had by hand, saying how.
    """
    if name in BUNDLED:
        say(f"{name} comes with {BUNDLED[name]}; there is nothing to fetch")
        return
    if name not in PUBLISHED:
        raise unknown_name("name", name, [*BUNDLED, *PUBLISHED])
    published = PUBLISHED[name]
    missing = [file for file in published.files if not _there(file, directory)]
    if missing:
        open_folder(directory, what="--dir")
    for file in published.files:
        if file in missing and not file.addresses:
            raise _by_hand(name, published, missing, directory)
        _fetch_file(file, directory, say, progress)
    say(f"{name} is in {directory}")


def _there(file: PublishedFile, directory: Path) -> bool:
    unpacked = file.unpacks_to is not None and (directory / file.unpacks_to).is_dir()
    return unpacked or (directory / file.name).is_file()


def _fetch_file(file: PublishedFile, directory: Path, say: Callable[[str], object], progress: bool) -> None:
    path = directory / file.name
    if path.is_file():
        _require_checksum(path, file.sha256)
        say(f"{file.name}: there, checksum as published")
    elif file.unpacks_to is not None and (directory / file.unpacks_to).is_dir():
        say(f"{file.unpacks_to}: there (its archive is not, so no checksum was compared)")
        return
    else:
        _download(file, directory, progress)
        say(f"{file.name}: fetched, checksum as published")
    if file.unpacks_to is not None and not (directory / file.unpacks_to).is_dir():
        if file.by_hand:
            raise FileNotFoundError(f"{str(directory / file.unpacks_to)!r} is missing: unpack {file.name} by hand")
        _unpack(path, file.unpacks_to)
        say(f"{file.unpacks_to}: unpacked")


def _require_checksum(path: Path, sha256: str) -> None:
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ValueError(
            f"{str(path)!r} has SHA-256 {found}, published is {sha256}: it is damaged, cut short or another file; "
            "remove it to have it fetched again"
        )


def _download(file: PublishedFile, directory: Path, progress: bool) -> None:
    try:
        import pooch  # an extra
        import requests
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("fetching needs pooch: pip install 'ufm-toolkit[networks]'") from error
    pooch.get_logger().setLevel("WARNING")
    failures = []
    for address in file.addresses:
        try:
            with _bar(file.name, progress) as bar, staging(directory, file.name) as stage:
                downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=60)
                pooch.retrieve(address, f"sha256:{file.sha256}", fname=file.name, path=stage, downloader=downloader)
                os.replace(stage / file.name, directory / file.name)
            return
        except (requests.RequestException, ValueError, OSError) as error:
            failures.append(f"{address}: {error}")
    raise ConnectionError(
        f"{file.name} could not be fetched; with a copy of it in {str(directory)!r} (SHA-256 {file.sha256}) the same "
        f"command goes on. Tried {'; '.join(failures)}"
    )


@contextmanager
def _bar(name: str, shown: bool) -> Iterator[Any]:
    """A progress bar as pooch uses it: ``total`` is set, ``update`` is called with what came, ``reset`` at the end."""
    if not shown:
        yield False
        return
    with Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()) as progress:
        yield _Bar(progress, name)


class _Bar:
    def __init__(self, progress: Progress, name: str) -> None:
        self.progress, self.task = progress, progress.add_task(name, total=None)

    @property
    def total(self) -> float | None:
        return self.progress.tasks[self.task].total

    @total.setter
    def total(self, size: float) -> None:
        self.progress.update(self.task, total=size)

    def update(self, size: int) -> None:
        self.progress.update(self.task, advance=size)

    def reset(self) -> None:
        self.progress.update(self.task, completed=0)

    def close(self) -> None:
        self.progress.stop()


def _unpack(archive: Path, folder: str) -> None:
    """Unpacks under a temporary name beside the target, then renames: a folder is whole or absent."""
    with staging(archive.parent, folder) as stage:
        try:
            if archive.suffix == ".zip":
                with zipfile.ZipFile(archive) as zipped:  # which keeps members inside the folder
                    zipped.extractall(stage)
            else:
                with tarfile.open(archive) as packed:
                    packed.extractall(stage, filter="data")
        except (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error) as error:
            raise damaged(archive, "a whole archive", error) from error
        if not (stage / folder).is_dir():
            raise damaged(archive, f"a folder {folder}", ", ".join(sorted(os.listdir(stage))) or "nothing")
        os.replace(stage / folder, archive.parent / folder)


def _by_hand(name: str, published: Published, missing: list[PublishedFile], directory: Path) -> FileNotFoundError:
    files = ", ".join(f"{file.name} (SHA-256 {file.sha256})" for file in missing)
    return FileNotFoundError(
        f"{name} has to be fetched by hand. {published.by_hand} Put into {str(directory)!r}: {files}"
    )
