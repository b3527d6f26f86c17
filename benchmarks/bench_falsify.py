"""Searches for counterexamples that are known to exist: seconds to find, certify and shrink one."""

from __future__ import annotations

from typing import Any

import pytest

from verify import falsify, strategies
from verify.findings.investigations import BELOW, LIMIT, VANISHING

SEARCHES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "nc4, task-balanced, K = 3": ("nc4", "task-balanced", {"classes": 3}),
    "nc2, task-balanced, K = 3": ("nc2", "task-balanced", {"classes": 3}),
    "nc5 everywhere, two binary tasks": ("nc5_everywhere", "correlated", {"classes": 2, "lambdas": BELOW}),
    "vanishing regularization": (LIMIT, "arbitrary", {"tasks": 2, "lambdas": VANISHING}),
    "Theorem 3.1 without balance": ("theorem_3_1", "arbitrary", {"tasks": 2, "n": (1, 9)}),
    "Theorem 3.1 with a smaller d": ("smaller_dim", "balanced", {"tasks": 2, "lambdas": BELOW}),
    "Theorem 3.1 with unequal K": ("nc4", "balanced", {"tasks": 2}),
    "Theorem 3.1 with unequal c": ("nc4", "balanced", {"classes": 3, "tasks": 2, "task_weights": (0.25, 4.0)}),
    "Theorem 3.1 past its threshold": ("theorem_3_1_any_lambda", "balanced", {"tasks": 2}),
}


@pytest.mark.parametrize("name", SEARCHES)
def test_falsify(benchmark: Any, name: str) -> None:
    claim, family, arguments = SEARCHES[name]
    problems = strategies.family(family)(**arguments)
    finding = benchmark.pedantic(lambda: falsify(claim, problems), rounds=1, warmup_rounds=0, iterations=1)
    benchmark.extra_info["reach"] = "60 s, a certified counterexample"
    benchmark.extra_info["problems solved"] = finding.tried + finding.shrinking
    benchmark.extra_info["violation"] = finding.violation
    assert finding.verdict == "counterexample"


def test_pairwise_uniformity_suffices(benchmark: Any) -> None:
    problems = strategies.pairwise_uniform()
    finding = benchmark.pedantic(lambda: falsify("theorem_3_1", problems), rounds=1, warmup_rounds=0, iterations=1)
    benchmark.extra_info["reach"] = "no counterexample in 200 problems"
    benchmark.extra_info["problems solved"] = finding.tried
    benchmark.extra_info["largest violation"] = finding.largest_violation
    assert finding.verdict == "no counterexample found"
