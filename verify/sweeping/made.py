"""Making the problem of given parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import ufm
from ufm.solution import Problem
from ufm.support import validation
from ufm.support.memory import require_memory
from verify.long_tail import class_profile, tail, tuple_profile
from verify.sweeping.parameters import NO_BIAS, Parameters

RULES_OF = {
    "single": ("balanced", "pairwise-uniform", "correlated", "long-tailed", "table"),
    "multi": ("balanced", "long-tailed", "table"),
    "multilabel": ("balanced", "table"),
    "soft": ("drawn", "table"),
    "regression": ("drawn", "table"),
}


def made(given: Parameters) -> Problem:
    """The problem; raises ValueError or TypeError naming what of the parameters is missing or does not fit."""
    rules = RULES_OF[given.source]
    if given.rule not in rules:
        raise ValueError(f"counts={given.rule!r}: source={given.source!r} takes {', '.join(map(repr, rules))}")
    settings = _settings(given)
    if given.source in ("soft", "regression"):
        return _targeted(given, settings)
    if given.rule == "table":
        return _of_table(given, settings)
    if given.source == "multilabel":
        (classes,) = _sizes(given, 1)
        return ufm.MultiLabel.balanced(
            classes, dict.fromkeys(range(1, (given.multiplicity or 1) + 1), given.n), **settings
        )
    return _of_rule(given, _sizes(given), settings)


def _of_rule(given: Parameters, sizes: tuple[int, ...], settings: dict[str, Any]) -> Problem:
    multi = given.source == "multi"
    match given.rule:
        case "balanced":
            return (ufm.MultiSource if multi else ufm.SingleSource).balanced(sizes, given.n, **settings)
        case "pairwise-uniform":
            classes = _equal(given, sizes)
            return ufm.SingleSource.orthogonal_array(classes, len(sizes), given.n, **settings)
        case "correlated":
            classes = _equal(given, sizes)
            if len(sizes) != 2:
                raise ValueError(f"counts='correlated' is of two tasks, got {len(sizes)}: give classes = [K, K]")
            same, different = _needed(given, "n_same"), _needed(given, "n_different")
            return ufm.SingleSource.correlated(classes, n_same=same, n_different=different, **settings)
        case _:
            profiles = [class_profile(k, _needed(given, "ratio")) for k in sizes]
            if multi:
                return ufm.MultiSource([tail(given.n, profile) for profile in profiles], **settings)
            return ufm.SingleSource(tail(given.n, tuple_profile(profiles)), **settings)


def _of_table(given: Parameters, settings: dict[str, Any]) -> Problem:
    table = _needed(given, "table")
    if given.source == "multilabel":
        (classes,) = _sizes(given, 1)
        if not isinstance(table, Mapping):
            raise TypeError(f'table must name label sets, as "0,2" = 5, got {table!r}')
        return ufm.MultiLabel({_label_set(name): n for name, n in table.items()}, classes=classes, **settings)
    problem: Problem = (ufm.MultiSource if given.source == "multi" else ufm.SingleSource)(table, **settings)
    _check_fits(given, problem)
    return problem


def _targeted(given: Parameters, settings: dict[str, Any]) -> Problem:
    if given.rule == "table":
        rows = _needed(given, "table")
    else:
        draws = np.random.default_rng(given.seed)
        number, sizes = _needed(given, "rows"), _sizes(given)
        require_memory(24 * number * sum(sizes), "cpu", f"rows={number:,} of {sum(sizes):,} targets", "give fewer")
        if given.source == "soft":
            rows = [draws.dirichlet(np.full(k, given.concentration or 1.0), number) for k in sizes]
        else:
            rows = [draws.standard_normal((number, k)) for k in sizes]
    regression = given.source == "regression"
    first = rows[0] if validation.is_list(rows) and np.ndim(rows[0]) == 2 else rows  # a table, or one for each task
    counts = np.full(len(first), given.n)
    problem: Problem = (
        ufm.Regression(rows, counts, **settings) if regression else ufm.SoftLabels(rows, counts, **settings)
    )
    _check_fits(given, problem)
    return problem


def _settings(given: Parameters) -> dict[str, Any]:
    """λ's and the other common settings."""
    settings: dict[str, Any] = {"reduction": given.reduction, "label_smoothing": given.label_smoothing}
    for name in ("lambda_H", "lambda_W", "lambda_b"):
        own = getattr(given, name)
        value = given.lambdas if own is None else own
        if value is None:
            raise ValueError(f"{name} is missing; give it, or lambdas for all three")
        settings[name] = None if value == NO_BIAS else value
    if given.loss is not None:
        settings["loss"] = given.loss
    if given.task_weights is not None:
        settings["task_weights"] = given.task_weights
    return settings


def _sizes(given: Parameters, tasks: int | None = None) -> tuple[int, ...]:
    """(K_1, …, K_T)."""
    classes = _needed(given, "classes")
    sizes: tuple[int, ...] = (classes,) * (given.tasks or 1) if isinstance(classes, int) else classes
    if given.tasks not in (None, len(sizes)):
        raise ValueError(f"tasks={given.tasks} does not fit classes={list(sizes)}, which has {len(sizes)}")
    if tasks not in (None, len(sizes)):
        raise ValueError(f"source={given.source!r} has one task, got classes={list(sizes)}")
    if given.source != "regression":
        validation.class_numbers("classes", sizes)
    if given.source == "single" and given.rule in ("balanced", "long-tailed"):
        validation.check_columns(f"classes={list(sizes)}", float(np.prod(sizes, dtype=float)), "give fewer")  # type: ignore[arg-type]
    return sizes


def _equal(given: Parameters, sizes: tuple[int, ...]) -> int:
    if len(set(sizes)) != 1:
        raise ValueError(f"counts={given.rule!r} has equally many classes in every task, got classes={list(sizes)}")
    return sizes[0]


def _check_fits(given: Parameters, problem: Problem) -> None:
    if given.classes is not None and _sizes(given) != problem.classes:
        raise ValueError(f"table has classes {list(problem.classes)}, classes says {list(_sizes(given))}")


def _needed(given: Parameters, name: str) -> Any:
    if (value := getattr(given, name)) is None:
        raise ValueError(f"{name} is missing, which counts={given.rule!r} of source={given.source!r} needs")
    return value


def _label_set(name: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in name.split(",") if part.strip())
    except ValueError:
        raise ValueError(f'table names label sets as "0,2", got {name!r}') from None
