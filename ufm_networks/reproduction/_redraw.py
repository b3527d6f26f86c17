"""Redraws a reproduced figure or table from its saved numbers, without training."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ufm.support.bounded_json import parse_json
from ufm.support.whole_file import write_together
from ufm_networks.reproduction.cosines import cosines_figure
from ufm_networks.reproduction.curves import Curve, common, curves_figure
from verify.plot.files import drawn


def redraw(folder: str | Path, formats: Sequence[str] = ("png", "svg")) -> list[Path]:
    """Writes figure.png and figure.svg of a folder of ``ufm reproduce`` from its summary.json and metrics.csv.

    Returns the files. Raises ValueError for a format that is not known, or a folder whose experiment draws nothing;
    FileNotFoundError if a file is missing.
    """
    place = Path(folder)
    summary = parse_json((place / "summary.json").read_text(encoding="utf-8"))
    match summary["kind"]:
        case "cosine":
            figure = cosines_figure(summary["cosines"])
        case "curves":
            figure = curves_figure(_curves(place / "metrics.csv", summary))
        case kind:
            raise ValueError(f"folder {str(place)!r} holds kind={kind!r}, which has no figure")
    contents: dict[str, bytes | str] = {f"figure.{kind}": drawn(figure, kind) for kind in formats}
    write_together(place, contents)
    return [place / name for name in contents]


def _curves(table: Path, summary: dict[str, Any]) -> list[Curve]:
    """As ``history_csv`` has written them: an epoch that a seed has not measured is empty."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in summary["rows"]:
        own = [r for r in rows if (r["panel"], r["run"]) == (row["panel"], row["run"])]
        for metric in summary["metrics"]:
            seeds = [
                {int(r["epoch"]): float(r[metric]) for r in own if r["seed"] == str(seed) and r[metric]}
                for seed in summary["seeds"]
            ]
            found.append(Curve(row["panel"], row["run"], metric, *common(seeds)))
    return found
