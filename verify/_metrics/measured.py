"""Metrics by name, with the reason for each NaN."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from ufm.support.frames import data_frame
from ufm.support.nearest_name import unknown_name
from ufm.support.strict_json import finite_or_none

ZERO_VECTOR = "a head, a feature or a sum of heads is zero, so it has no direction"
UNASKED = "measured by verify.metrics(…, classic=True) only"
KINDS = {
    "SNC": "of tasks that share their samples (ufm.SingleSource)",
    "MNC": "of tasks with samples of their own (ufm.MultiSource)",
    "NRC": "of real targets (ufm.Regression)",
    "NC": "of label sets (ufm.MultiLabel)",
    "NN": "of label sets (ufm.MultiLabel)",
}  # by how a metric's name begins
DEFINED = {"S": "Appendix D.9", "M": "Appendix D.9", "NR": "Andriopoulos et al. 2024", "N": "Li et al. 2024"}
NAMES = (
    *("SNC1", "SNC2_1", "SNC2_2", "SNC3", "SNC3_max", "SNC4", "SNC5"),
    *("MNC1", "MNC2_1", "MNC2_2", "MNC3", "MNC4"),
    *("NC1", "NC2_1", "NC2_2", "NC3", "NC_m", "NN_decoding_error"),
    *("NRC1", "NRC2", "NRC3"),
)
CLASSIC = {
    "pinv_NC1": "Papyan et al. 2020",
    "trace_NC1": "cf. Tirer and Bruna 2022",
    "CDNV": "Galanti et al. 2022",
    "means_cosine": "Papyan et al. 2020",
    "means_equinorm": "Papyan et al. 2020",
    "heads_cosine": "Papyan et al. 2020",
    "heads_equinorm": "Papyan et al. 2020",
    "self_duality": "Papyan et al. 2020",
    "centre_agreement": "Papyan et al. 2020",
    "effective_rank": "Roy and Vetterli 2007",
}  # measured where asked for, and where each is defined


class Undefined(ValueError):  # noqa: N818 - an answer, not a mistake
    """The metric is undefined here; the message says why."""


class Metrics(dict[str, float]):
    """Name → value, in the order of the paper's table; NaN if undefined.

    reasons  name → why it is NaN

    Metrics of other kinds of problems are not among the items; by name they are NaN, with that reason. Raises KeyError
    for an unknown name.
    """

    def __init__(self, values: Mapping[str, float], reasons: Mapping[str, str]) -> None:
        super().__init__(values)
        others = {name: f"a metric {_kind(name)}" for name in NAMES} | dict.fromkeys(CLASSIC, UNASKED)
        self.reasons = {name: why for name, why in others.items() if name not in values} | dict(reasons)

    def to_dict(self) -> dict[str, float | None]:
        """JSON-ready: None for NaN."""
        return {name: finite_or_none(value) for name, value in self.items()}

    def to_frame(self) -> Any:
        """A pandas.DataFrame with one row per metric: metric, value, source, and the reason for a NaN."""
        rows = [
            {"metric": name, "value": value, "source": definition(name), "reason": self.reasons.get(name, "")}
            for name, value in self.items()
        ]
        return data_frame(rows, ("metric", "value", "source", "reason"))

    def __missing__(self, name: str) -> float:
        if name not in NAMES and name not in CLASSIC:
            raise KeyError(str(unknown_name("metric", name, (*NAMES, *CLASSIC))))
        return math.nan

    def __reduce__(self) -> tuple[type[Metrics], tuple[dict[str, float], dict[str, str]]]:
        return Metrics, (dict(self), self.reasons)


def definition(name: str) -> str:
    """The source of a metric's definition."""
    return CLASSIC.get(name) or next(source for start, source in DEFINED.items() if name.startswith(start))


def _kind(name: str) -> str:
    return next(kind for start, kind in KINDS.items() if name.startswith(start))
