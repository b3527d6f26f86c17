"""A ``theory.Prediction`` as plain data, and as a pandas table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

FIGURES = (
    *("theorem", "citation", "regime", "within_theorem", "past_threshold", "objective", "required_dim", "rank"),
    *("multi_source", "every_feature"),
)
COLUMNS = ("theorem", "kind", "name", "statement", "found", "holds", "product", "value", "margin")


def to_dict(prediction: Any) -> dict[str, Any]:
    """The prediction as numbers, strings, lists and dicts; None for what is not finite."""
    own = {name: getattr(prediction, name) for name in FIGURES}
    thresholds = [
        {"what": row.what, "product": row.product, "value": row.value, "below": row.below, "margin": row.margin}
        for row in prediction.thresholds
    ]
    hypotheses = [
        {"name": row.name, "statement": row.statement, "found": row.found, "holds": row.holds}
        for row in prediction.hypotheses
    ]
    arrays = {"cosines": prediction.cosines, "gram_W": prediction.gram_W, "b": prediction.b}
    whole = {**own, "properties": prediction.properties, "thresholds": thresholds, "hypotheses": hypotheses, **arrays}
    return {name: _plain(value) for name, value in whole.items()}


def to_rows(prediction: Any) -> list[dict[str, Any]]:
    """One row for each hypothesis and each threshold, with the keys ``COLUMNS``."""
    rows: list[dict[str, Any]] = [
        {"kind": "hypothesis", "name": row.name, "statement": row.statement, "found": row.found, "holds": row.holds}
        for row in prediction.hypotheses
    ]
    for row in prediction.thresholds:
        numbers = {"product": row.product, "value": row.value, "margin": row.margin}
        said = {"statement": "λ_H λ_W below the threshold", "found": str(row), "holds": row.below}
        rows.append({"kind": "threshold", "name": row.what, **said, **numbers})
    return [{"theorem": prediction.theorem, **row} for row in rows]


def to_frame(rows: Sequence[dict[str, Any]]) -> Any:
    """The rows as a pandas.DataFrame; raises ModuleNotFoundError if pandas is not installed."""
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("to_frame() needs pandas: pip install pandas", name=error.name) from error
    return pandas.DataFrame(list(rows), columns=list(COLUMNS))


def _plain(value: Any) -> Any:
    if isinstance(value, (np.ndarray, np.generic)):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
