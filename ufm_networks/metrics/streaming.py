"""Neural-collapse metrics of features that come in batches and are not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm_networks.metrics.deviations import Reference, decoding_errors, disagreements, reference, sum_of_head_distances
from ufm_networks.metrics.groups import Forms, Groups, label_groups
from ufm_networks.metrics.moments import FeatureMoments
from ufm_networks.metrics.seen_samples import Gather, SeenSamples
from ufm_networks.not_finite import NotFiniteError
from verify._metrics import Metrics, metrics
from verify._metrics.measured import ZERO_VECTOR
from verify.reading.form import Float, Source
from verify.reading.point import read_heads
from verify.reading.sources import own_features

Batches = Callable[[], Iterable[tuple[Tensor, NDArray[np.int64]]]]
SecondPass = Literal["SNC4", "SNC5", "MNC4", "NN_decoding_error"]
SECOND_PASS: dict[Source, tuple[SecondPass, ...]] = {
    "single": ("SNC4", "SNC5"),
    "multi": ("MNC4",),
    "multilabel": ("NN_decoding_error",),
}
VARIABILITY: dict[Source, str] = {"single": "SNC1", "multi": "MNC1", "multilabel": "NC1"}


@dataclass(frozen=True)
class Measured:
    """Metrics with the statistics they come from.

    metrics  as ``verify.metrics`` names them, with its ``reasons``
    means    (d, columns) label means, or a list of T; in the order of ``problem.labels``
    spread   (columns,) mean ‖h − μ‖² of each label, or a list of T
    """

    metrics: Metrics
    means: Any
    spread: Any


def stream_metrics(
    problem: Any,
    labels: NDArray[np.int64],
    batches: Batches,
    W: Sequence[Any],
    b: Sequence[Any] | None = None,
    *,
    passes: int = 2,
    processes: Gather | None = None,
) -> Measured:
    """The metrics of ``verify.metrics`` over samples, in passes over batches of features; float64 throughout.

    One pass    label means and within-label variance, merged batch by batch: SNC1, MNC1, NC1, and all that needs means
                and heads only: SNC2, SNC3, MNC2, MNC3, NC2, NC3, NC_m.
    Two passes  SNC4 (h̃ is centred by the mean of all and normalized), SNC5, MNC4 and NN_decoding_error (distances
                to all means) ask for each feature again when the means are known. With passes=1 they are NaN.

    Never in memory: more features than one batch. Kept: (columns, d) means, and of each sample how often it came and
    four numbers that tell whether both passes have given it the same features.

    problem  a ufm problem with the counts of the data; its λ's and losses do not matter, its task weights do (SNC4)
    labels   (N, T) of all samples, as ``TaskData.labels``; −1 for no label, which counts as in ``verify.metrics``
    batches  a function: each call gives the pairs (features (n, d), numbers of the samples (n,)) of all N samples
             once, in any order, or of this process's share. A batch may be empty
    W, b     T arrays (K_t, d) and (K_t,), parameters as well; None, for all or as an entry, is a head without bias
    Raises ValueError or TypeError before any pass for heads or labels that are not the problem's; NotFiniteError, a
    ValueError, for features that are not finite; ValueError after a pass that has missed a sample or given it twice,
    or has not the features of the first.
    """
    if passes not in (1, 2):
        raise ValueError(f"passes must be 1 or 2, got {passes!r}")
    if getattr(problem, "source", None) not in SECOND_PASS:
        raise ValueError(
            f"problem is a {type(problem).__name__}, whose targets are not classes; features that come in batches are "
            "measured of labels of classes only. Use verify.metrics with all features at once"
        )
    groups = label_groups(problem, labels)
    heads, biases = read_heads(problem, W, b)
    device = torch.device(getattr(W[0], "device", "cpu"))

    def seen(name: str) -> SeenSamples:
        return SeenSamples(name, len(labels), heads[0].shape[1], device, sketched=passes == 2)

    first = seen("first")
    moments = _first_pass(groups, batches, first, processes)
    of_means = metrics_of_means(problem, groups, moments, heads, biases)
    measured = of_means.metrics
    if passes == 2:
        second = seen("second")
        grouped = ((h, groups.of_sample[samples]) for h, samples in second.read(batches()))
        add_second_pass(measured, problem, groups, grouped, moments, heads, biases, processes)
        second.gather(processes)
        second.require_each_once()
        size = (moments.mean.square().sum(dim=1) + moments.spread / moments.count).sqrt()
        second.require_features_of(first, size[torch.from_numpy(groups.of_sample).to(device)])
    return of_means


def metrics_of_means(
    problem: Any, groups: Forms, moments: FeatureMoments, heads: list[Float], biases: list[Float]
) -> Measured:
    """What label means, spread and heads tell; of the metrics that need each feature again, NaN and the reason."""
    means = [moments.mean[block].T.cpu().numpy() for block in groups.blocks]
    spread = [(moments.spread / moments.count)[block].cpu().numpy() for block in groups.blocks]
    several = own_features(problem)
    names = SECOND_PASS[problem.source]
    measured = metrics(problem, W=heads, H=means if several else means[0], b=biases)  # of the means: all but the below
    fractions = [form.counts / form.counts.sum() for form in groups.forms]
    variances = [float(f @ s) for f, s in zip(fractions, spread, strict=True)]
    measured[VARIABILITY[problem.source]] = float(np.mean(variances))
    measured |= dict.fromkeys(names, float("nan"))
    measured.reasons |= dict.fromkeys(names, "asks for each feature again, in a second pass (passes=2)")
    return Measured(measured, means if several else means[0], spread if several else spread[0])


def add_second_pass(
    measured: Metrics,
    problem: Any,
    groups: Forms,
    grouped: Iterable[tuple[Tensor, NDArray[np.int64]]],
    moments: FeatureMoments,
    heads: list[Float],
    biases: list[Float],
    processes: Gather | None,
) -> None:
    """Fills in what ``metrics_of_means`` has left open.

    grouped  pairs (features (n, d) in float64, their groups (n,)) of all samples, or of this process's
    """
    names = SECOND_PASS[problem.source]
    measured |= _second_pass(names, groups, grouped, moments, heads, biases, processes)
    for name in names:
        measured.reasons.pop(name)
        if np.isnan(measured[name]):
            measured.reasons[name] = ZERO_VECTOR


def _first_pass(groups: Groups, batches: Batches, seen: SeenSamples, processes: Gather | None) -> FeatureMoments:
    dim, device = len(seen.R), seen.R.device
    moments = FeatureMoments(groups.total, dim, device)
    for h, samples in seen.read(batches()):
        moments.add(h, groups.of_sample[samples])
    seen.gather(processes)
    if processes is not None:
        moments = gathered(moments, processes)
    seen.require_each_once()
    if not torch.isfinite(moments.spread).all():
        raise NotFiniteError("a feature is not finite, as after training that has diverged")
    return moments


def gathered(moments: FeatureMoments, processes: Gather) -> FeatureMoments:
    """Those of all processes, which number their groups alike."""
    shares = [processes.gather(part) for part in (moments.count, moments.mean, moments.spread, moments.largest)]
    whole = FeatureMoments(len(moments.count), moments.mean.shape[1], moments.mean.device)
    for count, mean, spread, largest in zip(*shares, strict=True):
        share = FeatureMoments(0, moments.mean.shape[1], moments.mean.device)
        share.count, share.mean, share.spread, share.largest = count, mean, spread, largest
        whole.merge([share])
    return whole


def _second_pass(
    names: tuple[SecondPass, ...],
    groups: Forms,
    grouped: Iterable[tuple[Tensor, NDArray[np.int64]]],
    moments: FeatureMoments,
    W: list[Float],
    b: list[Float],
    processes: Gather | None,
) -> dict[str, float]:
    stacked_W, stacked_b = np.concatenate(W), np.concatenate(b)
    largest = float(moments.largest)
    references: list[Reference] = []
    for t, (form, block) in enumerate(zip(groups.forms, groups.blocks, strict=True)):
        w, v = (stacked_W, stacked_b) if len(groups.forms) == 1 else (W[t], b[t])  # heads that act on the features
        references.append(reference(form, moments.mean[block], w, v, largest, sums_of_heads="SNC4" in names))
    totals = torch.zeros(len(names), len(references), dtype=torch.float64, device=moments.mean.device)
    starts = np.array([block.start for block in groups.blocks])
    for h, group in grouped:
        form_of = np.searchsorted(starts, group, side="right") - 1
        for f in np.unique(form_of).tolist():
            rows = np.flatnonzero(form_of == f)
            own = h if len(rows) == len(h) else h[torch.from_numpy(rows).to(h.device)]
            label = torch.from_numpy(group[rows] - starts[f]).to(h.device)
            totals[:, f] += torch.stack([_of_batch(name, references[f], own, label) for name in names])
    if processes is not None:
        totals = torch.stack(processes.gather(totals)).sum(dim=0)
    samples_of_form = np.array([form.counts.sum() for form in groups.forms])
    return dict(zip(names, (totals.cpu().numpy() / samples_of_form).mean(axis=1).tolist(), strict=True))


def _of_batch(name: SecondPass, of: Reference, h: Tensor, label: Tensor) -> Tensor:
    """The batch's share of the sum whose average over samples is the metric."""
    match name:
        case "SNC4":
            return sum_of_head_distances(of, h, label)
        case "SNC5" | "MNC4":
            return disagreements(of, h, label).double()
        case "NN_decoding_error":
            return decoding_errors(of, h, label).double()
        case unknown:
            assert_never(unknown)
