"""The sections on one run: its settings, its distance from the model's optimum and why, its metrics and figures."""

from __future__ import annotations

import numpy as np

from ufm.support.display import bias_penalty
from ufm_networks.report.comparison import RunComparison
from ufm_networks.report.embedding_figure import embedding_file
from ufm_networks.report.gap_sections import gap_blocks
from ufm_networks.report.heads_figure import heads_file, latent_file
from ufm_networks.report.latent import Latent
from ufm_networks.report.point_space import point_space
from ufm_networks.report.saliency_figure import saliency_file
from ufm_networks.report.training_figure import metric_names
from verify._metrics.measured import CLASSIC
from verify.plot.metric_names import shown
from verify.report import numbers
from verify.report.blocks import Block, Line, Name, Paragraph, Picture, Section, pairs, table


def run_sections(run: RunComparison, name: str, prefix: str, line: Line | None = None) -> list[Section]:
    """Figures are named ``prefix``-…; under a ``line`` the run is folded."""
    measured = run.measured
    about: tuple[Block, ...] = (pairs(_about(run)), *(Paragraph(note) for note in run.model.notes))
    parts = [Section(Name(f"Run {name}"), about, anchor=prefix, line=line)]
    if run.gaps:
        names = [f"Task {gap.part.tasks[0] + 1}" for gap in run.gaps]
        blocks = gap_blocks(run.gaps, names, nonnegative=measured.config.model.final_relu)
        parts.append(Section("Distance from the model's optimum", tuple(blocks), 3))
    else:
        reason = Paragraph(f"There is no model to compare with: {run.model.reason}.")
        parts.append(Section("Distance from the model's optimum", (reason,), 3))
    parts.append(_metrics(run))
    parts.append(
        Section(
            "Heads",
            (
                *_heads(run),
                Picture(heads_file(run.heads, measured.classes, f"{prefix}-heads", apart=measured.kind == "multi")),
            ),
            3,
        )
    )
    seen = point_space(measured.point)
    if seen is not None:
        parts.append(Section("Heads and mean features in space", (seen,), 3))
    for data, of in run.latents.items():
        parts.append(_latent(of, data, Picture(latent_file(run, of, data, f"{prefix}-latent-{data}"))))
    if measured.saliency is not None:
        maps: Block = Picture(saliency_file(measured.saliency, f"{prefix}-maps"))
    else:
        why = "every task has samples of its own" if measured.kind == "multi" else "there is one task"
        maps = Paragraph(f"No maps: they compare what several tasks see in the same image, and here {why}.")
    parts.append(Section("Where each task looks", (maps,), 3))
    picture = Picture(embedding_file(measured.embedding, measured.kind, f"{prefix}-features"))
    parts.append(Section("Features in the plane", (picture,), 3))
    return parts


def _latent(of: Latent, data: str, picture: Picture) -> Section:
    header, measured = ("latent features", "left", "right"), of.metrics
    rows = [
        ("NC1: Ave ‖h − μ_k‖² / Ave ‖μ_k − μ_G‖²", *map(numbers.metric, measured.variability)),
        ("NC2: Ave |cos(μ̃_k, μ̃_k') + 1/(K − 1)|", *map(numbers.metric, measured.angles)),
        ("NC2: Std / Ave of ‖μ_k − μ_G‖", *map(numbers.metric, measured.norms)),
        ("NC3: Ave ‖μ̃_k − w̃_k‖²", *map(numbers.metric, measured.self_duality)),
    ]
    told = f"{measured.sums[0]:.4g} on average over label pairs, at most {measured.sums[1]:.4g}."
    if np.isnan(measured.sums[0]):
        told = "not defined: of some label pair μ̃^{LR}, μ̃^L + μ̃^R or one of the two is zero."
    sums = f"NC4: ‖μ̃^{{LR}} − (μ̃^L + μ̃^R) / ‖μ̃^L + μ̃^R‖‖ is {told}"
    blocks = (picture, table(header, rows, header[1:]), Paragraph(sums))
    return Section(f"Latent features of each task, {data} data", blocks, 3)


def _about(run: RunComparison) -> list[tuple[str, str]]:
    measured, config = run.measured, run.measured.config
    train, point = config.train, measured.point
    rows = [
        ("data", f"{measured.data} ({measured.kind})"),
        ("classes K_t", numbers.class_numbers(measured.classes)),
        ("samples N", numbers.count(len(measured.labels))),
        ("backbone", f"{config.model.backbone}, width {config.model.width}"),
        ("feature dimension d", str(measured.feature_dim)),
        (
            "last ReLU",
            "yes: features are ≥ 0" if config.model.final_relu else "no: features may be negative, as in the model",
        ),
        ("heads", config.model.heads + ("" if measured.has_bias else ", without bias")),
        ("loss", train.loss),
        ("weighting", train.weighting + ("" if train.task_weights is None else f" {list(train.task_weights)}")),
        ("epochs", f"{len(measured.history)} of {train.epochs}"),
        ("accuracy", f"{next((row['accuracy'] for row in measured.history[::-1] if 'accuracy' in row), np.nan):.4f}"),
    ]
    tested = [row["test_accuracy"] for row in measured.history if "test_accuracy" in row]
    if tested:
        rows.append(("test accuracy", f"{tested[-1]:.4f}"))
    if train.feature_decay is None:
        rows.append(("weight decay", f"{train.weight_decay:g}"))
    for gap in run.gaps:
        p = gap.part.problem
        task = f" of task {gap.part.tasks[0] + 1}" if measured.kind == "multi" else ""
        how = "as trained" if train.feature_decay is not None else "λ_H in effect"
        rows.append((f"λ_H, λ_W, λ_b{task}", f"{p.lambda_H:.4g}, {p.lambda_W:.4g}, {bias_penalty(p.lambda_b)} ({how})"))
    rows.append(("Σ‖h‖²", ", ".join(f"{value:.5g}" for value in point.squared_features)))
    return rows


def _heads(run: RunComparison) -> list[Block]:
    if run.heads.optimum is None:
        return []
    return [Paragraph(run.heads.told)]


def _metrics(run: RunComparison) -> Section:
    rows = []
    nowhere = float("nan")
    points = (run.measured.point.metrics, run.optimum_metrics)
    classic = [name for name in CLASSIC if any(of.get(name, nowhere) == of.get(name, nowhere) for of in points)]
    for metric in (*metric_names([run.measured])[1:], *classic):
        first = next((row[metric] for row in run.measured.history if metric in row), nowhere)
        now, best = (of.get(metric, nowhere) for of in points)
        rows.append((shown(metric), *map(numbers.metric, (first, now, best))))
    header = ("metric", "first epoch", "network", "model's optimum")
    text = "The network's metrics are measured anew, over all training samples at the last checkpoint."
    text += " SNC1, MNC1 and NC1 are in squared units of features, so they compare features of one scale only;"
    text += " pinv NC1, trace NC1 and CDNV are free of it, and take one task at a time."
    return Section("Collapse metrics", (table(header, rows, header[1:], {"metric": "short"}), Paragraph(text)), 3)
