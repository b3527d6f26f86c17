"""A study: problems to sweep over, as a TOML file states them."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import attrs
import numpy as np
from numpy.typing import NDArray

from ufm._solve import check_scales
from ufm.support import validation
from ufm.support.bounded_toml import read_toml
from ufm.support.content_digest import content_digest
from ufm.support.nearest_name import require_name, unknown_name
from ufm.support.tables import checked, one_of, or_none, read_table, whole
from ufm.support.toml_values import plain
from verify._metrics.measured import CLASSIC, NAMES
from verify.claims import LIBRARY
from verify.sweeping.axis import Axis, read_axis
from verify.sweeping.made import made
from verify.sweeping.parameters import OF_COUNTS, Parameters, uses

MOST = 10_000_000  # problems of a study
TABLES = ("study", "problem", "axes")
METRICS = (*NAMES, *CLASSIC)


def _names(known: tuple[str, ...]) -> Any:
    def check(name: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, (list, tuple)):
            raise TypeError(f"{name} must be a list of names, got {value!r}")
        return tuple(require_name(name, one.replace("-", "_") if isinstance(one, str) else one, known) for one in value)

    return check


@attrs.frozen
class Plan:
    """[study]: how its problems are chosen, and what is measured of them.

    design     grid: every combination of the axes' values, the last axis fastest; random, or latin-hypercube:
               ``samples`` of them
    seed       of these samples
    chunk      problems solved together, kept together and lost together
    tolerance  of the certificates, relative
    claims, metrics   names; all by default
    """

    TABLE: ClassVar[str] = "study"

    design: str = checked(one_of(("grid", "random", "latin-hypercube")), "grid")
    samples: int | None = checked(or_none(whole(1, MOST)), None)
    seed: int = checked(whole(0), 0)
    chunk: int = checked(whole(1), 500)
    tolerance: float = checked(validation.positive, 1e-9)
    claims: tuple[str, ...] = checked(_names(tuple(sorted(LIBRARY))), tuple(sorted(LIBRARY)))
    metrics: tuple[str, ...] = checked(_names(METRICS), METRICS)

    def __attrs_post_init__(self) -> None:
        if (self.design == "grid") != (self.samples is None):
            raise ValueError(
                f"study.samples={self.samples!r} and design={self.design!r}: random and latin-hypercube need samples, "
                "and a grid has points on its axes instead"
            )


@attrs.frozen(slots=False)
class Study:
    """Which problems, in which order: ``parameters(i)`` of i = 0 … ``size`` − 1."""

    plan: Plan
    problem: Parameters
    axes: tuple[Axis, ...]

    @cached_property
    def size(self) -> int:
        """The number of problems."""
        return self.plan.samples or math.prod(len(axis.grid()) for axis in self.axes)

    @cached_property
    def chunks(self) -> tuple[range, ...]:
        """The problems' numbers, chunk by chunk."""
        step = self.plan.chunk
        return tuple(range(first, min(first + step, self.size)) for first in range(0, self.size, step))

    @cached_property
    def digest(self) -> str:
        """Equal for equal studies, however their files are written; the order of the axes is the problems' order."""
        return content_digest([self.tables(), [axis.key for axis in self.axes]])

    def parameters(self, i: int) -> Parameters:
        """Of problem i."""
        return self.varied({key: values[0] for key, values in self.values([i]).items()})

    def values(self, indices: Sequence[int]) -> dict[str, list[Any]]:
        """Of these problems, each axis' values."""
        if self.plan.samples is not None:
            drawn = self._samples[np.asarray(indices, dtype=np.int64)].T.tolist()
            return {axis.key: [axis.at(u) for u in of] for axis, of in zip(self.axes, drawn, strict=True)}
        if not self.axes:
            return {}
        at = np.unravel_index(np.asarray(indices, dtype=np.int64), [len(grid) for grid in self._grids])
        return {axis.key: [grid[k] for k in of] for axis, grid, of in zip(self.axes, self._grids, at, strict=True)}

    def varied(self, values: Mapping[str, Any]) -> Parameters:
        """The study's problem with these values."""
        return attrs.evolve(self.problem, **values)

    def tables(self) -> dict[str, Any]:
        """Tables that read back as this study, nothing left out."""
        varied = {axis.key for axis in self.axes}
        found = {
            "study": attrs.asdict(self.plan),
            "problem": {key: value for key, value in attrs.asdict(self.problem).items() if key not in varied},
            "axes": {axis.key: axis.table() for axis in self.axes},
        }
        tables: dict[str, Any] = plain(found)
        return tables

    def as_text(self) -> str:
        """``tables`` as JSON, which ``of_text`` reads."""
        return json.dumps(self.tables(), ensure_ascii=False)

    @cached_property
    def _grids(self) -> tuple[tuple[Any, ...], ...]:
        return tuple(axis.grid() for axis in self.axes)

    @cached_property
    def _samples(self) -> NDArray[np.float64]:
        """(samples, axes) in [0, 1)."""
        assert self.plan.samples is not None
        shape = (self.plan.samples, len(self.axes))
        draws = np.random.default_rng(self.plan.seed)
        if self.plan.design == "random" or not self.axes:
            return draws.random(shape)
        from scipy.stats import qmc  # takes as long to import as all the rest

        return np.asarray(qmc.LatinHypercube(shape[1], rng=draws).random(shape[0]))


