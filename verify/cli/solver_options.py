"""Flags of the solvers: one for each option of a method, generated from ``ufm.solvers.options``."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import reduce
from operator import or_
from types import NoneType, SimpleNamespace, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, Union, get_args, get_origin, get_type_hints

from ufm.solvers.options import METHODS
from verify.cli.devices import Device
from verify.cli.flags import Told, documented

NO_FLAGS = ("weighting_options", "metrics", "distributed")  # of a type that no flag can have, or torchrun says it
# in place of types that no flag can spell, and that PyTorch would have to be imported for: tensors' types have names
_UNSPELLED = {"torch": SimpleNamespace(dtype=NoneType), "Metrics": Any}


def _flag_type(hint: Any) -> Any:
    """The type without None, which means leaving the flag out."""
    spelled = tuple(part for part in get_args(hint) if part is not NoneType)
    return reduce(or_, spelled) if get_origin(hint) in (Union, UnionType) else hint


def _flags() -> dict[str, Any]:
    """Type and help by name; methods that share a name share a flag."""
    types: dict[str, Any] = {}
    words: dict[str, list[str]] = {}
    for method, kind in METHODS.items():
        hints, said = get_type_hints(kind, localns=_UNSPELLED), documented(kind)
        for option in fields(kind):
            if option.name not in NO_FLAGS:
                types.setdefault(option.name, _flag_type(hints[option.name]))
                default = "" if option.default is None else f" Default: {option.default}."
                words.setdefault(option.name, []).append(f"{method}: {said[option.name]}{default}")
    return {name: Annotated[types[name], Told(help=" ".join(words[name]))] for name in types}


if TYPE_CHECKING:
    Options = dict[str, Any]
else:
    Options = TypedDict("Options", _flags(), total=False)
    Options.__doc__ = "Options of the solver, each of the methods it names."


@dataclass(frozen=True)
class SolverOptions:
    """The solver"""

    method: Literal["newton", "gradient", "projection", "convex"] = "newton"
    """newton: to machine precision; gradient: all N features free, first order; projection: the heads alone, for
    very many distinct labels; convex: cvxpy, for small problems. Default: newton."""
    dim: int | None = None
    """Feature dimension d. Default: what the theorems need."""
    seed: int = 0
    """Seed of the random start. Default: 0."""
    device: Device = "cpu"
    """cpu, or cuda for a graphics card. Default: cpu."""
    options: Options = field(default_factory=Options)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of ``ufm.solve``."""
        return {"method": self.method, "dim": self.dim, "seed": self.seed, "device": self.device, **self.options}
