"""The measured cosines between heads that a report shows beside the prediction."""

from __future__ import annotations

import numpy as np

from verify._metrics.directions import ZERO_SHARE, head_cosines
from verify.main_job.case import Case
from verify.reading.form import Float
from verify.reading.sources import own_features


def measured_cosines(case: Case) -> Float:
    """(R, R) cosines between rows of the stacked heads; NaN where a row is zero.

    NaN too between tasks of Problem (4): each may rotate alone, so what is measured there means nothing.
    A row counts as zero where √(λ_W c^t) ‖w_k^t‖ ≤ 10⁻⁶ √F: its direction is rounding.
    """
    problem = case.problem
    W = np.concatenate([np.asarray(w.detach().cpu(), dtype=np.float64) for w in case.solution.W])
    share = np.sqrt(problem.lambda_W * np.repeat(problem.task_weights, problem.classes))
    norms = share * np.linalg.norm(W, axis=1)
    W[norms <= ZERO_SHARE * np.sqrt(case.report.certificate.objective)] = 0.0
    cosines = head_cosines(W, 0.0)
    if own_features(problem):
        task = np.repeat(np.arange(len(problem.classes)), problem.classes)
        cosines[task[:, None] != task[None, :]] = np.nan
    return cosines
