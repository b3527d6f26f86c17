"""Figures as files: equal figures give equal bytes."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from ufm.support.nearest_name import require_name
from ufm.support.whole_file import write_whole
from verify.plot.style import DPI, in_style

FORMATS = ("pdf", "svg", "png")


def drawn(figure: Any, kind: str) -> bytes:
    """The figure as a file of one of ``FORMATS``: the same figure gives the same bytes, for no file has a date.

    Axes or a part of a figure stand for the whole figure. Raises ValueError for another format, TypeError otherwise.
    """
    require_name("format", kind, FORMATS)
    metadata = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        "png": {"Software": None},
    }[kind]
    from matplotlib.figure import Figure

    whole = figure
    while not isinstance(whole, Figure):
        whole = getattr(whole, "figure", None)
        if whole is None:
            raise TypeError(f"figure must be a matplotlib Figure or Axes of one, got {type(figure).__name__}")
    buffer = io.BytesIO()
    with in_style():
        whole.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def save(figure: Any, path: str | Path) -> Path:
    """Saves the figure, whole or not at all, in the format of its suffix: .pdf, .svg or .png.

    Text stays text in a PDF and becomes outlines in an SVG. Raises ValueError for another ending, OSError naming the
    path.
    """
    place = Path(path)
    write_whole(place, drawn(figure, require_name("format", place.suffix.lower().lstrip("."), FORMATS)))
    return place
