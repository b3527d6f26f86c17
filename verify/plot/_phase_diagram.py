"""``verify.plot.phase_diagram``: a sweep's table over two of its axes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from verify.plot.style import require_matplotlib


def phase_diagram(
    table: str | Path,
    x: str | None = None,
    y: str | None = None,
    colour: str = "rank",
    at: Mapping[str, str] | None = None,
    *,
    ax: Any = None,
) -> Any:
    """Draws a column of a sweep's table over two of its axes, theory's boundaries on top; returns the Axes.

    table   a file written by ``verify.sweep``
    x, y    axes of the study, such as "lambda_W"; by default its first two
    colour  column of the table
    at      the fixed value of every other axis, as text, such as {"loss": "cross-entropy"}
    ax      Axes to draw on; a new figure's otherwise

    Numbers that the study has on a logarithmic scale lie at their logarithms. Raises ValueError, naming it, for an
    axis, a value or a column that the table has not; FileNotFoundError if there is no table; TypeError if ax is no
    Axes; ModuleNotFoundError that says what to install.
    """
    require_matplotlib()
    # studies draw with what stands in this package, which therefore knows none before one is asked for
    return import_module("verify.sweeping.diagram_figure").drawn_table(table, x, y, colour, at or {}, ax)
