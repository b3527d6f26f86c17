"""Heads and features as vectors, in the plane or in space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.plot.layout import legend_below, tidy
from verify.plot.points import features_of, live_heads, rank_of
from verify.plot.style import COLOURS, COLUMN, DASHES, INK, MARKERS, SMALL, in_style, new_axes, new_figure
from verify.reading.form import Float

NAMED = 12  # more heads than this have no names at their ends
BEYOND = 1.16  # where the name of a head stands, its end being 1


def vectors(point: Any, title: str, ax: Any) -> Any:
    """See ``verify.plot.heads``."""
    heads = live_heads(point)
    features = features_of(point)
    if len(features) > 1:
        raise ValueError(
            f"point has {len(features)} tasks with features of their own, which share no space; draw one of them, "
            "such as heads([solution.W[0]], kind='vectors')"
        )
    W = np.concatenate(heads)
    if not rank_of(point):
        raise ValueError("all heads are zero and point nowhere; a smaller λ_H λ_W leaves some")
    axes = _axes(ax, rank_of(point))
    dimensions = 3 if axes.name == "3d" else 2
    frame = principal_frame(W, dimensions)
    with in_style():
        _draw_features(axes, features, _labels(point, features), frame)
        largest = np.linalg.norm(W, axis=1).max()
        for t, head in enumerate(heads):
            _draw_heads(axes, head @ frame / largest, t, named=len(W) <= NAMED, classed=t == 0)
        _bare(axes, dimensions)
        tidy(axes, title)
        legend_below(axes, columns=min(3, len(heads) + 1), label=False)
    return axes


def principal_frame(W: Float, dimensions: int) -> Float:
    """(d, dimensions) an orthonormal frame of the first principal axes of the rows of W (R, d).

    Equal singular values leave it a rotation. The frame has the first head along its first axis, the next one that adds
    a dimension in the plane of the first two, and so on: the same picture for every rotation of R^d.
    """
    Vt = np.linalg.svd(W, full_matrices=True)[2]
    top = Vt[:dimensions].T
    if top.shape[1] < dimensions:
        top = np.pad(top, ((0, 0), (0, dimensions - top.shape[1])))
    turned: list[Float] = []
    for row in [*(W @ top), *np.eye(dimensions)]:
        rest = row - sum((np.dot(row, axis) * axis for axis in turned), np.zeros(dimensions))
        if np.linalg.norm(rest) > 1e-3 * max(np.linalg.norm(row), np.finfo(float).tiny):
            turned.append(rest / np.linalg.norm(rest))
        if len(turned) == dimensions:
            break
    frame: Float = top @ np.stack(turned).T
    return frame


def _axes(ax: Any, rank: int) -> Any:
    if ax is not None or rank <= 2:
        return new_axes(ax, COLUMN, COLUMN, space=True)
    with in_style():
        return new_figure(COLUMN, COLUMN).add_subplot(projection="3d")


def _labels(point: Any, features: list[Float]) -> NDArray[np.int64] | None:
    """(columns, T) of a solution whose labels are class numbers."""
    problem, labels = getattr(point, "problem", None), getattr(point, "labels", None)
    if problem is None or labels is None or problem.source != "single" or not features:
        return None
    return np.asarray(labels)


def _draw_features(axes: Any, features: list[Float], labels: NDArray[np.int64] | None, frame: Float) -> None:
    """Draws features; colour shows the class of the first task, shape that of the second."""
    if not features or not np.any(features[0]):
        return
    H = features[0]
    points = (H / np.linalg.norm(H, axis=0).max()).T @ frame
    style: dict[str, Any] = {"linestyle": "none", "markeredgecolor": "white", "markeredgewidth": 0.4, "markersize": 5.5}
    if labels is None:
        axes.plot(*points.T, marker="o", color=INK, label="features", **style)
        return
    shapes = labels[:, 1] if labels.shape[1] > 1 else labels[:, 0]
    kinds = np.stack([labels[:, 0], shapes], axis=1)
    for number, (k, shape) in enumerate(np.unique(kinds, axis=0)):
        rows = (kinds == (k, shape)).all(axis=1)
        look = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[shape % len(MARKERS)]}
        axes.plot(*points[rows].T, label="features" if number == 0 else None, zorder=3, **look, **style)


def _draw_heads(axes: Any, ends: Float, t: int, *, named: bool, classed: bool) -> None:
    for k, end in enumerate(ends):
        colour = COLOURS[k % len(COLOURS)] if classed else INK
        label = f"heads of task {t + 1}" if k == 0 else None
        axes.plot(
            *np.stack([0 * end, end]).T, color=colour, linestyle=DASHES[t % len(DASHES)], linewidth=1.6, label=label
        )
        if named:
            words = {"ha": "center", "va": "center", "fontsize": SMALL + 1, "color": colour}
            axes.text(*(BEYOND * end), f"$w_{{{k + 1}}}^{{{t + 1}}}$", **words)


def _bare(axes: Any, dimensions: int) -> None:
    """Strips the axes: equal scales, the origin in the middle, no ticks."""
    for limits in (
        (axes.set_xlim, axes.set_ylim, axes.set_zlim)[:dimensions]
        if dimensions == 3
        else (
            axes.set_xlim,
            axes.set_ylim,
        )
    ):
        limits(-1.25, 1.25)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    if dimensions == 3:
        axes.set_zticks([])
        axes.view_init(elev=17, azim=-52)
        axes.set_box_aspect((1, 1, 1), zoom=1.15)
        for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
            axis.set_pane_color((0.97, 0.97, 0.97, 1.0))
