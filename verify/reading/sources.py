"""The distinctions between kinds of problems: a new kind must be listed here, or mypy reports it."""

from __future__ import annotations

from typing import assert_never

from verify.reading.form import Problem


def label_tuples(problem: Problem) -> bool:
    """Problem (3): a sample has a label in every task unless it is missing."""
    match problem.source:
        case "single":
            return True
        case "multi" | "multilabel" | "soft" | "regression":
            return False
        case _:
            assert_never(problem.source)


def own_features(problem: Problem) -> bool:
    """Problem (4): every task has its own samples and features."""
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
    """Targets are not classes: ``labels`` are the numbers of the columns, and properties of classes do not apply."""
    match problem.source:
        case "soft" | "regression":
            return True
        case "single" | "multi" | "multilabel":
            return False
        case _:
            assert_never(problem.source)
