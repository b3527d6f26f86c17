"""What tells the kinds of problem apart, asked by name: a kind that is added must answer here, or mypy says so."""

from __future__ import annotations

from typing import assert_never

from verify.reading.form import Problem


def label_tuples(problem: Problem) -> bool:
    """Problem (3): a sample has a label in every task, where none is missing."""
    match problem.source:
        case "single":
            return True
        case "multi" | "multilabel" | "soft" | "regression":
            return False
        case _:
            assert_never(problem.source)


def own_features(problem: Problem) -> bool:
    """Problem (4): every task has samples and features of its own."""
    match problem.source:
        case "multi":
            return True
        case "single" | "multilabel" | "soft" | "regression":
            return False
        case _:
            assert_never(problem.source)


def label_sets(problem: Problem) -> bool:
    """Pick-all-label: every sample has a set of labels of one task, and ``labels`` are indicator rows."""
    match problem.source:
        case "multilabel":
            return True
        case "single" | "multi" | "soft" | "regression":
            return False
        case _:
            assert_never(problem.source)


def numbered(problem: Problem) -> bool:
    """Targets are no classes: ``labels`` are the numbers of the columns, and properties of classes mean nothing."""
    match problem.source:
        case "soft" | "regression":
            return True
        case "single" | "multi" | "multilabel":
            return False
        case _:
            assert_never(problem.source)
