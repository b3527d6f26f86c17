"""The columns that --columns names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from verify.cli.label_cells import one_spelling, whole_values


class Titled(Protocol):
    """A column with a title and a position, as needed for choosing."""

    @property
    def name(self) -> str:
        """Its name; empty if the file has none."""

    @property
    def position(self) -> int:
        """From 1."""


Kind = TypeVar("Kind", bound=Titled)


def chosen_columns(file: str, columns: Sequence[Kind], chosen: Sequence[str]) -> tuple[Kind, ...]:
    """The chosen columns, matched by name first, then by position, each once; all columns if none is chosen."""
    found: list[Kind] = []
    for key in map(one_spelling, chosen):
        fit = [column for column in columns if column.name == key and column.name]
        if not fit and (at := whole_values([key])) is not None and 1 <= at[0] <= len(columns):
            fit = [columns[at[0] - 1]]
        if len(fit) != 1 or any(fit[0] is column for column in found):
            names = ", ".join(column.name for column in columns[:20] if column.name)
            why = "twice in it" if len(fit) > 1 else "given twice" if fit else "not in it"
            raise ValueError(
                f"--columns: {key!r} is {why}; {file} has columns 1 … {len(columns)}" + f", named {names}" * bool(names)
            )
        found.append(fit[0])
    return tuple(found) or tuple(columns)
