"""What a command can be told: the fields of its dataclass, which say type, default and help.

A field that holds another dataclass, or a typed dictionary, is a group of flags of its own. The string below a field is
its help, the first line of a class's docstring the title of its group.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from verify.cli.flag_types import NAME, FlagType, flag_type


@dataclass(frozen=True)
class Told:
    """How a field is told, where not as ``--name VALUE``: ``Annotated[Path, Told(positional=True)]``."""

    positional: bool = False
    shown: str = ""  # in place of the type's own N, X, TEXT, PATH
    again: bool = False  # the flag is given again for each value
    read: bool = False  # a path to read: a misspelled one is answered with the nearest there is
    help: str = ""  # in place of the string below the field
    choices: tuple[str, ...] = ()  # for completion, where the type says none


@dataclass(frozen=True)
class Flag:
    """One of a command's flags or positional arguments.

    path     where its value goes: names of fields, from the command inwards
    default  what stands there unless it is given; ``dataclasses.MISSING`` where it must be
    group    title of its group on the help page, "" for the command's own
    """

    path: tuple[str, ...]
    type: FlagType | None  # None of a switch
    default: Any
    help: str
    group: str = ""
    told: Told = field(default_factory=Told)

    @property
    def name(self) -> str:
        """``--lambda-H``, or ``CONFIG`` where it is positional."""
        word = self.path[-1].replace("_", "-")
        return word.upper() if self.told.positional else f"--{word}"

    @property
    def shown(self) -> str:
        """What stands for its value on a help page; "" of a switch."""
        if self.type is None:
            return ""
        return self.told.shown or self.type.shown

    @property
    def required(self) -> bool:
        """Whether a command line without it is refused."""
        return self.default is MISSING

    @property
    def reads_a_path(self) -> bool:
        """Whether completion offers files."""
        return "PATH" in self.shown

    @property
    def choices(self) -> tuple[str, ...]:
        """Names that completion offers."""
        return self.told.choices or (self.type.choices if self.type else ())


def flags_of(kind: type[Any], path: tuple[str, ...] = (), group: str = "") -> Iterator[Flag]:
    """In the order of the fields, those of a base class first."""
    hints = get_type_hints(kind, include_extras=True)
    words = documented(kind)
    homes = {name: home for home in reversed(kind.__mro__) for name in vars(home).get("__annotations__", ())}
    own = {one.name: one for one in fields(kind)} if is_dataclass(kind) else {}
    for name in own or hints:
        hint, told = _parts(hints[name])
        if is_dataclass(hint) or is_typeddict(hint):
            assert isinstance(hint, type)
            yield from flags_of(hint, (*path, name), title(hint))
            continue
        of = title(homes[name]) if path else group
        default = _default(own[name]) if own else None
        shape = None if hint is bool else flag_type(hint)
        said = told.help or words.get(name, "")
        if shape is not None and shape.shown == NAME:
            said += f" One of {', '.join(shape.choices)}."
        yield Flag((*path, name), shape, default, said, of, told)


def title(kind: type[Any]) -> str:
    """The first sentence of its docstring."""
    return (kind.__doc__ or kind.__name__).strip().splitlines()[0].rstrip(".")


def documented(kind: type[Any]) -> dict[str, str]:
    """What the string below each field says, those of base classes included."""
    words: dict[str, str] = {}
    for home in reversed(kind.__mro__):
        if "__annotations__" not in vars(home) or is_typeddict(kind):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(home))).body[0]
        assert isinstance(body, ast.ClassDef)
        for one, below in zip(body.body, body.body[1:], strict=False):
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(below, ast.Expr):
                words[one.target.id] = " ".join(ast.literal_eval(below.value).split())
    return words


def _parts(hint: Any) -> tuple[Any, Told]:
    if get_origin(hint) is Annotated:
        hint, *notes = get_args(hint)
        return hint, next((note for note in notes if isinstance(note, Told)), Told())
    inner = [_parts(part) for part in get_args(hint)] if get_origin(hint) in (Union, UnionType) else []
    return hint, next((told for _, told in inner if told != Told()), Told())


def _default(one: Any) -> Any:
    return one.default_factory() if one.default_factory is not MISSING else one.default


def paths_read(flags: list[Flag], values: dict[tuple[str, ...], Any]) -> Iterator[tuple[str, Path]]:
    """The flag and the path of every file that is to be read."""
    for flag in flags:
        given = values.get(flag.path)
        if flag.told.read and given is not None:
            yield from ((flag.name, Path(one)) for one in (given if isinstance(given, tuple) else (given,)))
