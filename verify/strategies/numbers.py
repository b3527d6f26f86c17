"""Numbers, ranges and common settings as strategies that shrink to the simplest value."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ufm.losses import DEFAULT
from ufm.problems.problem_settings import Reduction
from ufm.support import validation
from verify.strategies.losses import bias_penalty, biases, losses, one_or_several

LAMBDAS = ("lambda_H", "lambda_W", "lambda_b")
DEFAULT_LAMBDAS = (2.0**-6, 2.0**3)
SIMPLEST_LAMBDA = 2.0**-4
SIXTEENTH = 1.0 / 16.0
MOST_TUPLES = 2**16  # label tuples of one problem: falsify solves hundreds
MOST_DRAWN = 1000  # numbers drawn one by one: Hypothesis gives up on an example beyond some 8 kB


def ends(name: str, value: Any, least: int) -> tuple[int, int]:
    """(low, high) of an integer, a pair (low, high) or a ``range`` of step 1."""
    if isinstance(value, range):
        if value.step != 1 or not len(value):
            raise ValueError(f"{name} must be a range of step 1 with at least one number, got {value!r}")
        value = (value[0], value[-1])
    elif not isinstance(value, (tuple, list)):
        value = (value, value)
    if len(value) != 2:
        raise ValueError(f"{name} must be an integer or a range (low, high), got {value!r}")
    low, high = (validation.whole_number(name, end, least, validation.MAX_SAMPLES) for end in value)
    if low > high:
        raise ValueError(f"{name} must be a range (low, high) with low ≤ high, got {value!r}")
    return low, high


def whole(name: str, value: Any, least: int) -> SearchStrategy[int]:
    """Integers of a range; simplest is the lowest."""
    return st.integers(*ends(name, value, least))


def class_range(classes: Any) -> range:
    """The class numbers that each task may have, of an integer or a ``range``."""
    low, high = ends("classes", classes, 2)
    return range(low, high + 1)


def shapes(classes: Any, tasks: Any) -> SearchStrategy[tuple[int, ...]]:
    """(K_1, …, K_T): exactly a tuple of class numbers, else T of ``tasks`` and every K_t of ``classes``."""
    if isinstance(classes, (tuple, list)):
        return st.just(validation.class_numbers("classes", classes))
    numbers = class_range(classes)
    one = st.integers(numbers[0], numbers[-1])
    return whole("tasks", tasks, 1).flatmap(lambda T: st.tuples(*[one] * T))


def largest(classes: Any, tasks: Any) -> tuple[int, ...]:
    """The most classes of every task that ``shapes`` draws; raises ValueError for more than 1,000 tasks."""
    sizes = validation.class_numbers("classes", classes) if isinstance(classes, (tuple, list)) else None
    most = len(sizes) if sizes is not None else ends("tasks", tasks, 1)[1]
    if most > MOST_DRAWN:
        name = f"classes of {most:,} tasks" if sizes is not None else f"tasks={tasks!r}"
        raise ValueError(f"{name}: a search draws problems of at most {MOST_DRAWN:,} tasks")
    return sizes if sizes is not None else (class_range(classes)[-1],) * most


def at_most(most: int, what: str, number: float, **given: Any) -> None:
    """Raises ValueError naming what was given, unless ``number`` of ``what`` is at most ``most``."""
    if number > most:
        shown = ", ".join(f"{name}={value!r}" for name, value in given.items())
        count = f"{number:,.0f}" if number < 1e15 else f"{number:.3g}"
        raise ValueError(f"{shown}: up to {count} {what}; a search draws at most {most:,}, so give fewer")


def tuples(sizes: Sequence[int]) -> float:
    """Π K_t, ∞ beyond float64."""
    return float(math.prod(sizes)) if sum(map(math.log2, sizes)) < 1000 else math.inf


def exactly(classes: Any, tasks: Any, wanted: int, family: str) -> range:
    """Class numbers of a family whose ``wanted`` tasks have equally many classes; ValueError otherwise."""
    if isinstance(classes, (tuple, list)):
        sizes = validation.class_numbers("classes", classes)
        if len(sizes) != wanted or len(set(sizes)) != 1:
            raise ValueError(
                f"classes={tuple(classes)}: {family} has {wanted} tasks of equally many classes; give an integer K, "
                f"({sizes[0]},) * {wanted}, or range({min(sizes)}, {max(sizes) + 1}) to draw K"
            )
        classes = sizes[0]
    if ends("tasks", tasks, 1) != (wanted, wanted):
        raise ValueError(f"tasks={tasks!r}: {family} has {wanted} tasks")
    return class_range(classes)


def powers_of_two(name: str, value: Any, simplest: float) -> SearchStrategy[float]:
    """A number, or the powers of two in (low, high), from the one nearest ``simplest`` outwards; else the ends."""
    low, high = (validation.positive(name, end) for end in pair(name, value))
    if low > high:
        raise ValueError(f"{name} must be a range (low, high) with low ≤ high, got {value!r}")
    exponents = range(math.ceil(math.log2(low)), math.floor(math.log2(high)) + 1)
    powers = [2.0**e for e in exponents] or sorted({low, high})
    return st.sampled_from(sorted(powers, key=lambda p: (abs(math.log2(p / simplest)), p)))


def pair(name: str, value: Any) -> Sequence[Any]:
    """(low, high) of a number or a pair."""
    if not isinstance(value, (tuple, list)):
        return (value, value)
    if len(value) != 2:
        raise ValueError(f"{name} must be a number or a range (low, high), got {value!r}")
    return value


def settings(
    *,
    tasks: int,
    lambdas: Any = DEFAULT_LAMBDAS,
    task_weights: Any = 1.0,
    label_smoothing: Any = 0.0,
    reduction: Any = "sum",
    loss: Any = DEFAULT,
    mixed: Any = False,
    bias: Any = "penalized",
    **unknown: Any,
) -> SearchStrategy[dict[str, Any]]:
    """The keyword arguments common to all problems; see the package's docstring."""
    if unknown:
        raise TypeError(
            f"{next(iter(unknown))!r} is not a keyword of this family of problems; beside its own it takes lambdas, "
            "task_weights, label_smoothing, reduction, loss, mixed and bias"
        )
    by_name = lambdas if isinstance(lambdas, Mapping) else dict.fromkeys(LAMBDAS, lambdas)
    others = [name for name in by_name if name not in LAMBDAS]
    if others:
        raise ValueError(f"lambdas names {others[0]!r}; it takes {', '.join(LAMBDAS)}")
    drawn: dict[str, SearchStrategy[Any]] = {
        name: powers_of_two(f"lambdas[{name!r}]", by_name.get(name, DEFAULT_LAMBDAS), SIMPLEST_LAMBDA)
        for name in LAMBDAS
    }
    chosen = biases(bias)
    if "penalized" not in chosen and isinstance(lambdas, Mapping) and "lambda_b" in lambdas:
        raise ValueError(f"lambdas names 'lambda_b', which bias={bias!r} does not have; leave it out")
    drawn["lambda_b"] = bias_penalty(chosen, drawn["lambda_b"])
    weights = powers_of_two("task_weights", task_weights, 1.0)
    choices = one_or_several("reduction", reduction, get_args(Reduction))
    named = losses(loss, mixed, tasks)
    shared = st.fixed_dictionaries(
        drawn
        | {
            "task_weights": st.tuples(*[weights] * tasks),
            "label_smoothing": _smoothing(label_smoothing),
            "reduction": st.sampled_from(choices),
        }
    )
    if loss == DEFAULT:  # Hypothesis draws an order of the keys: one more would change what every seed draws
        return shared
    return st.tuples(shared, named).map(lambda both: both[0] | {"loss": both[1]})


def _smoothing(value: Any) -> SearchStrategy[float]:
    """Sixteenths in the range, else its ends; simplest is the lowest."""
    low, high = (validation.smoothing(end) for end in pair("label_smoothing", value))
    if low > high:
        raise ValueError(f"label_smoothing must be a range (low, high) with low ≤ high, got {value!r}")
    if low == high:
        return st.just(low)
    sixteenths = [SIXTEENTH * k for k in range(math.ceil(low * 16), math.floor(high * 16) + 1)]
    return st.sampled_from(sixteenths or [low, high])
