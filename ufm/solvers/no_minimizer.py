"""Problems whose infimum is not attained: a free bias that fits its class ever better, never exactly.

Where λ_b = 0 and a class is in no sample that has a label in its task (under binary cross-entropy: or in every one),
F falls for as long as the bias of that class moves away, and no point is a minimizer. Where nothing else is to be
fitted F falls to 0, and then no F is within any relative tolerance of it.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from ufm.losses import LOSSES
from ufm.outcome import Outcome
from ufm.problems.standard_form import StandardForm
from ufm.solvers.column_solution import ColumnSolution


def diverging(form: StandardForm) -> list[tuple[int, int]]:
    """(task, class) of every free bias without a finite optimum, both counted from 0."""
    if form.lambda_b != 0.0:
        return []
    found = []
    for t, (loss, rows) in enumerate(zip(form.losses, form.blocks(), strict=True)):
        y = form.targets[rows] if form.labelled is None else form.targets[rows, form.labelled[t]]
        found += [(t, int(k)) for k in np.flatnonzero(LOSSES[loss].unbounded(y))]
    return found


def told(form: StandardForm, part: ColumnSolution) -> ColumnSolution:
    """``part`` with those classes named in its status, and not converged if F falls to 0."""
    classes = diverging(form)
    if not classes:
        return part
    t, k = classes[0]
    more = f" and {len(classes) - 1} more" if len(classes) > 1 else ""
    words = f"no minimizer: lambda_b=0 lets the bias of class {k} of task {t}{more} run off to infinity"
    if part.objective > form.nothing() or part.outcome is Outcome.INTERRUPTED:
        return dataclasses.replace(part, status=f"{part.status}; {words}, and min F is an infimum")
    status = f"{words}, and F falls to 0 without reaching it; lambda_b > 0 has a minimizer"
    return dataclasses.replace(part, status=status, converged=False, outcome=Outcome.ROUNDING)
