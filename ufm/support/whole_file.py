"""Files written whole or not at all: staged in a hidden folder beside them, synced to disk, renamed.

After a failure or an interrupt every file is either whole or as it was, and nothing else is left. A kill leaves the
hidden folder, which the next write of the same file removes; a lock, which ends with its process, tells it from one in
use. Symbolic links stay, what they point to is replaced. New files have the permissions that the umask leaves.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from ufm.support.writable import require_target

logger = logging.getLogger(__name__)
SUFFIX = ".part"


@contextmanager
def whole_file(path: str | Path, *, advice: str = "", what: str = "path") -> Iterator[Path]:
    """A temporary path for a library to write to; it becomes ``path`` at the end.

    Raises OSError, naming ``path`` and the reason, if it cannot be written, such as on a full disk; ``advice`` is
    added. ValueError and FileNotFoundError as ``ufm.support.writable.require_file``; ``what`` is the field's name.
    """
    target = require_target(path, what)
    with _named(path, advice), staging(target.parent, target.name) as stage:
        partial = stage / target.name
        yield partial
        _settle(partial, stage)
        os.replace(partial, target)
        to_disk(target.parent)
    logger.info("wrote %s", path)


def write_whole(path: str | Path, content: bytes | str, *, what: str = "path") -> None:
    """Writes given content as ``whole_file`` does."""
    with whole_file(path, what=what) as partial:
        partial.write_bytes(as_bytes(content))


def write_together(folder: Path, files: Mapping[str, bytes | str]) -> None:
    """Writes every file under its relative name; all are on disk before the first is renamed, in the given order."""
    with contextlib.ExitStack() as stack:
        stages: dict[Path, Path] = {}
        staged: list[tuple[Path, Path]] = []
        for number, (name, content) in enumerate(files.items()):
            with _named(folder / name):
                (folder / name).parent.mkdir(exist_ok=True)
                target = require_target(folder / name)
                if target.parent not in stages:
                    stages[target.parent] = stack.enter_context(staging(target.parent, folder.name))
                partial = stages[target.parent] / f"{number}-{target.name}"[-200:]
                partial.write_bytes(as_bytes(content))
                _settle(partial, stages[target.parent])
                staged.append((partial, target))
        for partial, target in staged:
            with _named(target):
                os.replace(partial, target)
                logger.info("wrote %s", target)
        for place in stages:
            to_disk(place)


def as_bytes(content: bytes | str) -> bytes:
    """The text in UTF-8; surrogates, as from undecodable file names, are escaped as in JSON and Python."""
    return content.encode(errors="backslashreplace") if isinstance(content, str) else content


@contextmanager
def staging(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder of this process in ``parent``, removed at the end together with those that killed runs left."""
    _remove_abandoned(parent, name)
    stage, lock = _locked_folder(parent, name)
    try:
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _locked_folder(parent: Path, name: str) -> tuple[Path, int | None]:
    while True:
        stage = parent / f"{_prefix(name)}{secrets.token_hex(4)}{SUFFIX}"
        try:
            stage.mkdir()
        except FileExistsError:
            continue
        lock = _lock(stage)
        # another process may have taken it for abandoned before it was locked
        if stage.exists():
            return stage, lock
        if lock is not None:
            os.close(lock)


def _remove_abandoned(parent: Path, name: str) -> None:
    """Removes folders without a live lock, and files that earlier versions left."""
    for left in parent.glob(f"{_prefix(name)}????????{SUFFIX}".replace("[", "[[]")):
        lock = None if left.is_symlink() else _lock(left)
        if lock is not None:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif left.is_file():
                left.unlink(missing_ok=True)
            os.close(lock)


def _prefix(name: str) -> str:
    """Short enough to leave room in a file system's 255 bytes."""
    return f".{name.encode()[:200].decode(errors='ignore')}."


def _lock(path: Path) -> int | None:
    """The descriptor of a lock on it; None if another process has it, or where there are no locks."""
    try:
        import fcntl

        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (ModuleNotFoundError, OSError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _settle(partial: Path, stage: Path) -> None:
    """Syncs the file to disk and gives it the permissions of any new file, whatever the library set."""
    mode = stage.stat().st_mode & 0o666
    if stat.S_IMODE(partial.stat().st_mode) != mode:
        os.chmod(partial, mode)
    descriptor = os.open(partial, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def to_disk(folder: Path) -> None:
    """The new names; where a system cannot do that for folders it is not needed, or not to be had."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _named(path: str | Path, advice: str = "") -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        raise OSError(f"{str(path)!r} cannot be written ({_reason(error)}); what was there is kept{advice}") from error


def _reason(error: BaseException) -> str:
    """The system's reason behind a library's own message, such as a full disk."""
    cause: BaseException | None = error
    while cause is not None and not (isinstance(cause, OSError) and cause.strerror):
        cause = cause.__cause__ or cause.__context__
    text = str(getattr(cause, "strerror", None) or error).splitlines()[0]
    number = re.search(r"\(os error (\d+)\)|\[errno (\d+)\]", text)  # safetensors' and Arrow's, in English
    return os.strerror(int(number[1] or number[2])) if number else text
