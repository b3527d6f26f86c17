"""Results as pandas tables; pandas is imported on first use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def data_frame(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] | None = None) -> Any:
    """A pandas.DataFrame of rows by column name; raises ModuleNotFoundError if pandas is not installed."""
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("to_frame() needs pandas: pip install pandas", name=error.name) from error
    return pandas.DataFrame(list(rows), columns=None if columns is None else list(columns))
