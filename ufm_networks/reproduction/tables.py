"""Tables of an experiment in Markdown and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from ufm_networks.experiments import FinishedRun
from verify.plot.metric_names import shown
from verify.report.as_markdown import markdown_table
from verify.report.blocks import table
from verify.report.numbers import MISSING

KEYS = ("panel", "run", "seed")


def history_csv(finished: Sequence[FinishedRun], metrics: Sequence[str]) -> str:
    """One row per run and measured epoch; metrics that a run lacks, such as those of test data, are left empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    names = tuple(dict.fromkeys(("loss", *metrics)))
    writer.writerow([*KEYS, "epoch", *names])
    for of in finished:
        for row in of.run.history:
            if "accuracy" in row:
                numbers = [f"{row[name]:.6g}" if name in row else "" for name in names]
                writer.writerow([of.plan.panel, of.plan.run, of.plan.seed, row["epoch"], *numbers])
    return text.getvalue()


def markdown(summary: Mapping[str, Any]) -> str:
    """Of ``summarize``: a table of runs, or of kind "table" one of panels by runs; then what else there is."""
    parts = [_crossed(summary) if summary["kind"] == "table" else _listed(summary)]
    if "cosines" in summary:
        parts.append(_cosines(summary["cosines"]))
    if "decoding" in summary:
        parts.append(_decoding(summary["decoding"]))
    if summary.get("gaps"):
        parts.append(_gaps(summary["gaps"]))
    return "\n\n".join(parts)


def number(of: Mapping[str, Any], digits: int = 3) -> str:
    """mean ± spread; a dash where there is no mean."""
    return _with_spread(of, f".{digits}g", ".2g")


def _with_spread(of: Mapping[str, Any], style: str, spread_style: str, factor: int = 1, unit: str = "") -> str:
    if of["mean"] is None:
        return MISSING
    text = f"{factor * of['mean']:{style}}{unit}"
    return text if of["spread"] is None else f"{text} ± {factor * of['spread']:{spread_style}}"


def _listed(summary: Mapping[str, Any]) -> str:
    names = list(dict.fromkeys(name for row in summary["rows"] for name in row["metrics"]))
    header = ["epochs", "seconds", *(shown(name) for name in names)]
    lines = []
    for row in summary["rows"]:
        seconds = sum(row["seconds"]) / len(row["seconds"])
        cells = [_cell(name, row["metrics"].get(name)) for name in names]
        lines.append([str(row["epochs"]), f"{seconds:.0f}", *cells])
    return _named(summary["rows"], header, lines)


def _cell(name: str, of: Mapping[str, Any] | None) -> str:
    """Where a metric decays: after epoch 1 → at the end, and how many times less at least. Fractions in percent."""
    if of is None:
        return ""
    if "first" not in of:
        return _percent(of["last"]) if "accuracy" in name or "error" in name else number(of["last"])
    first, last, ratio = of["first"]["mean"], of["last"], of["smallest_ratio"]
    text = f"{MISSING if first is None else f'{first:.3g}'} → {number(last, 2)}"
    if ratio is None:
        return f"{text} (0)" if last["mean"] == 0 else text
    return f"{text} (÷ {ratio:.3g})"


def _percent(of: Mapping[str, Any]) -> str:
    return _with_spread(of, ".2f", ".2f", factor=100, unit=" %")


def _crossed(summary: Mapping[str, Any]) -> str:
    panels = list(dict.fromkeys(row["panel"] for row in summary["rows"]))
    runs = list(dict.fromkeys(row["run"] for row in summary["rows"]))
    cells = {(row["panel"], row["run"]): row for row in summary["rows"]}
    tables = []
    for metric in summary["metrics"]:
        lines = [[panel, *(_cell(metric, cells[panel, run]["metrics"][metric]) for run in runs)] for panel in panels]
        tables.append(markdown_table(table([shown(metric), *runs], lines)))
    if summary["parameters"]:
        lines = [[panel, *(f"{cells[panel, run]['trained_parameters']:,}" for run in runs)] for panel in panels]
        tables.append(markdown_table(table(["trained parameters", *runs], lines)))
    return "\n\n".join(tables)


def _cosines(rows: Sequence[Mapping[str, Any]]) -> str:
    header = ["n¹¹", "λ_H λ_W", "measured cosine", "closed form", "largest difference"]
    lines = [
        [
            f"{row['n_same']:.0f}",
            _mean(row["lambda_product"], ".3g"),
            _with_spread(row, ".3f", ".3f"),
            _mean(row["closed_form"], ".3f"),
            _mean([row["largest_difference"]], ".3f"),
        ]
        for row in rows
    ]
    return _named(rows, header, lines)


def _mean(values: Sequence[float | None], style: str) -> str:
    known = [value for value in values if value is not None]
    return f"{sum(known) / len(known):{style}}" if len(known) == len(values) else MISSING


def _decoding(rows: Sequence[Mapping[str, Any]]) -> str:
    rules = ("nearest_mean", "threshold", "top_m")
    header = ["nearest mean", "threshold on the softmax", "top m, m known"]
    return _named(rows, header, [[_percent(row[rule]) for rule in rules] for row in rows])


def _gaps(rows: Sequence[Mapping[str, Any]]) -> str:
    """(F − min F) / F of four points, and the shares of Σ‖h‖² that are their causes."""
    header = ["(F − min F) / F", "of label means", "of what heads read", "of means less μ_G"]
    header += ["Σ‖h‖² within labels", "not read", "offset", "offset of the optimum"]
    lines = []
    for row in rows:
        excess = [
            number(row[name], 2) if name in row else MISSING for name in ("features", "label_means", "read", "centred")
        ]
        lines.append([*excess, *(_percent(row[name]) for name in ("spread", "not_read", "offset", "optimal_offset"))])
    return _named(rows, header, lines)


def _named(rows: Sequence[Mapping[str, Any]], header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """With the names of panels, where there are any, and runs before the lines."""
    names = ("panel", "run") if any(row["panel"] for row in rows) else ("run",)
    titles = ["data" if name == "panel" else name for name in names]
    whole = [[*(row[name] for name in names), *line] for row, line in zip(rows, lines, strict=True)]
    return markdown_table(table([*titles, *header], whole))
