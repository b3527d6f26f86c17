"""``verify.plot.history``: a run's gap, objective, gradient or collapse metrics against its steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ufm.support.nearest_name import require_name
from verify._metrics.tables import METRIC
from verify.plot.layout import grid, legend_below, tidy, whole_numbers
from verify.plot.metric_names import shown
from verify.plot.style import few_markers, in_style, new_axes, series
from verify.reading.form import Float

SHOWS = {
    "gap": r"suboptimality bound $F - D$",
    "objective": "objective $F$",
    "gradient": "relative gradient",
    "metrics": "collapse metrics",
}
LONG = 20  # a run this many times its first recorded step has decades to show; a shorter one is clearer linear
STEPS = ("step", "iteration")
Part = Mapping[str, Sequence[Any]]


def history(
    solution: Any, *, show: str = "gap", lower_bound: Any = None, tasks: Sequence[str] = (), ax: Any = None
) -> Any:
    """Draws a column of ``solution.history`` on a logarithmic axis; returns the Axes.

    show         "gap": F − D at every step, which bounds the distance from the global minimum; "objective": F;
                 "gradient": the norm that the solver stops on; "metrics": the collapse metrics, a line each
    lower_bound  D, for tasks with features of their own one number each; by default ``verify.certify``'s at the
                 solution
    tasks        names of the lines where tasks have features of their own; "task 1", … unless given

    Steps are logarithmic too if the run is long. Zeros cannot be drawn and interrupt the line.
    Raises ValueError for another show, a history without the requested column, or bounds for another number of tasks;
    TypeError if ax is no Axes.
    """
    require_name("show", show, SHOWS)
    parts = parts_of(solution)
    if not parts:
        raise ValueError("solution.history is empty; solve with method='gradient' or 'newton'")
    lines = _metrics(parts) if show == "metrics" else _losses(solution, parts, show, lower_bound, tasks)
    if not lines:
        kept = "collapse metrics; solve with method='gradient' and metrics=verify.tracked(problem)"
        raise ValueError(f"solution.history has no {kept if show == 'metrics' else 'gradient_norm'}")
    axes = new_axes(ax, height=2.6)
    with in_style():
        for number, (name, part, values) in enumerate(lines):
            _line(axes, part, values, number, name)
        _finish(axes, SHOWS[show], grow=ax is None)
    return axes


def parts_of(solution: Any) -> list[Part]:
    """The histories, one per task if each is solved alone; empty if the solver kept none."""
    history = solution.history
    parts = list(history) if isinstance(history, (list, tuple)) else [history]
    return parts if all(isinstance(part, Mapping) and part.get("loss") for part in parts) else []


def _losses(
    solution: Any, parts: list[Part], show: str, lower_bound: Any, tasks: Sequence[str]
) -> list[tuple[str, Part, Float]]:
    key = "gradient_norm" if show == "gradient" else "loss"
    bounds = _bounds(solution, len(parts), lower_bound) if show == "gap" else [0.0] * len(parts)
    names = list(tasks) or [f"task {t + 1}" for t in range(len(parts))]
    if len(names) != len(parts) and len(parts) > 1:
        raise ValueError(f"tasks must name {len(parts)} tasks, got {len(names)}")
    several = len(parts) > 1
    triples = zip(names, parts, bounds, strict=False)
    return [(n if several else "", part, _numbers(part[key]) - D) for n, part, D in triples if key in part]


def _bounds(solution: Any, parts: int, lower_bound: Any) -> list[float]:
    if lower_bound is None:
        from verify.certification.certificate import certify

        certificate = certify(solution.problem, solution)
        return [task.lower_bound for task in certificate.tasks] or [certificate.lower_bound]
    bounds: list[float] = np.atleast_1d(np.asarray(lower_bound, dtype=np.float64)).tolist()
    if len(bounds) != parts:
        raise ValueError(f"lower_bound must be {parts} number{'s' * (parts > 1)}, one a history, got {len(bounds)}")
    return bounds


def _metrics(parts: list[Part]) -> list[tuple[str, Part, Float]]:
    """A metric a line; those of several tasks share their metric's look."""
    names = dict.fromkeys(key for part in parts for key in part if METRIC.match(key))
    return [(shown(name), part, _numbers(part[name])) for name in names for part in parts if name in part]


def _numbers(values: Sequence[Any]) -> Float:
    """The column as numbers, NaN for values that were not measured."""
    return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)


def _steps(part: Part, size: int) -> Float:
    for key in part:
        if key.rstrip("s") in STEPS and len(part[key]) == size:
            return _numbers(part[key])
    return np.arange(size, dtype=np.float64)


def _line(axes: Any, part: Part, y: Float, number: int, label: str) -> None:
    positive = np.where(np.isfinite(y) & (y > 0), y, np.nan)
    if np.isnan(positive).all():
        return
    drawn = {line.get_label(): line for line in axes.lines}
    look = series(number)
    if label and label in drawn:  # another task's
        look = {key: getattr(drawn[label], f"get_{key}")() for key in look}
        label = ""
    axes.plot(_steps(part, len(y)), positive, label=label or None, markevery=few_markers(len(y), number), **look)


def _finish(axes: Any, title: str, *, grow: bool) -> None:
    axes.set_xlabel("iterations")
    tidy(axes, title)
    if not axes.lines:
        axes.text(0.5, 0.5, "nothing above zero", transform=axes.transAxes, ha="center", va="center")
        axes.set_xticks([])
        axes.set_yticks([])
        return
    axes.set_yscale("log")
    steps = np.concatenate([line.get_xdata() for line in axes.lines])
    positive = steps[steps > 0]
    if positive.size and positive.max() > LONG * positive.min():
        # the start, step 0, keeps its place: linear up to the first step that was recorded
        axes.set_xscale("symlog", linthresh=float(positive.min()))
        axes.set_xlim(left=float(steps.min()))
    else:
        whole_numbers(axes)
    grid(axes)
    legend_below(axes, columns=3, grow=grow)
