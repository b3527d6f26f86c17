"""One style for every figure: paper sizes, colour-blind-safe colours, lines and markers distinct in greyscale.

No global state changes: settings apply inside ``in_style`` only, and no figure belongs to pyplot.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

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


def new_axes(ax: Any, width: float = COLUMN, height: float = 2.4, *, space: bool = False) -> Any:
    """``ax`` itself, or the axes of a new figure.

    space  whether three-dimensional axes serve as well as plain ones
    TypeError where ax is something else, such as polar axes.
    """
    require_matplotlib()
    from matplotlib.axes import Axes

    if ax is None:
        with in_style():
            return new_figure(width, height).add_subplot()
    if not isinstance(ax, Axes):
        raise TypeError(f"ax must be a matplotlib Axes or None, got {type(ax).__name__}")
    if ax.name not in ("rectilinear", "3d")[: 1 + space]:
        raise TypeError(f"ax must be plain Axes{' or three-dimensional ones' * space}, got {ax.name} ones")
    return ax


def series(number: int) -> dict[str, Any]:
    """Colour, marker and dashes of the line with this number: no two of 64 have all three, nor two of 8 any."""
    colour, turn = number % len(COLOURS), number // len(COLOURS)
    return {
        "color": COLOURS[colour],
        "marker": MARKERS[(colour + turn) % len(MARKERS)],
        "linestyle": DASHES[(colour + turn) % len(DASHES)],
    }


def few_markers(points: int, number: int = 0) -> tuple[int, int]:
    """``markevery``: about eight markers along a line, each line's where those of others are not."""
    step = max(1, points // 8)
    return number % step, step


def literal(name: str) -> str:
    """A name as literal text in a figure: "$", unprintable characters and a leading "_" are escaped."""
    line = " ".join(name.split()).replace("$", r"\$")
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return f" {shown}" if shown.startswith("_") else shown
