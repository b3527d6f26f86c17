"""Draws collapse.svg and collapse.png: what the features and heads of one task, and of two, come to.

    python docs/figures/collapse.py

Everything drawn is computed: on the left a first-order run in which every sample has a feature of its own, stopped
early again and again; on the right a minimum of two tasks. Both minima are certified before they are drawn.
"""

from pathlib import Path
from typing import Any

import numpy as np

import ufm
import verify
from verify.plot.files import save
from verify.plot.style import COLOURS, DASHES, FAINT, INK, MARKERS, PAGE, SMALL, TEXT, in_style
from verify.plot.vectors import principal_frame

LAMBDAS = {"lambda_H": 0.3, "lambda_W": 0.3, "lambda_b": 0.3}
SAMPLES = 8  # of each class
DESCENT: dict[str, Any] = {"seed": 5, "learning_rate": 0.05, "momentum": 0.0, "tolerance": 1e-7, "log_every": 1}
SHOWN = 150  # steps, after which nothing moves that one could see
BESIDE = (1.27, (0.03, 0.025, 0.0)), (0.72, (-0.09, -0.07, 0.0))  # where the name of a head stands, by task
HERE = Path(__file__).parent


def certified(problem: Any, solution: ufm.Solution) -> ufm.Solution:
    """The solution itself; RuntimeError where it is no certified global minimum."""
    certificate = verify.certify(problem, solution)
    if certificate.verdict != "global minimum":
        raise RuntimeError(str(certificate))
    return solution


def one_task(axes: Any) -> None:
    """Features of three classes on their way from a random start, in the plane of the heads at the end."""
    problem = ufm.SingleSource.balanced((3,), SAMPLES, **LAMBDAS)
    passed: list[Any] = []

    def keep(point: ufm.RunPoint) -> dict[str, float]:
        passed.append(point.H.numpy().copy())
        return {}

    end = certified(problem, ufm.solve(problem, "gradient", metrics=keep, progress=False, **DESCENT))
    W = end.W[0].numpy()
    frame = principal_frame(W, 2)
    length = np.linalg.norm(end.H.numpy(), axis=0).max()
    ways = np.stack([H.T @ frame / length for H in [*passed[:SHOWN], passed[-1]]])
    for k in range(3):
        own = np.flatnonzero(end.labels[:, 0] == k)
        look: dict[str, Any] = {"color": COLOURS[k], "marker": MARKERS[k], "ls": "none", "mec": "white"}
        for sample in own:
            axes.plot(*ways[:, sample].T, color=COLOURS[k], linewidth=0.6, alpha=0.7, zorder=1)
        axes.plot(*ways[0, own].T, markersize=3.4, mew=0.3, zorder=2, **look)
        axes.plot(*ways[-1, own].T, markersize=8, mew=0.0, zorder=4, **look)
    corners = ways[-1, [np.flatnonzero(end.labels[:, 0] == k)[0] for k in (0, 1, 2, 0)]]
    axes.plot(*corners.T, color=FAINT, linewidth=0.7, zorder=1)
    for k, head in enumerate(W @ frame / np.linalg.norm(W, axis=1).max()):
        arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.4, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", 0.88 * head, (0, 0), arrowprops=arrow, zorder=3)
        name(axes, 1.25 * head, f"$w_{k + 1}$")
    axes.margins(0.03)
    axes.set_aspect("equal")
    axes.axis("off")


