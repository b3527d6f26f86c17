"""Newton from random starts to a certified minimum."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from paper_problems import correlated_10x10, imagenet_cross, others

import ufm
import verify


def solve_and_certify(benchmark: Any, problem: Any, rounds: int, gap: float) -> None:
    """Times ``ufm.solve`` from a new seed each round; the worst gap of all rounds is certified afterwards."""
    seeds = itertools.count()
    solutions: list[ufm.Solution] = []
    benchmark.pedantic(
        lambda: solutions.append(ufm.solve(problem, seed=next(seeds))), rounds=rounds, warmup_rounds=1, iterations=1
    )
    worst = max(verify.certify(problem, solution).relative_gap for solution in solutions)
    benchmark.extra_info["worst relative gap"] = worst
    assert worst <= gap


def test_correlated_10x10(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "30 ms, relative gap 1e-12"
    solve_and_certify(benchmark, correlated_10x10(), rounds=30, gap=1e-12)


def test_imagenet_cross_10x10x10(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "0.5 s, relative gap 1e-10"
    solve_and_certify(benchmark, imagenet_cross(), rounds=10, gap=1e-10)


def test_five_paper_sizes_together(benchmark: Any) -> None:
    benchmark.extra_info["reach"] = "3 s together, relative gap 1e-10"
    problems = others()
    seeds = itertools.count()
    rounds: list[list[ufm.Solution]] = []

    def solve_all() -> None:
        seed = next(seeds)
        rounds.append([ufm.solve(problem, seed=seed) for problem in problems.values()])

    benchmark.pedantic(solve_all, rounds=5, warmup_rounds=1, iterations=1)
    worst = max(
        verify.certify(problem, solution).relative_gap
        for solutions in rounds
        for problem, solution in zip(problems.values(), solutions, strict=True)
    )
    benchmark.extra_info["worst relative gap"] = worst
    assert worst <= 1e-10


@pytest.mark.parametrize("name", others())
def test_paper_size(benchmark: Any, name: str) -> None:
    solve_and_certify(benchmark, others()[name], rounds=5, gap=1e-10)
