"""[data] of a configuration file: a source, a composition and its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import attrs
import numpy as np

from ufm.support import validation
from ufm.support.tables import checked, of_type, one_of, or_none
from ufm.support.tables import whole as integer
from ufm_networks.datasets import compose as compositions
from ufm_networks.datasets.compose import Normalization
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.sources import SOURCES, load_source
from ufm_networks.datasets.task_data import TaskData

REQUEST = ("counts", "balanced", "long_tailed", "samples", "replacement")
# composition, the keys that it cannot do without, and those that it may have
COMPOSITIONS: dict[str, tuple[Callable[..., TaskData], tuple[str, ...], tuple[str, ...]]] = {
    "multi": (compositions.multi, ("p", "q"), REQUEST),
    "cross": (compositions.cross, ("radices",), REQUEST),
    "split": (compositions.split, ("classes",), REQUEST),
    "attributes": (compositions.attributes, ("attributes",), REQUEST),
    "multi_label": (compositions.multi_label, ("counts",), ("classes", "long_tailed", "replacement")),
}
KEYS = sorted({key for _, needed, optional in COMPOSITIONS.values() for key in (*needed, *optional)})


def _channels(name: str, values: Any) -> tuple[float, ...]:
    numbers = [validation.real_number(value) for value in (values if validation.is_list(values) else [values])]
    if any(number is None for number in numbers):
        raise TypeError(f"{name} must hold one number per channel, got {values!r}")
    return tuple(number for number in numbers if number is not None)


def _by_composition(_: str, value: Any) -> Any:
    """A key whose valid values depend on the composition, which checks it."""
    return value


@attrs.frozen(kw_only=True)
class DataTable:
    """As ``ufm_networks.datasets.build_data`` says; None if a key is left out."""

    TABLE: ClassVar[str] = "data"

    source: str = checked(one_of(SOURCES))
    directory: str | None = checked(or_none(of_type(str)), None)
    image_size: int | None = checked(or_none(integer(1, 10_000)), None)
    scale: int = checked(integer(1, 1_000), 1)
    whole: bool = checked(of_type(bool), True)
    compose: str = checked(one_of(COMPOSITIONS))
    p: int | None = checked(or_none(integer(2)), None)
    q: int | None = checked(or_none(integer(2)), None)
    radices: tuple[int, ...] | None = checked(or_none(validation.class_numbers), None)
    classes: Any = checked(_by_composition, None)
    attributes: Any = checked(_by_composition, None)
    counts: Any = checked(_by_composition, None)
    balanced: bool | None = checked(or_none(of_type(bool)), None)
    long_tailed: Any = checked(_by_composition, None)
    samples: Any = checked(_by_composition, None)
    replacement: bool | None = checked(or_none(of_type(bool)), None)
    seed: int = checked(integer(0), 0)
    mean: tuple[float, ...] | None = checked(or_none(_channels), None)
    std: tuple[float, ...] | None = checked(or_none(_channels), None)
    test: bool = checked(of_type(bool), True)
    test_samples: int | None = checked(or_none(integer(1)), None)

    def __attrs_post_init__(self) -> None:
        _, needed, optional = COMPOSITIONS[self.compose]
        for key in KEYS:
            if getattr(self, key) is not None and key not in (*needed, *optional):
                of = [repr(name) for name, (_, *keys) in COMPOSITIONS.items() if any(key in some for some in keys)]
                raise ValueError(f"[data] {key} is for compose {' or '.join(of)}, not {self.compose!r}")
        for key in needed:
            if getattr(self, key) is None:
                raise ValueError(f"[data] compose={self.compose!r} needs {key}")
        if self.test_samples is not None and not self.test:
            raise ValueError("[data] test_samples needs test = true")
        if self.test_samples is not None and self.compose == "multi_label":
            raise ValueError("[data] test_samples is not for compose='multi_label', whose test data follow counts")

    def load(self, *, train: bool) -> Source:
        """The training or the test part of the source."""
        size, scale = self.image_size, self.scale
        return load_source(self.source, self.directory, train, image_size=size, scale=scale, whole=self.whole)

    def training(self) -> TaskData:
        """The training data, composed as the table says."""
        given = {key: getattr(self, key) for key in KEYS if getattr(self, key) is not None}
        if isinstance(self.counts, Mapping):
            given["counts"] = self._counts_by_label(self.counts)
        return self._composed(given, train=True, normalization=Normalization(self.mean, self.std))

    def tests(self, normalization: Normalization) -> TaskData:
        """The test data, neither long-tailed nor correlated; label sets have training's multiplicities if possible."""
        if self.compose == "multi_label":
            given = {"counts": self._counts_by_label(self.counts), "classes": self.classes, "fit": True}
        else:
            _, needed, _ = COMPOSITIONS[self.compose]
            given = {key: getattr(self, key) for key in (*needed, "balanced") if getattr(self, key)}
            given["samples"] = self.test_samples
        return self._composed(given, train=False, normalization=normalization)

    def _composed(self, given: dict[str, Any], *, train: bool, normalization: Normalization) -> TaskData:
        function, _, _ = COMPOSITIONS[self.compose]
        # "attributes" is a composition and a key; the composition calls its argument "names"
        given = {"names" if key == "attributes" else key: value for key, value in given.items()}
        return function(self.load(train=train), **given, seed=self.seed, normalization=normalization)

    def _counts_by_label(self, counts: Mapping[Any, Any]) -> Any:
        """Converts the counts in a TOML file to those that compositions take."""
        if self.compose == "multi_label":
            return {_label_set(key): value for key, value in counts.items()}
        classes: Any = (self.p, self.q) if self.compose == "multi" else self.radices
        square = classes is not None and len(classes) == 2 and classes[0] == classes[1]
        if set(counts) != {"same", "different"} or not square:
            raise ValueError(
                "[data] counts must be a list, or {same = n, different = m} for two tasks of equally many classes "
                f"(compose 'multi' or 'cross'), got {dict(counts)!r}"
            )
        numbers = (validation.whole_number(f"data.counts.{key}", counts[key], 0) for key in ("same", "different"))
        return np.where(np.eye(classes[0], dtype=bool), *numbers)


def _label_set(key: Any) -> Any:
    """A multiplicity "2", or a set "0,2"; a set of one class is "0,"."""
    cells = [cell.strip() for cell in str(key).split(",")]
    try:
        return int(cells[0]) if len(cells) == 1 else tuple(int(cell) for cell in cells if cell)
    except ValueError:
        raise ValueError(f'[data] counts: {key!r} must be a multiplicity, "2", or a set of classes, "0,2"') from None
