"""Small studies, and their tables read back."""

from __future__ import annotations

from typing import Any

SMALL: dict[str, Any] = {
    "study": {"chunk": 3, "claims": ["nc3", "nc4", "closed_form"], "metrics": ["SNC1", "SNC3", "effective_rank"]},
    "problem": {"classes": [2, 3], "n": 4, "lambdas": 0.01},
    "axes": {
        "lambda_W": {"low": 0.01, "high": 10.0, "points": 4},
        "loss": ["cross-entropy", "squared-error"],
    },
}


def study(**tables: Any) -> dict[str, Any]:
    """``SMALL`` with other tables; a table that is given replaces keys of it, None removes them, an axis its value."""
    merged = {name: {**SMALL.get(name, {}), **tables.get(name, {})} for name in {*SMALL, *tables}}
    merged["problem"] = {key: value for key, value in merged["problem"].items() if merged["axes"].get(key) is None}
    return {name: {key: value for key, value in table.items() if value is not None} for name, table in merged.items()}
