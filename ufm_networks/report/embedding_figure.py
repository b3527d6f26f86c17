"""Features in the plane: principal components, and t-SNE as in Figure 63."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.task_data import Kind
from ufm_networks.measuring.embedding import Embedding
from verify.plot.layout import legend_of_figure, tidy
from verify.plot.style import COLOURS, COLUMN, PAGE, in_style, new_figure
from verify.report.figure_files import FigureFile, figure_file

NAMED = 16  # labels that a legend names
NO_TASK = np.iinfo(np.int64).max
SHAPES = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")


def embedding_figure(placed: Embedding, kind: Kind) -> Any:
    """One panel each; a label a colour and a shape."""
    panels = [("principal components", placed.principal)]
    if placed.tsne is not None:
        panels.append(("t-SNE", placed.tsne))
    figure = new_figure(PAGE if len(panels) == 2 else COLUMN + 1.0, 3.2)
    distinct, label = _distinct(placed.labels, kind)
    styles = _styles(distinct, kind)
    with in_style():
        grid = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (title, points) in zip(grid, panels, strict=True):
            for number, (name, (colour, shape)) in enumerate(zip(_names(distinct, kind), styles, strict=True)):
                rows = label == number
                axes.scatter(*points[rows].T, color=colour, marker=shape, label=name, alpha=0.7, s=12, linewidths=0)
            tidy(axes, title)
        shares = placed.explained
        grid[0].set_xlabel(f"{shares[0]:.1%} of the variance")
        grid[0].set_ylabel(f"{shares[1]:.1%}")
        if placed.tsne is not None:
            grid[1].set_xticks([])
            grid[1].set_yticks([])
        if len(distinct) <= NAMED:
            legend_of_figure(figure, grid[0], columns=6 if len(panels) == 2 else 3)
    return figure


def embedding_file(placed: Embedding, kind: Kind, name: str) -> FigureFile:
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


def _distinct(labels: NDArray[np.int64], kind: Kind) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Labels that occur, and the number of each sample's: by task and class, or label sets by size and members."""
    if kind == "multilabel":
        keys = np.column_stack([labels.sum(axis=1), 1 - labels])
    else:
        keys = np.where(labels < 0, NO_TASK, labels)  # so that labels of the first task come first
    _, first, number = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return labels[first], number.reshape(-1)


def _names(distinct: NDArray[np.int64], kind: Kind) -> list[str]:
    match kind:
        case "single":
            return ["(" + ", ".join(str(k + 1) for k in row) + ")" for row in distinct]
        case "multi":
            return [f"task {t + 1}, class {row[t] + 1}" for row in distinct for t in np.flatnonzero(row >= 0)]
        case "multilabel":
            return ["{" + ", ".join(str(k + 1) for k in np.flatnonzero(row)) + "}" for row in distinct]
        case unknown:
            assert_never(unknown)


def _styles(distinct: NDArray[np.int64], kind: Kind) -> list[tuple[Any, str]]:
    """A colour and a shape for each label.

    Of two tasks the colour is the first one's class and the shape the second one's; of tasks with samples of their own
    the colour is the class and the shape the task. Otherwise, or where there are too few of them, labels are numbered.
    """
    if kind == "single" and distinct.shape[1] == 2:
        pairs = distinct
    elif kind == "multi":
        task = (distinct >= 0).argmax(axis=1)
        pairs = np.stack([distinct.max(axis=1), task], axis=1)
    else:
        pairs = np.stack(np.divmod(np.arange(len(distinct)), len(COLOURS))[::-1], axis=1)
    if (pairs.max(axis=0) < (len(COLOURS), len(SHAPES))).all():
        return [(COLOURS[colour], SHAPES[shape]) for colour, shape in pairs]
    from matplotlib import colormaps  # an extra

    steps = np.linspace(0.0, 1.0, len(distinct))
    return [(colormaps["turbo"](step), SHAPES[0]) for step in steps]
