"""Checks of panel and run names, which become folders and legends, before the first run is trained."""

from __future__ import annotations

LONGEST = 200  # bytes of a folder's name that the names of a run may take; file systems allow 255


def require_name_for_files(field: str, name: str) -> None:
    """Raises ValueError for a name that is not a line of text, or that matplotlib cannot draw or leaves out."""
    if not name.isprintable():
        raise ValueError(
            f"{field}={name!r} must be a line of printable characters; it names folders and lines in figures"
        )
    if name.startswith("_"):
        raise ValueError(
            f"{field}={name!r} begins with '_', and matplotlib leaves such names out of legends; begin otherwise"
        )
    if len(name.encode()) > LONGEST:
        raise ValueError(
            f"{field}={name[:20]!r}… has {len(name.encode())} bytes; a folder's name has room for {LONGEST}"
        )
    require_formula(field, name)


def require_formula(field: str, name: str) -> None:
    """Raises ValueError if matplotlib would read an invalid formula between dollar signs."""
    if name.count("$") < 2:
        return
    try:
        from matplotlib.mathtext import MathTextParser  # an extra
    except ModuleNotFoundError:  # whoever draws needs it, and is told so before training
        return
    try:
        MathTextParser("path").parse(name)
    except ValueError as error:
        said = str(error).strip().splitlines()[-1]
        raise ValueError(
            f"{field}={name!r} is not a formula that matplotlib can draw ({said}); write \\$ for a dollar sign"
        ) from None
