"""Metrics that need the means first: SNC4, and decisions that differ from the nearest mean (SNC5, MNC4, decoding)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from verify._metrics.directions import ZERO
from verify._metrics.labelled_alike import narrowed, patterns
from verify._metrics.nearest_centre import ROUNDING, TIE
from verify.reading.form import Form


@dataclass(frozen=True)
class Reference:
    """The reference for the features of one form, as float64 tensors on the features' device.

    means (m, d), centre (d,), W and b, the heads (K_t, d) and (K_t,) of its tasks, not copied; labels (m, T); largest,
    ‖h‖; where labels are missing, apart, one reference for the labels of each set of tasks, and of_label (m,), which of
    them is a label's
    """

    form: Form
    means: Tensor
    centre: Tensor
    W: tuple[Tensor, ...]
    b: tuple[Tensor, ...]
    labels: Tensor
    largest: float
    apart: tuple[Reference, ...] = ()
    of_label: Tensor | None = None


def reference(form: Form, means: Tensor, W: Sequence[Tensor], b: Sequence[Tensor], largest: float) -> Reference:
    """Of a form with label means (m, d) and the heads that act on its features."""
    centre = torch.from_numpy(form.counts / form.counts.sum()).to(means.device) @ means
    labels = torch.from_numpy(form.labels).to(means.device)
    whole = Reference(form, means, centre, tuple(W), tuple(b), labels, largest)
    return whole if form.labelled is None else _by_labelled_tasks(whole)


def _by_labelled_tasks(whole: Reference) -> Reference:
    """With references of the parts of ``verify._metrics.labelled_alike``."""
    form, apart = whole.form, []
    of_label = np.full(len(form.counts), -1)
    for p, (chosen, tasks) in enumerate(patterns(form)):
        of_label[chosen] = p
        means = whole.means[torch.from_numpy(chosen).to(whole.means.device)]
        W, b = ([v for v, there in zip(of, tasks, strict=True) if there] for of in (whole.W, whole.b))
        apart.append(reference(narrowed(form, chosen, tasks), means, W, b, whole.largest))
    return replace(whole, apart=tuple(apart), of_label=torch.from_numpy(of_label).to(whole.means.device))


def sum_of_head_distances(of: Reference, h: Tensor, label: Tensor) -> Tensor:
    """Σ over a batch (n, d) of ‖h̃ − s/‖s‖‖ (SNC4); NaN where a feature equals the centre, or s zero, to rounding.

    s = Σ_t √(c^t K_t) w_{k_t}^t over the tasks in which a sample has a label.
    """
    weights = np.sqrt(of.form.task_weights * np.array(of.form.classes)).tolist()
    s, longest = torch.zeros_like(h), h.new_zeros(())
    for t, (weight, w) in enumerate(zip(weights, of.W, strict=True)):
        k = of.labels[label, t]
        s += torch.where((k >= 0)[:, None], weight * w[k.clamp(min=0)], 0.0)
        longest = torch.maximum(longest, torch.linalg.vector_norm(w, dim=1).max())
    directions = _unit(h - of.centre, h.new_tensor(of.largest)) - _unit(s, sum(weights) * longest)
    distances: Tensor = torch.linalg.vector_norm(directions, dim=1)
    return distances.sum()


def _unit(rows: Tensor, size: Tensor) -> Tensor:
    """Rows over their norms; NaN for one no longer than rounding in numbers of the given size."""
    norms = torch.linalg.vector_norm(rows, dim=1)
    return rows / torch.where(norms > ZERO * size, norms, torch.nan)[:, None]


def disagreements(of: Reference, h: Tensor, label: Tensor) -> Tensor:
    """The number of samples in a batch (n, d) that heads and nearest mean decide differently (SNC5, MNC4).

    A sample of a label (n,) that is missing in some tasks is decided in the others, for the nearest mean of the labels
    that are there in the same tasks.
    """
    if of.of_label is None:
        return _disagreements(of, h)
    parts = enumerate(of.apart)
    return torch.stack([_disagreements(part, h[of.of_label[label] == p]) for p, part in parts]).sum()


def _disagreements(of: Reference, h: Tensor) -> Tensor:
    """A tie of either kind is no disagreement. As ``verify._metrics.nearest_centre``, samples as rows."""
    x = h - of.centre
    heads, offsets = zip(*(_centred(w, v, of.centre) for w, v in zip(of.W, of.b, strict=True)), strict=True)
    logits = [x @ w.T + v for w, v in zip(heads, offsets, strict=True)]
    distance, near_slack = _distances(of.means, of.centre, x)
    decided = torch.stack([values.argmax(dim=1) for values in logits], dim=1)
    wrong = (decided != of.labels[distance.argmin(dim=1)]).any(dim=1)
    rows = torch.nonzero(wrong)[:, 0]
    if not len(rows):
        return wrong.sum()
    distance, lengths = distance[rows], torch.linalg.vector_norm(x[rows], dim=1)
    agree = distance <= distance.amin(dim=1, keepdim=True) + near_slack[rows, None]
    at_centre = torch.linalg.vector_norm(of.centre)
    for t, (w, v) in enumerate(zip(heads, offsets, strict=True)):
        own, rest = torch.linalg.vector_norm(w, dim=1).max(), v.abs().max()
        slack = TIE * (own * lengths + rest) + ROUNDING * (own * at_centre + of.b[t].abs().max())
        values = logits[t][rows]
        largest = values >= values.amax(dim=1, keepdim=True) - slack[:, None]
        agree &= largest[:, of.labels[:, t]]
    return (~agree.any(dim=1)).sum()


def _centred(w: Tensor, v: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    """A task's rows less their mean, and their logits at the centre, as ``verify._metrics.nearest_centre``."""
    heads = w - w.mean(dim=0)
    return heads, heads @ centre + (v - v.mean())


def decoding_errors(of: Reference, h: Tensor, label: Tensor) -> Tensor:
    """The number of samples in a batch (n, d) that are nearest to another label's mean."""
    return (nearest_mean(of.means, of.centre, h) != label).sum()


def nearest_mean(means: Tensor, centre: Tensor, h: Tensor) -> Tensor:
    """(n,) which of the means (m, d) is nearest to each feature (n, d), of those equally near to rounding the first.

    As ``verify.decode_label_sets``: the order does not depend on the centre (d,), the digits do.
    """
    distance, slack = _distances(means, centre, h - centre)
    near = distance <= distance.amin(dim=1, keepdim=True) + slack[:, None]
    return near.to(torch.uint8).argmax(dim=1)


def _distances(means: Tensor, centre: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """(n, m) ½‖ν‖² − ⟨ν, x⟩, ν = μ − o and x = h − o about the centre o, and (n,) how close to the least is equal."""
    moved = means - centre
    distance = 0.5 * moved.square().sum(dim=1) - x @ moved.T
    span, size = (torch.linalg.vector_norm(some, dim=1).max() for some in (moved, means))
    return distance, (TIE * span + ROUNDING * size) * (span + torch.linalg.vector_norm(x, dim=1))
