"""Ten thousand small problems solved and certified at once, beside a loop over a sample of them in the same run."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np
import pytest
import torch

import ufm
import verify

PROBLEMS, SAMPLE = 10_000, 200
TOLERANCE = 1e-8


def problem_at_random(rng: np.random.Generator) -> ufm.SingleSource:
    """Two tasks of three classes, all nine label pairs, counts 1 … 50, λ's 1e-4 … 0.3."""
    lambda_H, lambda_W, lambda_b = (10.0 ** rng.uniform(-4.0, np.log10(0.3), 3)).tolist()
    counts = rng.integers(1, 51, (3, 3))
    return ufm.SingleSource(counts, lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=lambda_b)


@pytest.mark.slow
def test_ten_thousand_problems(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "10 s on two cores, 8 times as fast as a loop"
    torch.set_num_threads(os.cpu_count() or 1)
    rng = np.random.default_rng(0)
    problems = [problem_at_random(rng) for _ in range(PROBLEMS)]
    found: list[tuple[list[ufm.Solution], list[verify.Certificate]]] = []

    def all_at_once() -> None:
        solutions = ufm.solve_many(problems)
        found.append((solutions, verify.certify_many(problems, solutions, tolerance=TOLERANCE)))

    start, processor = time.perf_counter(), time.process_time()
    benchmark.pedantic(all_at_once, rounds=1, iterations=1)
    seconds, processor_seconds = time.perf_counter() - start, time.process_time() - processor
    solutions, certificates = found[0]
    assert all(certificate.verdict == "global minimum" for certificate in certificates)

    sample = range(0, PROBLEMS, PROBLEMS // SAMPLE)
    start, processor = time.perf_counter(), time.process_time()
    looped = [ufm.solve(problems[i]) for i in sample]
    one_by_one = [verify.certify(problems[i], own, tolerance=TOLERANCE) for i, own in zip(sample, looped, strict=True)]
    loop, processor_loop = time.perf_counter() - start, time.process_time() - processor
    apart = [abs(solutions[i].objective / own.objective - 1.0) for i, own in zip(sample, looped, strict=True)]
    assert max(apart) <= 1e-10
    assert [certificates[i].verdict for i in sample] == [own.verdict for own in one_by_one]
    benchmark.extra_info |= {
        "processor seconds": round(processor_seconds, 2),
        "times as fast as the loop": round(loop / len(sample) * PROBLEMS / seconds, 1),
        "the same in processor time": round(processor_loop / len(sample) * PROBLEMS / processor_seconds, 1),
        "worst relative gap": max(certificate.relative_gap for certificate in certificates),
        "solved alone": sum("alone" in solution.status for solution in solutions),
    }
