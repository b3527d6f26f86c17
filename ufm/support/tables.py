"""Tables of a TOML file as attrs classes, read by cattrs; errors name table, key, value and valid values.

A class names its table in ``TABLE`` and declares each key by ``checked``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Protocol, TypeVar

import attrs
import cattrs

from ufm.support import validation
from ufm.support.nearest_name import require_name, unknown_name
from ufm.support.toml_values import plain

Check = Callable[[str, Any], Any]
"""(name of the key, value) → the value as it is kept; an error that begins with the name."""


class Table(attrs.AttrsInstance, Protocol):
    """An attrs class that names its table."""

    TABLE: ClassVar[str]


CHECK = "check"  # metadata of a key: what checks it, for values that stand elsewhere
Kind = TypeVar("Kind", bound=Table)
_READER = cattrs.Converter(forbid_extra_keys=True, prefer_attrib_converters=True)


def read_table(kind: type[Kind], values: Any) -> Kind:
    """Builds an instance from the table; an instance is returned unchanged.

    Raises ValueError for an unknown key, naming the nearest known one, or a missing key; TypeError for anything but a
    table; and whatever the keys' checks raise.
    """
    if isinstance(values, kind):
        return values
    name, known = kind.TABLE, [part.name for part in attrs.fields(kind)]
    if not isinstance(values, Mapping):
        raise TypeError(f"[{name}] must be a table of keys and values, got {values!r}")
    try:
        return _READER.structure(values, kind)
    except cattrs.ClassValidationError as found:
        for key in values:
            if key not in known:
                raise unknown_name(f"key of [{name}]", key, known) from None
        errors = found.exceptions
        if absent := [error.args[0] for error in errors if isinstance(error, KeyError)]:
            raise ValueError(f"[{name}] lacks {', '.join(absent)}") from None
        raise errors[0] from None


def checked(check: Check, default: Any = attrs.NOTHING) -> Any:
    """A key of a table, required unless it has a default."""

    def convert(value: Any, table: Any, part: attrs.Attribute[Any]) -> Any:
        return check(f"{table.TABLE}.{part.name}", value)

    return attrs.field(
        default=default,
        converter=attrs.Converter(convert, takes_self=True, takes_field=True),
        metadata={CHECK: check},
    )


def or_none(check: Check) -> Check:
    """The same check for a key that may be left out."""
    return lambda name, value: None if value is None else check(name, value)


def whole(least: int, most: int = 2**63 - 1) -> Check:
    """An integer in the range, by default up to TOML's largest."""
    return lambda name, value: validation.whole_number(name, value, least, most)


def positive(name: str, value: Any) -> float:
    """A finite number > 0."""
    return validation.positive(name, value)


def not_negative(name: str, value: Any) -> float:
    """A finite number ≥ 0."""
    number = validation.real_number(value)
    if number is None:
        raise TypeError(f"{name} must be a number ≥ 0, got {value!r}")
    if not 0 <= number < float("inf"):
        raise ValueError(f"{name} must be finite and ≥ 0, got {value!r}")
    return number


def of_type(kind: type) -> Check:
    """A value of the given type."""

    def check(name: str, value: Any) -> Any:
        if not isinstance(value, kind):
            raise TypeError(
                f"{name} must be {'true or false' if kind is bool else f'a {kind.__name__}'}, got {value!r}"
            )
        return value

    return check


def switch(*others: str) -> Check:
    """True, False, or one of the other words."""

    def check(name: str, value: Any) -> bool | str:
        if not isinstance(value, bool) and not (isinstance(value, str) and value in others):
            more = "".join(f" or {other!r}" for other in others)
            raise ValueError(f"{name} must be true, false{more}, got {value!r}")
        return value

    return check


def plain_table(name: str, value: Any) -> dict[str, Any]:
    """A table with any names, its values as TOML can express them."""
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} must be a table of names and values, got {value!r}")
    table: dict[str, Any] = plain(value)
    return table


def one_of(valid: Iterable[str]) -> Check:
    """One of some names."""
    return lambda name, value: require_name(name, value, valid)
