"""The loss and the bias of drawn problems, as strategies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ufm.support import validation
from verify.losses import LOSSES

Bias = Literal["penalized", "free", "none"]
UNPENALIZED: dict[str, float | None] = {"free": 0.0, "none": None}  # λ_b of a bias without a penalty
ALL_LOSSES = tuple(LOSSES)


def losses(value: Any, mixed: Any, tasks: int) -> SearchStrategy[Any]:
    """One name for all tasks; mixed: a tuple (T,) of names, drawn task by task. The first named is simplest."""
    names = one_or_several("loss", value, ALL_LOSSES)
    if not isinstance(mixed, bool):
        raise TypeError(f"mixed must be True, every task draws its own loss, or False, got {mixed!r}")
    one = st.just(names[0]) if len(names) == 1 else st.sampled_from(names)
    return st.tuples(*[one] * tasks) if mixed and len(names) > 1 else one


def biases(value: Any) -> tuple[str, ...]:
    """Names of the biases to draw from."""
    return tuple(one_or_several("bias", value, get_args(Bias)))


def bias_penalty(chosen: Sequence[str], penalties: SearchStrategy[float]) -> SearchStrategy[float | None]:
    """λ_b: one of ``penalties``, 0 for a free bias, None for none."""
    of = {"penalized": penalties} | {name: st.just(value) for name, value in UNPENALIZED.items()}
    return of[chosen[0]] if len(chosen) == 1 else st.one_of([of[name] for name in chosen])


def one_or_several(name: str, value: Any, known: tuple[str, ...]) -> list[Any]:
    """The choices of a value or of a sequence of values, each one of ``known``."""
    choices = list(value) if isinstance(value, (tuple, list)) else [value]
    for choice in choices or [value]:
        validation.one_of(name, choice, known)
    return choices
