"""Cosines between all rows of the stacked heads: measured beside predicted."""

from __future__ import annotations

from typing import Any

import numpy as np

from verify.main_job.case import Case
from verify.plot.cosine_matrix import cosine_panels
from verify.plot.points import cosines_of
from verify.reading.label_reading import shown
from verify.report.figure_files import FigureFile, figure_file


def cosine_figure(case: Case) -> Any:
    """One panel of measured cosines and, if a theorem covers the problem, one of predicted ones."""
    prediction = case.report.prediction
    panels = [("measured", cosines_of(case.solution))]
    if prediction is not None:
        panels.append((f"predicted, {prediction.theorem}", prediction.cosines))
    return cosine_panels(panels, case.problem.classes, tasks=() if case.reading is None else case.reading.tasks)


def cosine_file(name: str, case: Case) -> FigureFile:
    """The figure, with the meaning of grey in its caption."""
    prediction = case.report.prediction
    caption = "Cosines between the rows w_k^t of the heads, lines between tasks"
    caption += ": measured at the solution." if prediction is None else ": measured at the solution, and predicted."
    if prediction is not None and prediction.multi_source and len(case.problem.classes) > 1:
        caption += " Grey between tasks: free, since each task has features of its own and may rotate alone."
    if case.reading is not None:
        caption += f" Tasks in order: {', '.join(shown(task.name) for task in case.reading.tasks)}."
    matrices = [cosines_of(case.solution)] + ([] if prediction is None else [prediction.cosines])
    if any(np.isnan(np.diagonal(matrix)).any() for matrix in matrices):
        caption += " Grey on the diagonal: a head that is zero and has no direction."
    return figure_file(name, cosine_figure(case), caption, caption)
