"""Tables of an experiment in Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from networks.experiments import FinishedRun

KEYS = ("panel", "run", "seed")


def history_csv(finished: Sequence[FinishedRun], metrics: Sequence[str]) -> str:
    """One row per run and measured epoch."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*KEYS, "epoch", "loss", *metrics])
    for of in finished:
        for row in of.run.history:
            if "accuracy" in row:
                numbers = [f"{row[name]:.6g}" for name in ("loss", *metrics)]
                writer.writerow([of.plan.panel, of.plan.run, of.plan.seed, row["epoch"], *numbers])
    return text.getvalue()


def markdown(summary: Mapping[str, Any]) -> str:
    """Of ``summarize``: a table of runs, or of kind "table" one of panels by runs; then cosines where there are any."""
    parts = [_crossed(summary) if summary["kind"] == "table" else _listed(summary)]
    if "cosines" in summary:
        parts.append(_cosines(summary["cosines"]))
    if "decoding" in summary:
        parts.append(_decoding(summary["decoding"]))
    return "\n\n".join(parts)


def number(of: Mapping[str, Any], digits: int = 3) -> str:
    """mean ± spread."""
    mean = f"{of['mean']:.{digits}g}"
    return mean if of["spread"] is None else f"{mean} ± {of['spread']:.2g}"


def _listed(summary: Mapping[str, Any]) -> str:
    several = any(row["panel"] for row in summary["rows"])
    names = list(dict.fromkeys(name for row in summary["rows"] for name in row["metrics"]))
    header = [*(["data"] if several else []), "run", "epochs", "seconds", *(_title(name) for name in names)]
    lines = []
    for row in summary["rows"]:
        seconds = sum(row["seconds"]) / len(row["seconds"])
        cells = [_cell(row["metrics"].get(name)) for name in names]
        lines.append([*([row["panel"]] if several else []), row["run"], str(row["epochs"]), f"{seconds:.0f}", *cells])
    return _table(header, lines)


def _cell(of: Mapping[str, Any] | None) -> str:
    """Where a metric decays: after epoch 1 → at the end, and how many times less at least."""
    if of is None:
        return ""
    if "first" not in of:
        return f"{100 * of['last']['mean']:.2f} %" + (
            "" if of["last"]["spread"] is None else f" ± {100 * of['last']['spread']:.2f}"
        )
    ratio = of["smallest_ratio"]
    less = "0" if ratio is None else f"÷ {ratio:.3g}"
    return f"{of['first']['mean']:.3g} → {number(of['last'], 2)} ({less})"


def _crossed(summary: Mapping[str, Any]) -> str:
    panels = list(dict.fromkeys(row["panel"] for row in summary["rows"]))
    runs = list(dict.fromkeys(row["run"] for row in summary["rows"]))
    cells = {(row["panel"], row["run"]): row for row in summary["rows"]}
    tables = []
    for metric in summary["metrics"]:
        lines = [[panel, *(_cell(cells[panel, run]["metrics"][metric]) for run in runs)] for panel in panels]
        tables.append(_table([_title(metric), *runs], lines))
    if summary["parameters"]:
        lines = [[panel, *(f"{cells[panel, run]['trained_parameters']:,}" for run in runs)] for panel in panels]
        tables.append(_table(["trained parameters", *runs], lines))
    return "\n\n".join(tables)


def _cosines(rows: Sequence[Mapping[str, Any]]) -> str:
    header = ["data", "run", "n¹¹", "λ_H λ_W", "measured cosine", "closed form", "largest difference"]
    lines = [
        [
            row["panel"],
            row["run"],
            f"{row['n_same']:.0f}",
            f"{sum(row['lambda_product']) / len(row['lambda_product']):.3g}",
            f"{row['mean']:.3f}" + ("" if row["spread"] is None else f" ± {row['spread']:.3f}"),
            f"{sum(row['closed_form']) / len(row['closed_form']):.3f}",
            f"{row['largest_difference']:.3f}",
        ]
        for row in rows
    ]
    return _table(header, lines)


def _decoding(rows: Sequence[Mapping[str, Any]]) -> str:
    rules = ("nearest_mean", "threshold", "top_m")
    header = ["data", "run", "nearest mean", "threshold on the softmax", "top m, m known"]
    return _table(header, [[row["panel"], row["run"], *(_cell({"last": row[rule]}) for rule in rules)] for row in rows])


def _title(name: str) -> str:
    return name.replace("_", "-") if "NC" in name[:3] else name.replace("_", " ")


def _table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