def of_text(text: str) -> Study:
    """The study that ``as_text`` wrote."""
    return read_study(json.loads(text))


def read_study(source: Any) -> Study:
    """A study from a TOML file, from its tables as a dict, or as it is.

    Raises ValueError or TypeError for a key that is not known, naming the nearest that is, a value out of range, an
    empty axis, more problems than can be, or a problem that cannot be made: all before any work.
    """
    if isinstance(source, Study):
        return source
    if not isinstance(source, (str, Path, Mapping)):
        raise TypeError(f"study must be a TOML file, its tables as a dict, or a Study, got {source!r}")
    tables = source if isinstance(source, Mapping) else read_toml(Path(source), "study")
    for name in tables:
        if name not in TABLES:
            raise unknown_name("table", name, TABLES)
    axes = tables.get("axes", {})
    if not isinstance(axes, Mapping):
        raise TypeError(f"[axes] must be a table of keys and values, got {axes!r}")
    fixed = tables.get("problem", {})
    if twice := [key for key in axes if isinstance(fixed, Mapping) and key in fixed]:
        raise ValueError(f"{', '.join(twice)}: given in [problem] and in [axes]; leave out one of the two")
    study = Study(
        plan=read_table(Plan, tables.get("study", {})),
        problem=read_table(Parameters, tables.get("problem", {})),
        axes=tuple(read_axis(key, value) for key, value in axes.items()),
    )
    _check_size(study)
    _check_problems(study)
    return study


def _check_size(study: Study) -> None:
    if study.plan.samples is not None:
        for axis in study.axes:
            if axis.range is not None and axis.range.points is not None:
                raise ValueError(
                    f"axes.{axis.key}.points={axis.range.points} is of a grid; design={study.plan.design!r} has samples"
                )
        return
    sizes = [axis.range.points if axis.range is not None else len(axis.values) for axis in study.axes]
    if (asked := math.prod(size or 1 for size in sizes)) > 100 * MOST or any((size or 1) > MOST for size in sizes):
        # too many even to write out an axis
        raise _too_many(" × ".join(f"{size or 1:,}" for size in sizes), asked)
    if study.size > MOST:
        raise _too_many(" × ".join(f"{len(axis.grid()):,}" for axis in study.axes), study.size)


def _too_many(product: str, size: int) -> ValueError:
    return ValueError(
        f"the study has {product} = {size:,} problems, more than {MOST:,}; give fewer values, or samples by "
        "design = 'latin-hypercube'"
    )


def _check_problems(study: Study) -> None:
    """Every kind of problem can be made, and uses what is given."""
    used: set[str] = set()
    for values in itertools.product(*(axis.some() for axis in study.axes)):
        varied = study.varied({axis.key: value for axis, value in zip(study.axes, values, strict=True)})
        try:
            check_scales(made(varied))
        except (ValueError, TypeError, MemoryError) as error:
            shown = ", ".join(f"{axis.key} = {value!r}" for axis, value in zip(study.axes, values, strict=True))
            kind = next(kind for kind in (TypeError, MemoryError, ValueError) if isinstance(error, kind))
            raise kind(f"{error}" + (f" (at {shown})" if shown else "")) from None
        used |= uses(varied)
    for name, default in ((part.name, part.default) for part in attrs.fields(Parameters)):
        given = any(axis.key == name for axis in study.axes) or getattr(study.problem, name) != default
        if name in OF_COUNTS and given and name not in used:
            raise ValueError(f"{name} is given, but no problem of the study depends on it; leave it out")
