"""Newton against cvxpy's solvers on the 10 × 10 problem, in one run: the ratio is what counts."""

from __future__ import annotations

import time
from typing import Any

import pytest
from paper_problems import correlated_10x10

import ufm
import verify

REACH = {"SCS": 50, "CLARABEL": 1000}


@pytest.mark.slow
@pytest.mark.parametrize("solver", REACH)
def test_newton_against(benchmark: Any, solver: str) -> None:
    problem = correlated_10x10()
    start = time.perf_counter()
    outside = ufm.solve(problem, "convex", solver=solver)
    seconds = time.perf_counter() - start
    ours = benchmark.pedantic(lambda: ufm.solve(problem, seed=1), rounds=10, warmup_rounds=1, iterations=1)
    benchmark.extra_info["reach"] = f"{REACH[solver]} × faster"
    benchmark.extra_info[f"{solver} seconds"] = seconds
    benchmark.extra_info["times faster"] = seconds / benchmark.stats.stats.median
    benchmark.extra_info[f"{solver} objective above Newton's, relative"] = (
        outside.objective - ours.objective
    ) / ours.objective
    benchmark.extra_info[f"{solver} relative gap"] = verify.certify(problem, outside).relative_gap
    benchmark.extra_info["relative gap"] = verify.certify(problem, ours).relative_gap
