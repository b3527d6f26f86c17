"""A first-order run: objective, gradient and collapse metrics against iterations."""

from __future__ import annotations

from typing import Any

from verify.main_job.case import Case
from verify.plot import of_solution
from verify.plot._history import Part, parts_of
from verify.plot.style import literal
from verify.reading.label_reading import shown
from verify.report.figure_files import FigureFile, figure_file


def histories(case: Case) -> list[Part]:
    """The run's history, one per task of Problem (4); empty if the solver was not first-order or kept none."""
    return parts_of(case.solution) if case.solution.method == "gradient" else []


def history_figure(case: Case) -> Any:
    """Panels on log axes, iterations too where the run is long; tasks share a panel. None without a history."""
    if not histories(case):
        return None
    bounds = [task.lower_bound for task in case.report.certificate.tasks] or [case.report.certificate.lower_bound]
    tasks = [] if case.reading is None else [literal(shown(task.name)) for task in case.reading.tasks]
    return of_solution.history_figure(case.solution, bounds, tasks)


def history_file(name: str, case: Case) -> FigureFile | None:
    """The figure, captioned; None if there is no history."""
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
