"""``verify.plot.heads``: cosines between heads as a matrix, or heads and features as vectors."""

from __future__ import annotations

from typing import Any

from ufm.support.nearest_name import require_name
from verify.plot.cosine_matrix import colour_bar, cosine_matrix
from verify.plot.layout import tidy
from verify.plot.points import cosines_of, heads_of
from verify.plot.style import COLUMN, in_style, new_axes
from verify.plot.vectors import vectors

KINDS = ("cosines", "vectors")


def heads(point: Any, *, kind: str = "cosines", title: str = "", ax: Any = None) -> Any:
    """Draws the heads of a point; returns the Axes.

    point  a ``ufm.Solution``, a ``theory.Prediction``, or a list of T arrays (K_t, d)
    kind   "cosines": the matrix (R, R) of cos(w_k^t, w_k'^t'), R = Σ K_t, lines between tasks; grey where a head is
           zero or where tasks have features of their own, so that each may rotate alone.
           "vectors": the rows w_k^t as lines from the origin and the features h_l as points, each over the largest of
           its kind, in the axes of ``ax`` or, unless given, in space, in the plane where they have rank two
    ax     Axes to draw on; for "vectors" three-dimensional ones (projection="3d") or plain ones; a new figure's
           otherwise

    Raises TypeError if point or ax is something else; ValueError for another kind, arrays that do not fit together, or
    vectors of tasks that share no space.
    """
    require_name("kind", kind, KINDS)
    if kind == "vectors":
        return vectors(point, title, ax)
    cosines, classes = cosines_of(point), tuple(len(head) for head in heads_of(point))
    axes = new_axes(ax, COLUMN, COLUMN - 0.4)
    with in_style():
        mesh = cosine_matrix(axes, cosines, classes, title)
        if ax is None:
            colour_bar(axes.get_figure(), mesh, axes)
        tidy(axes, title)
        axes.tick_params(length=0)
    return axes
