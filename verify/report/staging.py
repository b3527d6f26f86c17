"""Several files written as one: to temporary names first, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path


def open_folder(folder: str | Path) -> Path:
    """The folder, made with its parents where absent.

    NotADirectoryError names the path where a file is in the way, OSError the folder where nothing can be written.
    """
    path = Path(folder)
    for part in (path, *path.parents):
        if part.exists() and not part.is_dir():
            raise NotADirectoryError(f"folder={str(path)!r}: {str(part)!r} is a file; name a folder")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise OSError(f"folder={str(path)!r} cannot be written to ({error.strerror}); name another") from error
    return path


def write_together(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes every file under its relative name; all are on disk before the first is renamed, in the order given.

    After a failure or an interrupt every file is either whole or as it was, and no temporary file is left.
    """
    staged: list[tuple[str, Path]] = []
    try:
        for name, content in files.items():
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
            staged.append((temporary, target))
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            # mkstemp makes files private; a report is as readable as any other file
            os.chmod(temporary, 0o666 & ~_umask())
        while staged:
            os.replace(*staged[0])
            del staged[0]
    finally:
        for temporary, _ in staged:
            Path(temporary).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
