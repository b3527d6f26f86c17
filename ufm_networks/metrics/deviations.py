"""What needs the means first: SNC4, and where decisions differ from the nearest mean (SNC5, MNC4, decoding)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from verify._metrics.directions import ZERO
from verify._metrics.labelled_alike import narrowed, patterns
from verify._metrics.nearest_centre import ROUNDING, TIE, centred_heads
from verify._metrics.sum_of_heads import sum_directions
from verify.reading.form import Form


@dataclass(frozen=True)
class Reference:
    """What features of one form are held against, as float64 tensors on the features' device.

    means (m, d), centre (d,), b (R,), labels (m, T), targets (m, d) s/‖s‖ of SNC4 or None; largest, ‖h‖; heads (R, d)
    and offsets (R,) as ``verify._metrics.nearest_centre.centred_heads``; where labels are missing, apart, one reference
    for the labels of each set of tasks, and of_label (m,), which of them is a label's
    """

    form: Form
    means: Tensor
    centre: Tensor
    heads: Tensor
    offsets: Tensor
    b: Tensor
    labels: Tensor
    targets: Tensor | None
    largest: float
    apart: tuple[Reference, ...] = ()
    of_label: Tensor | None = None


def reference(
    form: Form,
    means: Tensor,
    W: NDArray[np.float64],
    b: NDArray[np.float64],
    largest: float,
    *,
    sums_of_heads: bool,
) -> Reference:
    """Of a form with label means (m, d), heads W (R, d) and biases b (R,)."""

    def there(array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(means.device)

    targets = None
    if sums_of_heads:
        targets = there(sum_directions(form, W).T)
    centre = there(form.counts / form.counts.sum()) @ means
    heads, offsets = map(there, centred_heads(form, W, b, centre.cpu().numpy()))
    whole = Reference(form, means, centre, heads, offsets, there(b), there(form.labels), targets, largest)
    return whole if form.labelled is None else _by_labelled_tasks(whole, W, b)


def _by_labelled_tasks(whole: Reference, W: NDArray[np.float64], b: NDArray[np.float64]) -> Reference:
    """With references of the parts of ``verify._metrics.labelled_alike``."""
    form, apart = whole.form, []
    of_label = np.full(len(form.counts), -1)
    for p, (chosen, tasks) in enumerate(patterns(form)):
        rows, of_label[chosen] = np.repeat(tasks, form.classes), p
        means = whole.means[torch.from_numpy(chosen).to(whole.means.device)]
        part = narrowed(form, chosen, tasks)
        apart.append(reference(part, means, W[rows], b[rows], whole.largest, sums_of_heads=False))
    return replace(whole, apart=tuple(apart), of_label=torch.from_numpy(of_label).to(whole.means.device))


def sum_of_head_distances(of: Reference, h: Tensor, label: Tensor) -> Tensor:
    """Σ over a batch (n, d) of ‖h̃ − s/‖s‖‖ (SNC4); NaN where a feature equals the centre to rounding."""
    assert of.targets is not None
    centred = h - of.centre
    norms = torch.linalg.vector_norm(centred, dim=1)
    norms = torch.where(norms > ZERO * of.largest, norms, torch.nan)
    distances: Tensor = torch.linalg.vector_norm(centred / norms[:, None] - of.targets[label], dim=1)
    return distances.sum()


def disagreements(of: Reference, h: Tensor, label: Tensor) -> Tensor:
    """How many samples of a batch (n, d) the heads and the nearest mean decide differently (SNC5, MNC4).

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
    logits = x @ of.heads.T + of.offsets
    distance, near_slack = _distances(of.means, of.centre, x)
    decided = torch.stack([logits[:, rows].argmax(dim=1) for rows in of.form.blocks], dim=1)
    wrong = (decided != of.labels[distance.argmin(dim=1)]).any(dim=1)
    rows = torch.nonzero(wrong)[:, 0]
    if not len(rows):
        return wrong.sum()
    logits, distance, lengths = logits[rows], distance[rows], torch.linalg.vector_norm(x[rows], dim=1)
    agree = distance <= distance.amin(dim=1, keepdim=True) + near_slack[rows, None]
    at_centre = torch.linalg.vector_norm(of.centre)
    for t, block in enumerate(of.form.blocks):
        own, rest = torch.linalg.vector_norm(of.heads[block], dim=1).max(), of.offsets[block].abs().max()
        slack = TIE * (own * lengths + rest) + ROUNDING * (own * at_centre + of.b[block].abs().max())
        values = logits[:, block]
        largest = values >= values.amax(dim=1, keepdim=True) - slack[:, None]
        agree &= largest[:, of.labels[:, t]]
    return (~agree.any(dim=1)).sum()


def decoding_errors(of: Reference, h: Tensor, label: Tensor) -> Tensor:
    """How many samples of a batch (n, d) are nearest to another label's mean."""
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
