"""The folder of a report: an earlier report is replaced only on request."""

from __future__ import annotations

from itertools import count
from pathlib import Path


def report_folder(given: Path | None, default: Path, page: str, overwrite: bool, flag: str) -> tuple[Path, str]:
    """The folder, and a note if it is not the expected one.

    given      by ``flag``: an earlier report there is an error unless ``overwrite``, since the user will read the
               named folder
    default    used if none is given; if it holds a report, the first of default-2, default-3, … without one
    page       file by which a report is known
    Raises FileExistsError.
    """
    if given is not None:
        if (given / page).exists() and not overwrite:
            raise FileExistsError(
                f"{flag}={str(given)!r} holds an earlier report; --overwrite replaces it, or name another folder"
            )
        return given, ""
    if overwrite or not (default / page).exists():
        return default, ""
    free = next(
        folder
        for number in count(2)
        if not (folder := default.with_name(f"{default.name}-{number}")).exists() or not any(folder.iterdir())
    )
    return free, f"{default}/ holds an earlier report, so this one goes to {free}/; --overwrite replaces the earlier"
