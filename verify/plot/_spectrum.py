"""``verify.plot.spectrum``: singular values of heads and features, in units in which a minimum has them equal."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify._metrics.directions import ZERO_SHARE
from verify.plot.layout import grid, legend_below, tidy
from verify.plot.points import features_of, heads_of
from verify.plot.style import COLOURS, FAINT, INK, MARKERS, in_style, new_axes
from verify.reading.form import Float
from verify.reading.sources import own_features

LARGEST = 40  # indices drawn with room between them; more are drawn all the same, smaller


def spectrum(solution: Any, *, prediction: Any = None, ax: Any = None) -> Any:
    """Draws the singular values of heads and features of a solution, largest first; returns the Axes.

        σ_i(√λ_W C^{1/2} W)   and   σ_i(√λ_H H N^{1/2}),      C = diag(c^t), N = diag(n_l)

    In these units every critical point has both equal (λ_W Wᵀ C W = λ_H H N Hᵀ), the penalties are their squares, and
    the rank is the number of them above the line 10⁻⁶ √F, below which a singular value counts as zero. Where theory
    covers the problem, the predicted ones are drawn beside.

    prediction  a ``theory.Prediction``; by default ``theory.predict``'s where there is one, False for none
    ax          Axes to draw on; a new figure's otherwise

    Tasks with features of their own are drawn one by one, a colour each. Raises ValueError if the solution has no
    features; TypeError if ax is no Axes.
    """
    problem = solution.problem
    if prediction is None:
        prediction = predicted(problem)
    spectra = spectra_of(solution, problem, solution.counts)
    axes = new_axes(ax, height=2.9)
    with in_style():
        several = len(spectra) > 1
        for t, (heads, features) in enumerate(spectra):
            of = (f"$W^{{{t + 1}}}$", f"$H^{{{t + 1}}}$") if several else ("heads", "features")
            color = {"color": COLOURS[2 * t % len(COLOURS)]}
            at = np.arange(1, len(heads) + 1)
            size = 5.0 if len(heads) <= LARGEST else 2.5
            axes.plot(at, heads, ls="none", marker=MARKERS[0], markersize=size, label=of[0], **color)
            color = {"color": COLOURS[(2 * t + 1) % len(COLOURS)]}
            axes.plot(at, features, ls="none", marker="x", markersize=size + 2, label=of[1], **color)
        if prediction:
            for t, (heads, _) in enumerate(spectra_of(prediction, problem, solution.counts)):
                above = heads[heads > 0]
                label = f"predicted, {prediction.theorem}" if t == 0 else None
                axes.plot(np.arange(1, len(above) + 1), above, "_", color=INK, markersize=11, label=label, zorder=1)
        _finish(axes, ZERO_SHARE * float(np.sqrt(solution.objective)), columns=4 if several else 2, grow=ax is None)
    return axes


def predicted(problem: Any) -> Any:
    """The prediction of theory, or None if no theorem covers the problem."""
    import theory

    try:
        return theory.predict(problem)
    except theory.NotCovered:
        return None


def spectra_of(point: Any, problem: Any, counts: Any) -> list[tuple[Float, Float]]:
    """(heads, features): min(R, d, columns) singular values each, for each space that tasks share.

    counts of the solution's columns, which weigh them as the objective does; a prediction has the problem's columns.
    """
    heads, features = heads_of(point), features_of(point)
    if not features:
        raise ValueError("solution has no features H")
    if callable(getattr(point, "W", None)):
        counts = problem.counts
    apart = own_features(problem)
    groups = [[t] for t in range(len(heads))] if apart else [list(range(len(heads)))]
    return [
        _pair(problem, [heads[t] for t in group], features[g], counts[g] if apart else counts, group)
        for g, group in enumerate(groups)
    ]


def _pair(problem: Any, heads: list[Float], H: Float, counts: Any, tasks: list[int]) -> tuple[Float, Float]:
    weights = np.asarray(problem.task_weights, dtype=np.float64)[tasks]
    W = np.concatenate([np.sqrt(problem.lambda_W * c) * head for c, head in zip(weights, heads, strict=True)])
    weight = problem.lambda_H * (weights[0] if own_features(problem) else 1.0)  # Problem (4) weighs features too
    H = H * np.sqrt(weight * np.asarray(counts, dtype=np.float64))
    of_W = np.asarray(np.linalg.svd(W, compute_uv=False), dtype=np.float64)
    of_H = np.asarray(np.linalg.svd(H, compute_uv=False), dtype=np.float64)
    size = min(len(of_W), len(of_H))
    return of_W[:size], of_H[:size]


def _finish(axes: Any, threshold: float, *, columns: int, grow: bool) -> None:
    axes.set_yscale("log")
    axes.axhline(threshold, color=FAINT, linestyle=":", linewidth=1.0, label=r"zero below: $10^{-6} \sqrt{F}$")
    low, high = axes.get_ylim()
    axes.set_ylim(min(max(low, 1e-3 * threshold), threshold / 3), high)
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))
    axes.set_xlabel("index $i$")
    axes.set_ylabel(r"$\sigma_i$")
    tidy(axes, "singular values, weighted as the penalties")
    grid(axes)
    legend_below(axes, columns, grow=grow)
