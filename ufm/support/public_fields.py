"""A problem with a public field that a reader does not know may be another model, and is refused."""

from __future__ import annotations

from collections.abc import Collection
from reprlib import repr as short
from types import ClassMethodDescriptorType, FunctionType, MethodDescriptorType, WrapperDescriptorType
from typing import Any

METHODS = (
    FunctionType,
    MethodDescriptorType,
    WrapperDescriptorType,
    ClassMethodDescriptorType,
    classmethod,
    staticmethod,
)


def public_fields(problem: Any) -> set[str]:
    """Attributes of the object and of its classes that are not methods and do not begin with an underscore."""
    return _public(problem, ())


def _public(problem: Any, beside: Collection[str]) -> set[str]:
    """The public fields not in ``beside``; names are cached per class, since most classes are checked many times."""
    own = {name for name in getattr(problem, "__dict__", ()) if name[:1] != "_" and name not in beside}
    for kind in type(problem).__mro__[:-1]:
        for name, value in vars(kind).items():
            if name[:1] != "_" and name not in beside and not isinstance(value, METHODS):
                own.add(name)
    return own


def task_losses(problem: Any, known: Collection[str], reader: str) -> tuple[str, ...]:
    """(T,) the loss of each task, from ``loss``: one name or one per task; cross-entropy without such a field.

    Raises ValueError naming one that the reader does not know.
    """
    loss, tasks = getattr(problem, "loss", "cross-entropy"), len(problem.classes)
    losses = (loss,) * tasks if isinstance(loss, str) else loss
    if not isinstance(losses, (tuple, list)) or len(losses) != tasks:
        raise ValueError(
            f"{type(problem).__name__} has loss={short(loss)}, which is neither a loss nor {tasks}, one per task"
        )
    for name in losses:
        if not isinstance(name, str) or name not in known:
            raise ValueError(
                f"{type(problem).__name__} has loss={short(loss)}, which {reader} does not know; it knows "
                f"{', '.join(map(repr, known))}"
            )
    return tuple(losses)


def require_known(problem: Any, known: Collection[str], reader: str) -> None:
    """Raises ValueError naming a public field that is not ``known`` to the reader."""
    unknown = sorted(_public(problem, frozenset(known)))
    if unknown:
        raise ValueError(
            f"{type(problem).__name__} has {unknown[0]}={short(getattr(problem, unknown[0], None))}, a field that "
            f"{reader} does not know and that may change the model; it knows {', '.join(known)}. A leading underscore "
            "marks what is no part of the model"
        )
