"""The history of a run, checked before it is drawn."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ufm.support.regular_file import require_regular
from ufm_networks.training.logs import Row
from ufm_networks.training.run import METRICS, Run


def checked_history(run: Run) -> list[Row]:
    """The rows of the checkpoint, one per epoch; metrics.csv beside it must agree with them.

    Raises ValueError, naming the file, the line and the column, where a row is damaged or the two differ.
    """
    place = "history" if run.folder is None else f"checkpoint of {str(run.folder)!r}"
    rows: Any = run.history
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"{place} has no epoch; train first")
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping) or row.get("epoch") != number:
            raise ValueError(f"{place}: row {number} is not of epoch {number}: {row!r}")
        for name, value in row.items():
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise ValueError(f"{place}: {name} of epoch {number} is not a number: {value!r}")
    if run.folder is not None and (run.folder / METRICS).exists():
        _compare(run.folder / METRICS, rows)
    return rows


def _compare(path: Path, rows: list[Row]) -> None:
    damaged = f"metrics {str(path)!r} cannot be used"
    advice = "remove it, the checkpoint holds the same rows"
    try:
        require_regular("metrics", path)
        with open(path, newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{damaged}: it is not a CSV file ({error}); {advice}") from None
    if len(lines) < len(rows):
        raise ValueError(f"{damaged}: it has {len(lines)} epochs, the checkpoint {len(rows)}; {advice}")
    for number, (row, line) in enumerate(zip(rows, lines, strict=False), start=2):
        for name, value in row.items():
            text = line.get(name) or ""
            try:
                written = float(text)
            except ValueError:
                raise ValueError(f"{damaged}: line {number}, {name} = {text!r} is not a number; {advice}") from None
            if written != value and not (math.isnan(written) and math.isnan(value)):
                raise ValueError(f"{damaged}: line {number}, {name} = {text}, in the checkpoint {value!r}; {advice}")
