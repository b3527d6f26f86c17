"""The [data] table of a configuration file: which source, composed how, for training and for testing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ufm.support import validation
from ufm.support.nearest_name import require_name, unknown_name
from ufm_networks.datasets.compose import Normalization, attributes, cross, multi, multi_label, split
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.sources import SOURCES, load_source
from ufm_networks.datasets.task_data import TaskData

# composition, and the keys that it cannot do without
COMPOSITIONS: dict[str, tuple[Callable[..., TaskData], tuple[str, ...]]] = {
    "multi": (multi, ("p", "q")),
    "cross": (cross, ("radices",)),
    "split": (split, ("classes",)),
    "attributes": (attributes, ("attributes",)),
    "multi_label": (multi_label, ("counts",)),
}
SOURCE_KEYS = ("source", "directory", "image_size", "scale", "whole")
OTHER_KEYS = ("compose", "seed", "mean", "std", "test", "test_samples")
REQUEST_KEYS = ("counts", "balanced", "long_tailed", "samples", "replacement")
OPTIONAL_KEYS = dict.fromkeys(COMPOSITIONS, REQUEST_KEYS) | {"multi_label": ("classes", "long_tailed", "replacement")}


def build_data(table: Mapping[str, Any]) -> tuple[TaskData, TaskData | None]:
    """Training and test data of a [data] table; None for the latter where ``test = false``.

    source, compose           names of a source and of a composition, both needed
    directory, image_size, scale, whole   as ``load_source``
    p, q | radices | classes | attributes | counts, classes   what ``multi``, ``cross``, ``split``, ``attributes`` and
                              ``multi_label`` need
    counts, balanced, long_tailed, samples, replacement       as ``Request``. counts of two tasks may be
                              {same = n, different = m}; those of multi_label are {1 = n, 2 = m} by multiplicity or
                              {"0,2" = n} by set
    seed                      of drawing, default 0
    mean, std                 per channel, of pixel/255; by default those of the training images
    test, test_samples        whether there are test data (true), and how many

    Test data are never long-tailed or correlated: balanced for "multi" and where training is asked to be balanced, by
    multiplicity as in training for "multi_label", all test images otherwise. They are normalized as the training data.

    Raises ValueError for a key that is unknown (the nearest is named) or of another composition, and as what it calls.
    """
    if not isinstance(table, Mapping):
        raise TypeError(f"[data] must be a table, got {table!r}")
    for key in ("source", "compose"):
        if key not in table:
            raise ValueError(f"[data] needs {key}")
    require_name("[data] source", table["source"], SOURCES)
    name = require_name("[data] compose", table["compose"], COMPOSITIONS)
    compose, needed = COMPOSITIONS[name]
    _check_keys(table, name)
    testing = table.get("test", True)
    if not isinstance(testing, bool):
        raise TypeError(f"[data] test must be true or false, got {testing!r}")
    if not testing and "test_samples" in table:
        raise ValueError("[data] test_samples needs test = true")

    arguments = {key: table[key] for key in (*needed, *OPTIONAL_KEYS[name]) if key in table}
    if "counts" in arguments:
        arguments["counts"] = _counts(arguments["counts"], arguments, name)
    given = Normalization(_channels(table, "mean"), _channels(table, "std"))
    seed = table.get("seed", 0)
    training = compose(_source(table, train=True), **_names(arguments), seed=seed, normalization=given)
    if not testing:
        return training, None
    arguments = _for_testing(arguments, name, table.get("test_samples"))
    same = Normalization(training.mean, training.std)
    try:
        return training, compose(_source(table, train=False), **_names(arguments), seed=seed, normalization=same)
    except (ValueError, FileNotFoundError) as error:
        raise type(error)(f"test data: {error} (test = false leaves them out)") from error


def _check_keys(table: Mapping[str, Any], name: str) -> None:
    needed = COMPOSITIONS[name][1]
    valid = (*SOURCE_KEYS, *OTHER_KEYS, *needed, *OPTIONAL_KEYS[name])
    for key in table:
        others = [other for other, (_, keys) in COMPOSITIONS.items() if key in (*keys, *OPTIONAL_KEYS[other])]
        if key not in valid and others:
            raise ValueError(f"[data] {key} is for compose {' or '.join(map(repr, others))}, not {name!r}")
        if key not in valid:
            raise unknown_name("[data] key", key, valid)
    for key in needed:
        if key not in table:
            raise ValueError(f"[data] compose={name!r} needs {key}")


def _source(table: Mapping[str, Any], train: bool) -> Source:
    for key, kind in (("directory", str), ("whole", bool)):
        if key in table and not isinstance(table[key], kind):
            raise TypeError(f"[data] {key} must be a {kind.__name__}, got {table[key]!r}")
    options = {key: table[key] for key in SOURCE_KEYS if key in table and key != "source"}
    return load_source(table["source"], train=train, **options)


def _names(arguments: dict[str, Any]) -> dict[str, Any]:
    """``attributes`` is a composition and a key; the composition calls its argument ``names``."""
    return {"names" if key == "attributes" else key: value for key, value in arguments.items()}


def _for_testing(arguments: dict[str, Any], name: str, samples: Any) -> dict[str, Any]:
    kept = {key: arguments[key] for key in (*COMPOSITIONS[name][1], "classes") if key in arguments}
    if name == "multi_label":
        if samples is not None:
            raise ValueError("[data] test_samples is not for compose='multi_label', whose test data follow counts")
        return kept | {"fit": True}
    if arguments.get("balanced"):
        kept["balanced"] = True
    if samples is not None:
        kept["samples"] = samples
    return kept


def _channels(table: Mapping[str, Any], key: str) -> tuple[float, ...] | None:
    if key not in table:
        return None
    values = table[key] if validation.is_list(table[key]) else [table[key]]
    numbers = [validation.real_number(value) for value in values]
    if any(number is None for number in numbers):
        raise TypeError(f"[data] {key} must hold one number per channel, got {table[key]!r}")
    return tuple(number for number in numbers if number is not None)


def _counts(counts: Any, arguments: Mapping[str, Any], name: str) -> Any:
    """Counts as the compositions take them, from what a TOML file can say."""
    if not isinstance(counts, Mapping):
        return counts
    if name == "multi_label":
        return {_label_set(key): value for key, value in counts.items()}
    classes = (arguments.get("p"), arguments.get("q")) if name == "multi" else arguments.get("radices")
    square = classes is not None and validation.is_list(classes) and len(classes) == 2 and classes[0] == classes[1]
    if set(counts) != {"same", "different"} or not square:
        raise ValueError(
            f"[data] counts must be a list, or {{same = n, different = m}} for two tasks of equally many classes "
            f"(compose 'multi' or 'cross'), got {dict(counts)!r}"
        )
    same, different = (validation.whole_number(f"[data] counts.{key}", counts[key], 0) for key in ("same", "different"))
    k = validation.whole_number("[data] classes", classes[0], 2)  # type: ignore[index]
    return np.where(np.eye(k, dtype=bool), same, different)


def _label_set(key: Any) -> Any:
    """A multiplicity "2", or a set "0,2"; a set of one class is "0,"."""
    cells = [cell.strip() for cell in str(key).split(",")]
    try:
        return int(cells[0]) if len(cells) == 1 else tuple(int(cell) for cell in cells if cell)
    except ValueError:
        raise ValueError(f'[data] counts: {key!r} must be a multiplicity, "2", or a set of classes, "0,2"') from None
