"""How the problem is solved, from flags: one for each option of a method, read from ``ufm.solvers.options``."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass, field, fields
from functools import reduce
from operator import or_
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypedDict, Union, get_args, get_origin, get_type_hints

import torch
import tyro

from ufm.solvers.options import METHODS

NO_FLAGS = ("weighting_options", "metrics", "distributed")  # of a type that no flag can have, or torchrun says it


def _documented(kind: type) -> dict[str, str]:
    """What the string below each field says."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    words = {}
    for one, next_one in zip(body.body, body.body[1:], strict=False):
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and isinstance(next_one, ast.Expr):
            words[one.target.id] = " ".join(ast.literal_eval(next_one.value).split())
    return words


def _flag_type(hint: Any) -> Any:
    """The type less what no flag can spell: tensors' types, which have names, and None, which is to leave it out."""
    spelled = tuple(part for part in get_args(hint) if part not in (torch.dtype, type(None)))
    return reduce(or_, spelled) if get_origin(hint) in (Union, UnionType) else hint


def _flags() -> dict[str, Any]:
    """Type and help by name; methods that share a name share a flag."""
    types: dict[str, Any] = {}
    words: dict[str, list[str]] = {}
    for method, kind in METHODS.items():
        hints, documented = get_type_hints(kind), _documented(kind)
        for option in fields(kind):
            if option.name not in NO_FLAGS:
                types.setdefault(option.name, _flag_type(hints[option.name]))
                default = "" if option.default is None else f" ({option.default})"
                words.setdefault(option.name, []).append(f"{method}{default}: {documented[option.name]}")
    return {name: Annotated[types[name], tyro.conf.arg(help=" ".join(words[name]))] for name in types}


if TYPE_CHECKING:
    Options = dict[str, Any]
else:
    Options = TypedDict("Options", _flags(), total=False)


@dataclass(frozen=True)
class SolverOptions:
    """The solver; flags left out take the method's own defaults."""

    method: Literal["newton", "gradient", "convex"] = "newton"
    """newton: to machine precision; gradient: all N features free, first order; convex: cvxpy."""
    dim: int | None = None
    """Feature dimension d; by default what the theorems need."""
    seed: int = 0
    """Of the random start."""
    device: str = "cpu"
    """cpu or cuda."""
    options: Options = field(default_factory=Options)

    def arguments(self) -> dict[str, Any]:
        """Keyword arguments of ``ufm.solve``."""
        return {"method": self.method, "dim": self.dim, "seed": self.seed, "device": self.device, **self.options}
