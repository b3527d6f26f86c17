"""One look for every figure: sizes of a paper, colours for every eye, lines and markers told apart in grey.

Nothing global changes: matplotlib's settings hold inside ``in_style`` only, and no figure is pyplot's.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ufm.support.nearest_name import require_name
from ufm.support.whole_file import write_whole

COLUMN, PAGE = 3.25, 6.75  # inches: one column of a paper, and both
TEXT, SMALL = 8.0, 7.0  # points, at those widths
DPI = 300
INK, FAINT, GREY = "#222222", "#767676", "#d9d9d9"
# Okabe and Ito's palette, told apart by readers of every colour vision; its yellow is lost on white
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#767676")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = (
    "-",
    (0, (4, 1.5)),
    (0, (1, 1.2)),
    (0, (5, 1.2, 1, 1.2)),
    (0, (7, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (2, 2)),
    (0, (7, 1, 2, 1)),
)
FORMATS = ("pdf", "svg", "png")

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib, so that every machine draws the same
    "font.size": TEXT,
    "mathtext.fontset": "dejavusans",
    "text.usetex": False,
    "axes.titlesize": TEXT,
    "axes.labelsize": TEXT,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "legend.title_fontsize": SMALL,
    "legend.frameon": False,
    "legend.handlelength": 2.6,  # long enough to show a dash and its gap
    "lines.linewidth": 1.2,
    "lines.markersize": 4.0,
    "axes.linewidth": 0.6,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "figure.constrained_layout.use": False,
    "pdf.fonttype": 42,  # text of a PDF stays text
    "svg.fonttype": "path",  # an SVG looks the same where the font is missing
    "svg.hashsalt": "ufm",  # names within an SVG are drawn at random otherwise
}


def require_matplotlib() -> None:
    """Raises ModuleNotFoundError that says what to install where matplotlib is missing."""
    try:
        import matplotlib.figure  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("figures need matplotlib: pip install 'ufm-toolkit[cli]'", name=error.name) from error


@contextmanager
def in_style() -> Iterator[None]:
    """matplotlib's own defaults and ``SETTINGS`` on top, whatever the user's settings are, which come back at the end.

    What is drawn inside has the look; figures are saved inside too, as ``save`` does. Raises ModuleNotFoundError that
    says what to install.
    """
    require_matplotlib()
    from matplotlib import rc_context

    settings: Any = _settings()  # a version of matplotlib lists its names as types
    with rc_context(settings):
        yield


@cache
def _settings() -> dict[str, Any]:
    """All settings but those of windows and of how warnings come."""
    from matplotlib import rcParams, rcParamsDefault

    left = {"backend", "backend_fallback", "interactive", "toolbar", "timezone", "webagg.open_in_browser"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # settings that a version has given up
        own = {name: rcParamsDefault[name] for name in rcParams if name not in left}
    return own | SETTINGS


def new_figure(width: float = COLUMN, height: float = 2.4) -> Any:
    """A matplotlib Figure of that size in inches, which leaves its legends room; it belongs to no window."""
    with in_style():
        from matplotlib.figure import Figure

        return Figure(figsize=(width, height), layout="constrained")


def new_axes(ax: Any, width: float = COLUMN, height: float = 2.4) -> Any:
    """``ax`` itself, or the axes of a new figure; TypeError where ax is something else."""
    require_matplotlib()
    from matplotlib.axes import Axes

    if ax is None:
        with in_style():
            return new_figure(width, height).add_subplot()
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes or None, got {type(ax).__name__}")
    return ax


def series(number: int) -> dict[str, Any]:
    """Colour, marker and dashes of the line with this number: no two of 64 have all three, nor two of 8 any."""
    colour, turn = number % len(COLOURS), number // len(COLOURS)
    return {
        "color": COLOURS[colour],
        "marker": MARKERS[(colour + turn) % len(MARKERS)],
        "linestyle": DASHES[(colour + turn) % len(DASHES)],
    }


def few_markers(points: int) -> int:
    """``markevery``: about eight markers along a line."""
    return max(1, points // 8)


def tidy(axes: Any, title: str = "") -> None:
    """The look that all panels share, for axes that were made outside ``in_style`` too."""
    axes.set_title(title, fontsize=TEXT, color=INK)
    axes.tick_params(labelsize=SMALL, color=FAINT, labelcolor=INK)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_fontsize(TEXT)
        label.set_color(INK)
    for spine in axes.spines.values():
        spine.set_color(FAINT)
        spine.set_linewidth(0.6)


def grid(axes: Any) -> None:
    """Faint lines below the data, at the major ticks."""
    axes.grid(True, which="major", color="#eeeeee", linewidth=0.6)
    axes.set_axisbelow(True)


def whole_epochs(axes: Any) -> None:
    """Ticks at whole numbers only: there is no epoch 1.5."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))


def legend_below(axes: Any, columns: int = 2, *, label: bool = True) -> None:
    """The legend in the margin below the axes, off the data; ``label``: whether the x axis has one above it."""
    from matplotlib.transforms import ScaledTranslation

    handles, names = axes.get_legend_handles_labels()
    if not names:
        return
    points = (2.6 if label else 1.5) * TEXT + 4
    below = axes.transAxes + ScaledTranslation(0, -points / 72, axes.get_figure().dpi_scale_trans)
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "bbox_transform": below, "borderaxespad": 0.2}
    axes.legend(handles, names, ncols=min(columns, len(names)), columnspacing=1.2, fontsize=SMALL, **place)


def literal(name: str) -> str:
    """A name as a figure shows it: a "$" begins no formula, what cannot be printed is escaped, a leading "_" hides
    nothing from a legend."""
    line = " ".join(name.split()).replace("$", r"\$")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return f" {shown}" if shown.startswith("_") else shown


def drawn(figure: Any, kind: str) -> bytes:
    """The figure as a file of one of ``FORMATS``: the same figure gives the same bytes, for no file has a date.

    ValueError for another format.
    """
    require_name("format", kind, FORMATS)
    metadata = {
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
        "png": {"Software": None},
    }[kind]
    buffer = io.BytesIO()
    with in_style():
        figure.savefig(buffer, format=kind, dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def save(figure: Any, path: str | Path) -> Path:
    """Writes the figure, whole or not at all, in the format that the name ends with: .pdf, .svg or .png.

    Text stays text in a PDF and becomes outlines in an SVG. ValueError for another ending, OSError naming the path.
    """
    place = Path(path)
    write_whole(place, drawn(figure, require_name("format", place.suffix.lower().lstrip("."), FORMATS)))
    return place
