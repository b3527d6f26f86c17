"""The report of measured runs in blocks: all runs together, then each by itself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ufm_networks.report.comparison import RunComparison
from ufm_networks.report.correlation import CosinePoint
from ufm_networks.report.correlation_figure import correlation_file, families
from ufm_networks.report.correlation_plane import correlation_plane
from ufm_networks.report.run_sections import run_sections
from ufm_networks.report.training_figure import training_file
from verify.certification.verdict import overall
from verify.report import numbers
from verify.report.blocks import Line, Name, Picture, Section, table

TITLE = "Networks beside the unconstrained feature model"
TOLD = (
    "The heads and the features of a trained network are one point of the unconstrained feature model, in which "
    "features are free. The model was minimized with the penalties of the training, its minimum certified, and the "
    "network held beside it: how far the network’s objective F is above the minimum, what that is made of, and whether "
    "its heads and features have the geometry that theory gives the minimum. A network at the minimum has "
    "(F − min F) / F = 0."
)


def sections(runs: Sequence[RunComparison], names: Sequence[str]) -> list[Section]:
    """All runs over epochs and on one curve, then each by itself."""
    parts = [_training(runs, names)]
    named = [(name, run.cosine) for run, name in zip(runs, names, strict=True) if run.cosine is not None]
    if named:
        parts.append(correlation_section(named))
    for number, (run, name) in enumerate(zip(runs, names, strict=True), start=1):
        parts += run_sections(run, name, f"run-{number}", _line(run) if len(runs) > 1 else None)
    return parts


def lead(runs: Sequence[RunComparison], names: Sequence[str]) -> str:
    """A sentence on the one run, or how far the runs are from the model's optimum."""
    if len(runs) == 1:
        return _sentence(runs[0], names[0])
    totals = [_total(run) for run in runs if run.gaps]
    if not totals:
        return f"{len(runs)} runs, none with a model to compare with."
    _, whole, read = zip(*totals, strict=True)
    return (
        f"{len(runs)} runs: (F − min F) / F is {min(whole):.3g} to {max(whole):.3g}, and {min(read):.3g} to "
        f"{max(read):.3g} with each feature replaced by what the heads read of its label's mean."
    )


def _sentence(run: RunComparison, name: str) -> str:
    if not run.gaps:
        return f"{name}: no model to compare with, since {run.model.reason}."
    alone, whole, read = _total(run)
    whose = "" if run.model.exact else " of the model beside it"
    return (
        f"{name}: (F − min F) / F{whose} is {whole:.3g}; a bound from the network alone says at most {alone:.3g}. With "
        f"each feature replaced by what the heads read of its label's mean, it is {read:.3g}. {run.heads.told}"
    )


def _total(run: RunComparison) -> tuple[float, float, float]:
    """(F − D) / F, (F − min F) / F, and this at what the heads read of the means; F = Σ_t c^t F_t of Problem (4)."""
    c = run.measured.config.train.task_weights
    weights = [1.0 if c is None or run.measured.kind != "multi" else c[gap.part.tasks[0]] for gap in run.gaps]
    of = [(g.lower_bound, g.optimum.lower_bound, g.stages[0].objective, g.stages[2].objective) for g in run.gaps]
    alone, best, whole, read = np.array(weights) @ np.array(of)
    return (whole - alone) / whole, (whole - best) / whole, (read - best) / read


def _line(run: RunComparison) -> Line:
    cells = ["none", *[numbers.MISSING] * 6]
    if run.gaps:
        ratio = max(gap.spectral_ratio for gap in run.gaps)
        figures = (*_total(run), ratio, run.heads.mean_difference)
        verdict = overall({gap.network.verdict for gap in run.gaps})
        cells = ["yes" if run.model.exact else "no", *(_number(x, ".3g") for x in figures), verdict]
    exact, alone, whole, read, spectral, off, verdict = cells
    first = {"(F − min F) / F": whole, "σ/τ": spectral, "cosines off by": off}
    rest = {"data": run.measured.data, "loss is F": exact, "(F − D) / F": alone, "of what heads read": read}
    return Line("run", first, {**rest, "verdict on the network": verdict})


def _training(runs: Sequence[RunComparison], names: Sequence[str]) -> Section:
    measured = [run.measured for run in runs]
    pictures = []
    for kind in dict.fromkeys(run.kind for run in measured):
        chosen = [i for i, run in enumerate(measured) if run.kind == kind]
        file = training_file([measured[i] for i in chosen], [names[i] for i in chosen], f"training-{kind}")
        pictures.append(Picture(file))
    return Section("Collapse over epochs", tuple(pictures))


def correlation_section(points: Sequence[tuple[str, CosinePoint]]) -> Section:
    """Of all points together, by what they are called."""
    header = ("run", "K", "N", "n^{11}", "n^{12}", "λ_H λ_W", "network", "certified optimum", "closed form")
    rows = []
    for name, p in points:
        cosines = [_number(value, ".4f") for value in (p.measured, p.optimum, p.closed_form)]
        product = _number(p.lambda_H * p.lambda_W, ".3g")
        counts = (str(p.classes), numbers.count(p.samples), _number(p.n_same, "g"), _number(p.n_different, "g"))
        rows.append((Name(name), *counts, product, *cosines))
    pictures = [
        Picture(correlation_file(family, f"correlation-{number}"), correlation_plane(family))
        for number, family in enumerate(families([p for _, p in points]), start=1)
    ]
    whole = table(header, rows, header[1:], {"run": "short"})
    return Section("Heads of two tasks against how often their labels agree", (whole, *pictures))


def _number(value: float, style: str) -> str:
    text = format(value, style)
    return numbers.MISSING if np.isnan(value) else text.removeprefix("-") if float(text) == 0 else text