def two_tasks(axes: Any) -> None:
    """A task of three classes in a plane and one of two on a line across it; six features, one of each pair."""
    problem = ufm.SingleSource.balanced((3, 2), SAMPLES, **LAMBDAS)
    end = certified(problem, ufm.solve(problem))
    heads = [W.numpy() for W in end.W]
    frame = principal_frame(np.concatenate(heads), 3)
    H = end.H.numpy().T @ frame
    H /= np.linalg.norm(H, axis=1).max()
    at = {tuple(label): h for label, h in zip(end.labels.tolist(), H, strict=True)}
    for j in range(2):
        axes.plot(*np.stack([at[k, j] for k in (0, 1, 2, 0)]).T, color=FAINT, linewidth=0.7, zorder=1)
    for k in range(3):
        axes.plot(*np.stack([at[k, 0], at[k, 1]]).T, color=FAINT, linewidth=0.7, zorder=1)
        for j in range(2):
            look = {"color": COLOURS[k], "marker": MARKERS[k], "mec": COLOURS[k], "mew": 1.3, "markersize": 7.5}
            axes.plot(*at[k, j][:, None], mfc="white" if j else COLOURS[k], zorder=5, **look)
    beside, along = (frame.T @ (head[0] / np.linalg.norm(head[0])) for head in heads)
    for part in (beside, along):  # the parallelogram of the first feature and its two heads
        axes.plot(*np.stack([at[0, 0], (at[0, 0] @ part) * part]).T, color=COLOURS[0], ls=":", linewidth=1.6, zorder=2)
    for t, part in enumerate((beside, along)):
        # a head times its weight in the sum: where the features of its class are on average
        for k, head in enumerate(heads[t] @ frame):
            tip = (at[0, 0] @ part) * head / np.linalg.norm(head)
            axes.plot(*np.stack([0 * tip, tip]).T, color=INK, linewidth=1.4, linestyle=DASHES[t], zorder=3)
            name(axes, tip * BESIDE[t][0] + BESIDE[t][1], f"$w_{k + 1}^{t + 1}$")
    axes.set(xlim=(-0.75, 0.75), ylim=(-0.75, 0.75), zlim=(-0.75, 0.75))
    axes.view_init(elev=17, azim=-52)
    axes.set_box_aspect((1, 1, 1), zoom=1.3)
    axes.axis("off")


def name(axes: Any, place: Any, text: str) -> None:
    """Of a head."""
    axes.text(*place, text, ha="center", va="center", fontsize=TEXT + 1.5, zorder=6)


def words(figure: Any, x: float, title: str, lines: str) -> None:
    """A title, and what there is to see."""
    figure.text(x, 0.965, title, ha="center", va="top", fontsize=TEXT + 1, fontweight="bold")
    figure.text(x, 0.895, lines, ha="center", va="top", fontsize=TEXT, linespacing=1.35)


def legend(figure: Any) -> None:
    """Below both panels."""
    from matplotlib.lines import Line2D

    rows = [
        (Line2D([], [], color=COLOURS[0], marker="o", ls="-", lw=0.6, markersize=3.2), "a feature: start and way"),
        (Line2D([], [], color=COLOURS[0], marker="o", ls="none", markersize=7), "features at the minimum"),
        (Line2D([], [], color=INK, lw=1.4), "heads"),
        (Line2D([], [], color=INK, lw=1.4, ls=DASHES[1]), "heads of the second task"),
    ]
    place = {"loc": "lower center", "ncols": 4, "bbox_to_anchor": (0.5, 0.0), "columnspacing": 1.8}
    figure.legend(*zip(*rows, strict=True), fontsize=SMALL, handlelength=2.4, **place)


def main() -> None:
    """Both panels on one page's width."""
    with in_style():
        from matplotlib.figure import Figure

        figure = Figure(figsize=(PAGE, 3.55))
        one_task(figure.add_axes((0.04, 0.1, 0.42, 0.68)))
        two_tasks(figure.add_axes((0.5, 0.06, 0.48, 0.76), projection="3d"))
        words(
            figure,
            0.25,
            "One task, three classes",
            "The features of a class fall together. The three points are\n"
            "the corners of a simplex, and the heads point at them.",
        )
        words(
            figure,
            0.75,
            "Two tasks, of three and of two classes",
            "The heads of two tasks are orthogonal. A feature is the\n"
            "sum of its two heads: one point for each pair of classes.",
        )
        legend(figure)
    for kind in ("svg", "png"):
        print(save(figure, HERE / f"collapse.{kind}"))


if __name__ == "__main__":
    main()
