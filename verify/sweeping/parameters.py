"""[problem]: the parameters of one problem of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, get_args

import attrs

from ufm.losses import LOSSES
from ufm.problems.problem_settings import Reduction, Source
from ufm.support import validation
from ufm.support.tables import CHECK, checked, one_of, or_none, positive, whole
from ufm.support.toml_values import plain

NO_BIAS = "none"
SOURCES = get_args(Source)
RULES = ("balanced", "pairwise-uniform", "correlated", "long-tailed", "drawn", "table")
TASKS = 1000
# what of the parameters each rule takes, beside the settings of every problem
TAKES = {
    "balanced": {"classes", "tasks", "n", "multiplicity"},
    "pairwise-uniform": {"classes", "tasks", "n"},
    "correlated": {"classes", "tasks", "n_same", "n_different"},
    "long-tailed": {"classes", "tasks", "n", "ratio"},
    "drawn": {"classes", "tasks", "n", "rows", "concentration"},
    "table": {"classes", "tasks", "n", "table"},
}
OF_COUNTS = set().union(*TAKES.values())


def _classes(name: str, value: Any) -> int | tuple[int, ...]:
    if validation.is_list(value):
        return validation.class_numbers(name, value, 1)
    return validation.whole_number(name, value, 1, validation.MAX_CLASSES)


def _ratio(name: str, value: Any) -> float:
    if (number := validation.positive(name, value)) > 1:
        raise ValueError(f"{name} must be at most 1, the last class over the first, got {value!r}")
    return number


def _bias(name: str, value: Any) -> float | str:
    if value == NO_BIAS:
        return NO_BIAS
    penalty = validation.bias_penalty(name, value)
    assert penalty is not None
    return penalty


def _loss(name: str, value: Any) -> str | tuple[str, ...]:
    if validation.is_list(value):
        return tuple(validation.one_of(f"{name}[{t}]", one, tuple(LOSSES)) for t, one in enumerate(value))
    return validation.one_of(name, value, tuple(LOSSES))


def _weights(name: str, value: Any) -> tuple[float, ...]:
    if not validation.is_list(value):
        raise TypeError(f"{name} must be a list of numbers, one per task, got {value!r}")
    return tuple(validation.positive(f"{name}[{t}]", c) for t, c in enumerate(value))


def _table(name: str, value: Any) -> Any:
    if not isinstance(value, Mapping) and not validation.is_list(value):
        raise TypeError(f"{name} must be a list of numbers or lists, or of label sets a table, got {value!r}")
    return plain(value)


@attrs.frozen
class Parameters:
    """One problem.

    source         single, multi, multilabel, soft or regression
    classes        [K_1, …, K_T], or K of each of ``tasks``; of regression the outputs
    counts         balanced          n samples of every label tuple, class (multi) or label set of up to multiplicity
                   pairwise-uniform  an orthogonal array of K² label tuples with n samples each
                   correlated        two tasks: n_same samples where labels agree, n_different elsewhere
                   long-tailed       n samples of the first, falling geometrically to ratio · n of the last by task
                   drawn             soft, regression: ``rows`` targets with n samples each, drawn by the seed from
                                     Dirichlet(concentration, …), or standard normal
                   table             as ``table`` has them
                   by default balanced, or drawn of soft and regression
    table          counts as the constructor of ``ufm`` takes them (label sets as "0,2" = 5); rows of targets, with n
                   samples each
    lambda_H, …    λ's; lambda_b = 0 is a free bias, "none" no bias. ``lambdas`` is the default for those not given
    seed           of the solver's start and of random targets
    """

    TABLE: ClassVar[str] = "problem"

    source: str = checked(one_of(SOURCES), "single")
    classes: int | tuple[int, ...] | None = checked(or_none(_classes), None)
    tasks: int | None = checked(or_none(whole(1, TASKS)), None)
    counts: str | None = checked(or_none(one_of(RULES)), None)
    n: int = checked(whole(1, validation.MAX_SAMPLES), 1)
    n_same: int | None = checked(or_none(whole(0, validation.MAX_SAMPLES)), None)
    n_different: int | None = checked(or_none(whole(0, validation.MAX_SAMPLES)), None)
    ratio: float | None = checked(or_none(_ratio), None)
    multiplicity: int | None = checked(or_none(whole(1)), None)
    rows: int | None = checked(or_none(whole(1, validation.MAX_COLUMNS)), None)
    concentration: float | None = checked(or_none(positive), None)
    table: Any = checked(or_none(_table), None)
    lambdas: float | None = checked(or_none(positive), None)
    lambda_H: float | None = checked(or_none(positive), None)
    lambda_W: float | None = checked(or_none(positive), None)
    lambda_b: float | str | None = checked(or_none(_bias), None)
    loss: str | tuple[str, ...] | None = checked(or_none(_loss), None)
    task_weights: tuple[float, ...] | None = checked(or_none(_weights), None)
    label_smoothing: float = checked(lambda _, value: validation.smoothing(value), 0.0)
    reduction: str = checked(one_of(get_args(Reduction)), "sum")
    seed: int = checked(whole(0), 0)

    @property
    def rule(self) -> str:
        """The rule of its counts, the default included."""
        return self.counts or ("drawn" if self.source in ("soft", "regression") else "balanced")


KEYS = tuple(part.name for part in attrs.fields(Parameters))
WHOLE = ("classes", "tasks", "n", "n_same", "n_different", "multiplicity", "rows", "seed")
REAL = ("ratio", "concentration", "lambdas", "lambda_H", "lambda_W", "lambda_b", "label_smoothing")


def check_value(key: str, name: str, value: Any) -> Any:
    """The checked value of that key; errors begin with ``name``."""
    return attrs.fields_dict(Parameters)[key].metadata[CHECK](name, value)


def uses(given: Parameters) -> set[str]:
    """The keys of its counts that the problem depends on."""
    used = set(TAKES[given.rule])
    if given.source != "multilabel":
        used.discard("multiplicity")
    if given.source == "regression":
        used.discard("concentration")
    if given.rule == "table" and given.source not in ("soft", "regression"):
        used.discard("n")
    return used
