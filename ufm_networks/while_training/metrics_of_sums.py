"""The metrics of ``verify.metrics`` that follow from running sums and heads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ufm_networks.metrics.groups import numbered_forms
from ufm_networks.metrics.moments import FeatureMoments
from ufm_networks.metrics.streaming import SECOND_PASS, metrics_of_means
from ufm_networks.observing.model_of_labels import label_problem, ordered_labels
from ufm_networks.while_training.classes_of_sums import ClassesOfSums, classes_of_sums
from ufm_networks.while_training.current_heads import CurrentHeads
from ufm_networks.while_training.running_sums import Layout
from verify._metrics.classic import OF_TASKS, mean_or_reason
from verify._metrics.orthogonality import ONE_TASK
from verify._metrics.simplex_means import SHARED
from verify.reading.form import Source
from verify.reading.read import read

AGAIN = "needs each feature again once the means are known; ufm_networks.observe has it, in two passes"
ROOTS = "needs the singular values of all features, of which sums of squares keep only half the digits"
NO_SCATTER = "needs the scatter matrices of features, which covariance=False leaves out"


@dataclass(frozen=True)
class Told:
    """The result: values, metrics by their names in ``verify.metrics``; reasons, why one is NaN or left out."""

    values: dict[str, float]
    reasons: dict[str, str]


def left_out(source: Source, tasks: int, covariance: bool) -> dict[str, str]:
    """Metrics that sums do not determine, or that are undefined for these tasks, with the reason."""
    reasons = dict.fromkeys((*SECOND_PASS[source], "centre_agreement"), AGAIN) | {"effective_rank": ROOTS}
    if not covariance:
        reasons["pinv_NC1"] = NO_SCATTER
    if tasks == 1:
        reasons |= dict.fromkeys(("SNC3", "SNC3_max"), ONE_TASK)
    elif source == "single":
        reasons["self_duality"] = SHARED
    return reasons


def metrics_of_sums(layout: Layout, vector: torch.Tensor, heads: CurrentHeads) -> Told:
    """The metrics of all samples that the vector has seen, with the heads as they are now.

    Names are those of Problem (4) where every sample has a label in one task only, of several, else those of Problem
    (3); and those of ``verify.metrics(…, classic=True)``. Raises ValueError without a labelled sample, or where a task
    has none.
    """
    sums = layout.parts(vector.detach().cpu())
    seen = np.flatnonzero(sums.count[1:].numpy()) + 1
    if not len(seen):
        raise ValueError("there is no labelled sample since the last reset; update(features, labels) comes first")
    seen = seen[ordered_labels(layout.tuples[seen])]
    labels, counts = layout.tuples[seen], sums.count.numpy()[seen]
    W, b = heads.matrices()
    problem = label_problem(
        labels, counts.astype(np.int64), heads.classes, heads.names, lambda_H=1.0, lambda_W=1.0, lambda_b=1.0
    )
    moments = FeatureMoments(0, layout.dim)
    moments.count, moments.mean, moments.spread = (
        of[torch.from_numpy(seen)] for of in (sums.count, sums.mean, sums.spread)
    )
    groups = numbered_forms(problem)
    of_means = metrics_of_means(problem, groups, moments, W, b)
    source: Source = problem.source
    absent = left_out(source, len(W), layout.covariance)
    values = {name: value for name, value in of_means.metrics.items() if name not in absent}
    reasons = {name: why for name, why in of_means.metrics.reasons.items() if name in values}
    parts = read(problem, W=W, H=of_means.means, b=b).samples
    spread = moments.spread.numpy() / counts
    of_task = [int(counts[labels[:, t] >= 0].sum()) for t in range(len(W))]
    scatters = [sums.scatter[t].numpy() / of_task[t] if layout.covariance else None for t in range(len(W))]
    tasks: list[ClassesOfSums] = []
    for f, (part, block) in enumerate(zip(parts, groups.blocks, strict=True)):
        own = slice(f, f + 1) if source == "multi" else slice(None)
        tasks += classes_of_sums(part, spread[block], scatters[own], of_task[own])
    for name, measure in OF_TASKS.items():
        if name not in absent:
            values[name], why = mean_or_reason(measure, tuple(tasks))
            reasons.pop(name, None)
            reasons |= {name: why} if why else {}
    return Told(values, absent | reasons)
