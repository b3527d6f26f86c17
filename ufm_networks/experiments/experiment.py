"""An experiment: a TOML file with the runs of one figure or table, and what to draw."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import attrs

from ufm.support import validation
from ufm.support.bounded_toml import read_toml
from ufm.support.nearest_name import unknown_name
from ufm.support.tables import checked, of_type, one_of, read_table
from ufm_networks.experiments.run_names import require_name_for_files
from ufm_networks.training.config import Config, read_config

FigureKind = Literal["curves", "cosine", "table", "decoding", "report"]
CONFIGURATION = ("data", "model", "train")
TABLES = ("figure", *CONFIGURATION, "panels", "runs")
# where and how often, not what: the same run with other values is the same run
CIRCUMSTANCES = ("seed", "device", "amp", "compile", "channels_last", "metrics_every", "checkpoint_every")


def check_seeds(name: str, seeds: Any) -> tuple[int, ...]:
    """Checks that there is at least one seed, each once."""
    if not validation.is_list(seeds):
        raise ValueError(f"{name} must be a list of at least one seed, got {seeds!r}")
    numbers = tuple(validation.whole_number(name, seed, 0, 2**63 - 1) for seed in seeds)
    if len(set(numbers)) != len(numbers):
        raise ValueError(f"{name} must hold every seed once, got {list(numbers)}")
    return numbers


def _line(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be a line of text, got {value!r}")
    return value


def _names(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(word, str) for word in value):
        raise TypeError(f"{name} must be a list of names, got {value!r}")
    return tuple(value)


@attrs.frozen
class Figure:
    """[figure]: what is drawn.

    title    a line
    kind     "curves": metrics over epochs, a row of panels for each [[panels]], a line for each [[runs]];
             "cosine": cosine between the heads of two tasks against n^{11}, with the closed form;
             "table": metrics at the end, a row for each panel, a column for each run;
             "decoding": label sets decoded by the nearest mean and by rules on the logits;
             "report": the report of ``ufm measure`` on all runs
    metrics  columns of metrics.csv, such as SNC1 or test_accuracy
    seeds    of the runs; mean and spread are over them
    parameters  table only: also the parameters each run trains
    gaps     also how far each network is from the certified optimum of its model, and why
    """

    TABLE: ClassVar[str] = "figure"

    title: str = checked(_line)
    kind: FigureKind = checked(one_of(get_args(FigureKind)))
    metrics: tuple[str, ...] = checked(_names, ())
    seeds: tuple[int, ...] = checked(check_seeds, (0,))
    parameters: bool = checked(of_type(bool), False)
    gaps: bool = checked(of_type(bool), False)

    def __attrs_post_init__(self) -> None:
        if self.kind in ("curves", "table") and not self.metrics:
            raise ValueError(f"figure.metrics is empty; kind={self.kind!r} needs at least one")


@dataclass(frozen=True)
class PlannedRun:
    """One training run; panel and run are names in the file; equal configurations have equal folders."""

    panel: str
    run: str
    seed: int
    config: Config

    @property
    def label(self) -> str:
        """Its label for readers."""
        return ", ".join(part for part in (self.panel, self.run, f"seed {self.seed}") if part)

    @property
    def folder(self) -> str:
        """Its name and eight digits of a digest of its configuration; figures that show the same run share it."""
        tables = self.config.tables()
        told = {
            name: {key: value for key, value in table.items() if (name, key) not in _IGNORED}
            for name, table in tables.items()
        }
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]
        words = re.sub(r"[^a-z0-9]+", "-", f"{self.panel} {self.run}".lower()).strip("-")
        return f"{words}-{digest}-seed{self.seed}"


_IGNORED = {("train", key) for key in CIRCUMSTANCES} | {("data", "directory")}


@dataclass(frozen=True)
class Experiment:
    """An experiment, named like its file; every run is trained for every panel and every seed."""

    name: str
    figure: Figure
    plans: tuple[PlannedRun, ...]

    @property
    def panels(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(dict.fromkeys(plan.panel for plan in self.plans))

    @property
    def runs(self) -> tuple[str, ...]:
        """In the order of the file."""
        return tuple(dict.fromkeys(plan.run for plan in self.plans))

    @property
    def sources(self) -> tuple[str, ...]:
        """The data sets that must be present."""
        return tuple(sorted({str(plan.config.data.get("source")) for plan in self.plans}))

    def changed(self, *, seeds: Sequence[int] | None = None, directory: str | None = None, **train: Any) -> Experiment:
        """The experiment with other seeds, another data folder, or other values in [train]."""
        chosen = self.figure.seeds if seeds is None else check_seeds("seeds", seeds)
        data = {} if directory is None else {"directory": directory}
        plans = []
        for plan in self.plans:
            if plan.seed == self.figure.seeds[0]:
                config = attrs.evolve(plan.config, data=plan.config.data | data)
                plans += [replace(plan, seed=s, config=config.replaced(**train, seed=s)) for s in chosen]
        return replace(self, figure=attrs.evolve(self.figure, seeds=chosen), plans=tuple(plans))


def read_experiment(path: str | Path) -> Experiment:
    """From a TOML file:

        [figure]                  as ``Figure``
        [data] [model] [train]    as ``ufm_networks.training.read_config``, of all runs
        [[panels]]  name = …      and tables data, model, train that go over those of all runs; optional
        [[runs]]    name = …      the same, over those of the panel; at least one

    Raises ValueError, TypeError or FileNotFoundError naming the file and what is wrong in it.
    """
    place = Path(path)
    tables = read_toml(place)
    try:
        return _experiment(place.stem, tables)
    except (ValueError, TypeError) as error:
        raise type(error)(f"experiment {str(place)!r}: {error}") from error


def _experiment(name: str, tables: Mapping[str, Any]) -> Experiment:
    for key in tables:
        if key not in TABLES:
            raise unknown_name("table", key, TABLES)
    figure = read_table(Figure, tables.get("figure", {}))
    shared = {key: tables.get(key, {}) for key in CONFIGURATION}
    plans = []
    for panel, of_panel in _parts("panels", tables.get("panels", [{"name": ""}])):
        for run, of_run in _parts("runs", tables.get("runs", [])):
            merged = _over(_over(_over({}, shared), of_panel), of_run)
            config = read_config(merged)
            if "source" not in config.data:
                raise ValueError(f"run {run!r} has no data.source")
            require_name_for_files("panel and run", f"{panel}, {run}" if panel else run)  # as reports name it
            plans += [PlannedRun(panel, run, seed, config.replaced(seed=seed)) for seed in figure.seeds]
    if not plans:
        raise ValueError("[[runs]] is missing; at least one is needed")
    return Experiment(name, figure, tuple(plans))


def _parts(what: str, entries: Any) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise TypeError(f"[[{what}]] must be a list of tables, got {entries!r}")
    found: dict[str, dict[str, Any]] = {}
    for entry in entries:
        label = entry.get("name")
        if not isinstance(label, str) or label in found:
            raise ValueError(f"[[{what}]] needs a name of its own in every entry, got {label!r}")
        require_name_for_files(f"[[{what}]] name", label)
        for key in entry:
            if key not in ("name", *CONFIGURATION):
                raise unknown_name(f"key of [[{what}]]", key, ("name", *CONFIGURATION))
        found[label] = {key: entry[key] for key in CONFIGURATION if key in entry}
    return list(found.items())


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    for key, table in above.items():
        if not isinstance(table, Mapping):
            raise TypeError(f"{key} must be a table of keys and values, got {table!r}")
    return {key: {**below.get(key, {}), **above.get(key, {})} for key in CONFIGURATION}
