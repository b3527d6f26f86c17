"""Whole figures of one solution, of the panels that stand alone in ``verify.plot``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from verify._metrics.tables import METRIC
from verify.plot._heads import heads
from verify.plot._history import history, parts_of
from verify.plot.layout import legend_beyond
from verify.plot.points import features_of, rank_of
from verify.plot.style import PAGE, in_style, new_figure


def heads_figure(solution: Any) -> Any:
    """The cosines, and heads and features as vectors where tasks share a space that three dimensions hold."""
    rank = rank_of(solution)
    if len(features_of(solution)) != 1 or not 1 <= rank <= 3:
        return heads(solution).get_figure()
    figure = new_figure(PAGE, 3.3)
    with in_style():
        left = figure.add_subplot(1, 2, 1)
        right = figure.add_subplot(1, 2, 2, **({"projection": "3d"} if rank == 3 else {}))
    heads(solution, title="cosines between heads", ax=left)
    heads(solution, kind="vectors", title="heads and features", ax=right)
    return figure


def history_figure(solution: Any, lower_bound: Any = None, tasks: Sequence[str] = ()) -> Any:
    """Gap and, where there are some, gradient and collapse metrics side by side. None without a history."""
    parts = parts_of(solution)
    if not parts:
        return None
    kept = {key for part in parts for key in part}
    there = {"gap": True, "gradient": "gradient_norm" in kept, "metrics": any(map(METRIC.match, kept))}
    shows = [show for show, is_there in there.items() if is_there]
    figure = new_figure(PAGE, 2.7 + legend_beyond(len(parts), columns=2))  # the names of tasks, below a narrow panel
    with in_style():
        panels = figure.subplots(1, len(shows), squeeze=False)[0]
    for show, axes in zip(shows, panels, strict=True):
        history(solution, show=show, lower_bound=lower_bound, tasks=tasks, ax=axes)
    return figure
