"""The page of an observed model: that of ``ufm measure`` without the parts that need a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ufm.support.display import Summary, bias_penalty, loss_names
from ufm.support.strict_json import plain
from ufm.support.writable import open_folder
from ufm_networks.measuring.point import NetworkPoint
from ufm_networks.observing.lambdas import InEffect
from ufm_networks.report.correlation import task_cosine
from ufm_networks.report.counterpart import Part
from ufm_networks.report.gap import Gap, measure_gap
from ufm_networks.report.gap_sections import gap_blocks
from ufm_networks.report.heads import compare_heads
from ufm_networks.report.heads_figure import heads_file
from ufm_networks.report.numbers_of_runs import gap_to_dict, heads_to_dict
from ufm_networks.report.point_space import point_space
from ufm_networks.report.sections import TITLE, TOLD, correlation_section
from ufm_networks.report.write import write_measured
from verify._metrics import metrics
from verify.plot.metric_names import shown
from verify.report import numbers
from verify.report.as_html import require_page_libraries
from verify.report.blocks import Block, Name, Page, Paragraph, Picture, Section, pairs, table

METRICS = (
    "The observed metrics are over all samples; those of the optimum are means over tasks if each has its own samples. "
    "SNC1 and MNC1 are in squared units of features, so they compare features of one scale only; pinv NC1, trace NC1 "
    "and CDNV do not depend on the scale, and take one task at a time."
)


NO_LAMBDAS = (
    "No λ's are given, so there is no model to compare with. Give weight_decay= of the optimizer or lambdas=(λ_H, λ_W, "
    "λ_b); on the command line --weight-decay, or --lambda-W and --lambda-b."
)
OF_RUNS = (
    "The page of a run of ufm train has four more parts. Collapse over epochs needs the history of a training. Latent "
    "features of each task need images that are two halves. Where each task looks, and features in the plane, need the "
    "images and single features, which an observation does not keep."
)


def prepare_page(folder: str | Path) -> Path:
    """Opens the folder and checks for the libraries before the work."""
    require_page_libraries()
    return open_folder(folder, "measure.html", "measure.md", "measure.json", "figures/")


def write_page(
    path: Path,
    name: str,
    tasks: Sequence[str],
    summary: Summary,
    parts: Sequence[tuple[Part, InEffect]],
    point: NetworkPoint,
    nonnegative: bool,
) -> Path:
    """Solves the model at the λ's in effect, certifies it and the observed point, and writes both side by side.

    Without parts, for which λ's are needed, there is the observed point alone.
    """
    gaps = [measure_gap(part, point) for part, _ in parts]
    heads = compare_heads(point.W, gaps)
    each = [metrics(gap.part.problem, gap.solution, classic=True) for gap in gaps]
    optimum = {metric: float(np.mean([of[metric] for of in each])) for metric in each[0]} if each else {}
    of_tasks = [f"Task {task}" for task in tasks] if len(gaps) > 1 else [""] * len(gaps)
    about = [*summary.rows[:3]]
    for (part, found), task in zip(parts, of_tasks, strict=True):
        p, of = part.problem, f", {task}" if task else ""
        about.append((f"λ_H, λ_W, λ_b{of}", f"{p.lambda_H:.4g}, {p.lambda_W:.4g}, {bias_penalty(p.lambda_b)}"))
        about += [(f"from{of}", found.source), (f"loss{of}", loss_names(p.loss))]
    rows = [
        (shown(metric), *map(numbers.metric, (value, optimum.get(metric, float("nan")))))
        for metric, value in point.metrics.items()
    ]
    header = ("metric", "observed", "model's optimum")
    reasons = getattr(point.metrics, "reasons", {})
    undefined = [f"{shown(name)}: {reasons[name]}." for name, value in point.metrics.items() if np.isnan(value)]
    classes = tuple(len(w) for w in point.W)
    picture = Picture(heads_file(heads, classes, "run-1-heads", apart=len(point.means) > 1))
    blocks = gap_blocks(gaps, of_tasks, nonnegative=nonnegative) if gaps else [Paragraph(NO_LAMBDAS)]
    metric_blocks: list[Block] = [table(header, rows, header[1:], {"metric": "short"}), Paragraph(METRICS)]
    if undefined:
        metric_blocks.append(Paragraph("Undefined: " + " ".join(undefined)))
    heads_told = [] if heads.optimum is None else [heads.told]
    cosine = task_cosine(name, point, gaps, heads)
    seen = point_space(point, tasks)
    sections = (
        Section(Name(name), (pairs(about),)),
        Section("Distance from the model's optimum", tuple(blocks), 3),
        Section("Collapse metrics", tuple(metric_blocks), 3),
        Section("Heads", (*map(Paragraph, heads_told), picture), 3),
        *([] if seen is None else [Section("Heads and mean features in space", (seen,), 3)]),
        *([correlation_section([(name, cosine)])] if cosine is not None else []),
        Section("What needs a run", (Paragraph(OF_RUNS),)),
    )
    told = {
        "name": name,
        "tasks": list(tasks),
        "classes": classes,
        "samples": int(sum(counts.sum() for counts in point.counts)),
        "lambdas": [{**found.settings(), "source": found.source} for _, found in parts],
        "metrics": point.metrics,
        "optimum_metrics": optimum,
        "gaps": [gap_to_dict(gap) for gap in gaps],
        "heads": heads_to_dict(heads),
    }
    lead = " ".join([f"{name}:", _sentence(gaps) if gaps else NO_LAMBDAS, *heads_told])
    page = Page(TITLE, lead, sections, told=TOLD)
    return write_measured(path, page, {"observation": plain(told)})


def _sentence(gaps: Sequence[Gap]) -> str:
    """Sums over the tasks of Problem (4)."""
    whole, read = (sum(gap.stages[i].objective for gap in gaps) for i in (0, 2))
    best, alone = (sum(bounds) for bounds in zip(*((g.optimum.lower_bound, g.lower_bound) for g in gaps), strict=True))
    return (
        f"(F − min F) / F of the model beside it is {(whole - best) / whole:.3g}; a bound from the network alone "
        f"says at most {(whole - alone) / whole:.3g}. With each feature replaced by what the heads read of its "
        f"label's mean, it is {(read - best) / read:.3g}."
    )
