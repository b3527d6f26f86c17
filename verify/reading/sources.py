"""What tells the kinds of problem apart, asked by name: a kind that is added must answer here, or mypy says so."""

from __future__ import annotations

from typing import assert_never

from verify.reading.form import Problem


def label_tuples(problem: Problem) -> bool:
    """Problem (3): every sample has a label in every task."""
    match problem.source:
        case "single":
            return True
        case "multi" | "multilabel":
            return False
        case _:
            assert_never(problem.source)


def own_features(problem: Problem) -> bool:
    """Problem (4): every task has samples and features of its own."""
    match problem.source:
        case "multi":
            return True
        case "single" | "multilabel":
            return False
        case _:
            assert_never(problem.source)


def label_sets(problem: Problem) -> bool:
    """Pick-all-label: every sample has a set of labels of one task, and ``labels`` are indicator rows."""
    match problem.source:
        case "multilabel":
            return True
        case "single" | "multi":
            return False
        case _:
            assert_never(problem.source)
