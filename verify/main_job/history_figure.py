"""A first-order run: objective, gradient and collapse metrics against iterations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from verify._metrics.tables import METRIC
from verify.main_job.case import Case
from verify.reading.form import Float
from verify.reading.label_reading import shown
from verify.report import metric_names
from verify.report.figure_files import COLOURS, FigureFile, figure_file, new_figure, tidy

LONG = 20  # a run this many times its first recorded step has decades to show; a shorter one is clearer linear
FEW = 40  # records that are shown as points too
STEPS = ("step", "iteration")


def histories(case: Case) -> list[Mapping[str, Sequence[Any]]]:
    """The run's history, one per task of Problem (4); empty where the solver was not first-order or kept none."""
    if case.solution.method != "gradient":
        return []
    history = case.solution.history
    parts = list(history) if isinstance(history, (list, tuple)) else [history]
    return parts if all(isinstance(part, Mapping) and part.get("loss") for part in parts) else []


def history_figure(case: Case) -> Any:
    """Three panels on log axes, iterations too where the run is long; tasks share a panel. None without a history."""
    parts = histories(case)
    if not parts:
        return None
    figure = new_figure(11.0, 3.4)
    objective, gradient, metrics = figure.subplots(1, 3, gridspec_kw={"width_ratios": (1, 1, 1.15)})
    bounds = [task.lower_bound for task in case.report.certificate.tasks] or [case.report.certificate.lower_bound]
    for t, (part, bound) in enumerate(zip(parts, bounds, strict=True)):
        colour = COLOURS[t % len(COLOURS)]
        name = _task(case, t) if len(parts) > 1 else ""
        _line(objective, part, _numbers(part["loss"]) - bound, colour, name)
        if "gradient_norm" in part:
            _line(gradient, part, _numbers(part["gradient_norm"]), colour, name)
    names = list(dict.fromkeys(key for part in parts for key in part if METRIC.match(key)))
    for i, name in enumerate(names):
        for t, part in enumerate(parts):
            if name in part:
                label = metric_names.shown(name) if t == 0 else ""
                _line(metrics, part, _numbers(part[name]), COLOURS[i % len(COLOURS)], label, style=i // len(COLOURS))
    many = 1 < len(parts) <= len(COLOURS)
    _finish(objective, r"suboptimality bound $F - D$", legend=many)
    _finish(gradient, r"relative gradient", legend=False)
    _finish(metrics, "collapse metrics", legend=True)
    return figure


def history_file(name: str, case: Case) -> FigureFile | None:
    """The figure, captioned; None where there is no history."""
    figure = history_figure(case)
    if figure is None:
        return None
    caption = (
        "The run: F minus the certified lower bound D, which bounds the distance from the global minimum; the "
        "relative gradient; and the collapse metrics, against iterations. Values that are zero have no place on a "
        "logarithmic axis."
    )
    if len(histories(case)) > 1:
        caption += " One line per task."
    return figure_file(name, figure, caption, caption)


def _task(case: Case, t: int) -> str:
    name = f"task {t + 1}" if case.reading is None else shown(case.reading.tasks[t].name)
    return name.replace("$", r"\$")


def _numbers(values: Sequence[Any]) -> Float:
    """NaN for what was not measured."""
    return np.array([np.nan if v is None else float(v) for v in values], dtype=np.float64)


def _steps(part: Mapping[str, Sequence[Any]], size: int) -> Float:
    for key in part:
        if key.rstrip("s") in STEPS and len(part[key]) == size:
            return _numbers(part[key])
    return np.arange(size, dtype=np.float64)


def _line(axes: Any, part: Mapping[str, Sequence[Any]], y: Float, colour: str, label: str, style: int = 0) -> None:
    positive = np.where(np.isfinite(y) & (y > 0), y, np.nan)
    if np.isnan(positive).all():
        return
    marker = "." if len(y) < FEW else None
    dashes = ("-", "--", ":")[style % 3]
    axes.plot(_steps(part, len(y)), positive, color=colour, linewidth=1.2, label=label, marker=marker, ls=dashes)


def _finish(axes: Any, title: str, *, legend: bool) -> None:
    axes.set_xlabel("iterations", fontsize=9)
    tidy(axes, title)
    if not axes.lines:
        axes.text(0.5, 0.5, "nothing above zero", transform=axes.transAxes, ha="center", va="center", fontsize=9)
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
    axes.grid(True, which="major", color="#eeeeee", linewidth=0.6)
    if legend:
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
