"""Features in the plane: principal components, and t-SNE as in Figure 63."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from networks.measuring.embedding import Embedding
from verify.report.figure_files import COLOURS, FigureFile, figure_file, new_figure, tidy

NAMED = 16  # labels that a legend names
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")


def embedding_figure(placed: Embedding, kind: str) -> Any:
    """One panel each; a label a colour, and a shape where colours are used up."""
    panels = [("principal components", placed.principal)]
    if placed.tsne is not None:
        panels.append(("t-SNE", placed.tsne))
    figure = new_figure(4.2 * len(panels) + 1.2, 3.9)
    grid = figure.subplots(1, len(panels), squeeze=False)[0]
    distinct, label = np.unique(placed.labels, axis=0, return_inverse=True)
    for axes, (title, points) in zip(grid, panels, strict=True):
        for number, name in enumerate(_names(distinct, kind)):
            rows = label.reshape(-1) == number
            style = {"marker": SHAPES[number // _palette(len(distinct)) % len(SHAPES)], "s": 14, "linewidths": 0}
            axes.scatter(*points[rows].T, color=_colour(number, len(distinct)), label=name, alpha=0.7, **style)
        tidy(axes, title)
    shares = placed.explained
    grid[0].set_xlabel(f"{shares[0]:.1%} of the variance", fontsize=9)
    grid[0].set_ylabel(f"{shares[1]:.1%}", fontsize=9)
    if placed.tsne is not None:
        grid[1].set_xticks([])
        grid[1].set_yticks([])
    if len(distinct) <= NAMED:
        grid[-1].legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def embedding_file(placed: Embedding, kind: str, name: str) -> FigureFile:
    """Captioned."""
    distinct = len(np.unique(placed.labels, axis=0))
    caption = f"Features of {len(placed.samples):,} training samples in the plane, a colour or shape for each of "
    caption += f"{distinct} labels: their first two principal components"
    caption += (
        ", and t-SNE, which keeps neighbours and not distances."
        if placed.tsne is not None
        else ". t-SNE needs four samples that are not all equal."
    )
    return figure_file(name, embedding_figure(placed, kind), caption, caption)


def _names(distinct: NDArray[np.int64], kind: str) -> list[str]:
    if kind == "multi":
        return [f"task {t + 1}, class {row[t] + 1}" for row in distinct for t in np.flatnonzero(row >= 0)]
    if kind == "multilabel":
        return ["{" + ", ".join(str(k + 1) for k in np.flatnonzero(row)) + "}" for row in distinct]
    return ["(" + ", ".join(str(k + 1) for k in row) + ")" for row in distinct]


def _palette(labels: int) -> int:
    return len(COLOURS) if labels <= len(COLOURS) * len(SHAPES) else labels


def _colour(number: int, labels: int) -> Any:
    """A colour of the page's palette, or of a continuous one where there are more labels than colours and shapes."""
    if _palette(labels) == len(COLOURS):
        return COLOURS[number % len(COLOURS)]
    from matplotlib import colormaps

    return colormaps["turbo"](number / (labels - 1))
