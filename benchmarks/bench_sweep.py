"""Newton over λ's 1e-8 … 1, counts to 1e6 and task weights 1e-3 … 1e3: the most steps, the worst gap."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import ufm
import verify

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ufm"))
from newton_sweep import draw

PROBLEMS = 300


def test_sweep(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "1000 steps, relative gap 1e-10"
    problems = [draw(10_000 + seed) for seed in range(PROBLEMS)]
    solutions: list[ufm.Solution] = []
    benchmark.pedantic(lambda: solutions.extend(map(ufm.solve, problems)), rounds=1, iterations=1)
    histories = [s.history if isinstance(s.history, list) else [s.history] for s in solutions]
    steps = max(len(history["loss"]) for several in histories for history in several)
    gap = max(verify.certify(p, s).relative_gap for p, s in zip(problems, solutions, strict=True))
    benchmark.extra_info |= {"most steps": steps, "worst relative gap": gap}
    assert steps <= 1000
    assert gap <= 1e-10
