"""Figures as bytes, drawn without pyplot: no window, no global state."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

from verify.report.plane import Frame, frame_of

DPI = 200
INK, FAINT, GREY = "#222222", "#8a8a8a", "#d9d9d9"
# Okabe and Ito's palette, told apart by readers of every colour vision
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8a8a8a")


@dataclass(frozen=True)
class FigureFile:
    """One figure in two formats. name without extension; caption for the page; alt for readers without images; frame
    of the only axes, if there is but one with linear scales."""

    name: str
    caption: str
    alt: str
    png: bytes
    svg: bytes
    frame: Frame | None = None


def require_matplotlib() -> None:
    """Raises ModuleNotFoundError that says what to install where matplotlib is missing."""
    try:
        import matplotlib.figure  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "a report's figures need matplotlib: pip install 'ufm-toolkit[cli]'", name=error.name
        ) from error


def new_figure(width: float, height: float) -> Any:
    """A matplotlib Figure of that size in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def figure_file(name: str, figure: Any, caption: str, alt: str) -> FigureFile:
    """Draws the figure as PNG and as SVG."""
    from matplotlib import rc_context

    # the layout found for one format serves the other; a figure left with an engine is drawn twice each time
    figure.set_dpi(DPI)
    figure.get_layout_engine().execute(figure)
    with rc_context({"figure.autolayout": False, "figure.constrained_layout.use": False}):
        figure.set_layout_engine(None)
    return FigureFile(name, caption, alt, _drawn(figure, "png"), _drawn(figure, "svg"), frame_of(figure))


def whole_epochs(axes: Any) -> None:
    """Ticks at whole numbers only: there is no epoch 1.5."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def literal(name: str) -> str:
    """A name as a figure shows it: a "$" begins no formula, what cannot be printed is escaped, a leading "_" hides
    nothing from a legend."""
    line = " ".join(name.split()).replace("$", r"\$")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return f" {shown}" if shown.startswith("_") else shown


def tidy(axes: Any, title: str) -> None:
    """The look that all panels share."""
    axes.set_title(title, fontsize=10, color=INK)
    axes.tick_params(labelsize=8, color=FAINT, labelcolor=INK)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
        spine.set_linewidth(0.6)


def _drawn(figure: Any, kind: str) -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    # without a date the same result gives the same figure
    metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    with rc_context({"svg.hashsalt": "ufm"}):  # names within an SVG are drawn at random otherwise
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()
