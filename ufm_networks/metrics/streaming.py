"""Neural-collapse metrics of features that arrive in batches and are not kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm_networks.metrics.classic import AGAIN, Classic
from ufm_networks.metrics.groups import Forms, Groups, label_groups
from ufm_networks.metrics.moments import FeatureMoments
from ufm_networks.metrics.second_pass import SECOND_PASS, add_second_pass
from ufm_networks.metrics.seen_samples import Gather, SeenSamples
from ufm_networks.not_finite import NotFiniteError
from verify._metrics import Metrics, metrics
from verify.reading.form import Float, Source
from verify.reading.point import read_heads
from verify.reading.read import read
from verify.reading.sources import own_features

__all__ = ["SECOND_PASS", "VARIABILITY", "Batches", "Measured", "metrics_of_means", "stream_metrics"]
Batches = Callable[[], Iterable[tuple[Tensor, NDArray[np.int64]]]]
VARIABILITY: dict[Source, str] = {"single": "SNC1", "multi": "MNC1", "multilabel": "NC1"}


@dataclass(frozen=True)
class Measured:
    """Metrics with the statistics they come from.

    metrics  as ``verify.metrics`` names them, with its ``reasons``
    means    (d, columns) label means, or a list of T; in the order of ``problem.labels``
    spread   (columns,) mean ‖h − μ‖² of each label, or a list of T
    classic  what a second pass fills of the classic metrics, where they are asked for
    """

    metrics: Metrics
    means: Any
    spread: Any
    classic: Classic | None = None


def stream_metrics(
    problem: Any,
    labels: NDArray[np.int64],
    batches: Batches,
    W: Sequence[Any],
    b: Sequence[Any] | None = None,
    *,
    passes: int = 2,
    classic: bool = False,
    effective_rank: bool = False,
    processes: Gather | None = None,
) -> Measured:
    """The metrics of ``verify.metrics`` over samples, computed in passes over batches of features; float64 throughout.

    One pass    label means and within-label variance, merged batch by batch: SNC1, MNC1, NC1, and all that needs means
                and heads only: SNC2, SNC3, MNC2, MNC3, NC2, NC3, NC_m.
    Two passes  SNC4 (h̃ is centred by the mean of all and normalized), SNC5, MNC4 and NN_decoding_error (distances
                to all means) need each feature again once the means are known. With passes=1 they are NaN.

    Memory holds at most one batch of features, (columns, d) means, and for each sample its number of occurrences and
    four numbers that check whether both passes gave it the same features.

    problem  a ufm problem with the counts of the data; its λ's and losses do not matter, its task weights do (SNC4)
    labels   (N, T) of all samples, as ``TaskData.labels``; −1 for no label, which counts as in ``verify.metrics``
    batches  a function: each call gives the pairs (features (n, d), numbers of the samples (n,)) of all N samples
             once, in any order, or of this process's share. A batch may be empty
    classic  with those of ``verify.metrics(…, classic=True)``; pinv_NC1 and centre_agreement ask for two passes, and so
             does the effective rank, which keeps (d, d) numbers and is measured where effective_rank=True
    W, b     T arrays (K_t, d) and (K_t,), parameters as well; None, for all or as an entry, is a head without bias
    Raises ValueError or TypeError before any pass for heads or labels that are not the problem's; NotFiniteError, a
    ValueError, for features that are not finite; ValueError after a pass that missed or repeated a sample, or gave
    other features than the first.
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
    measured = metrics_of_means(problem, groups, moments, heads, biases, classic=classic)
    if passes == 2:
        second = seen("second")
        grouped = ((h, groups.of_sample[samples]) for h, samples in second.read(batches()))
        w, v = ([torch.from_numpy(x).to(device) for x in of] for of in (heads, biases))
        add_second_pass(
            *(measured.metrics, measured.classic, problem.source, groups, grouped, moments, w, v, processes),
            effective_rank=effective_rank,
        )
        second.gather(processes)
        second.require_each_once()
        size = (moments.mean.square().sum(dim=1) + moments.spread / moments.count).sqrt()
        second.require_features_of(first, size[torch.from_numpy(groups.of_sample).to(device)])
    return measured


def metrics_of_means(
    problem: Any,
    groups: Forms,
    moments: FeatureMoments,
    heads: list[Float],
    biases: list[Float],
    *,
    classic: bool = False,
) -> Measured:
    """The metrics that follow from label means, spread and heads; the others are NaN, with the reason."""
    means = [moments.mean[block].T.cpu().numpy() for block in groups.blocks]
    spread = [(moments.spread / moments.count)[block].cpu().numpy() for block in groups.blocks]
    several = own_features(problem)
    names = SECOND_PASS[problem.source]
    at = read(problem, W=heads, H=means if several else means[0], b=biases)
    found = metrics(at)  # of the means: all but the below
    fractions = [form.counts / form.counts.sum() for form in groups.forms]
    variances = [float(f @ s) for f, s in zip(fractions, spread, strict=True)]
    found[VARIABILITY[problem.source]] = float(np.mean(variances))
    found |= dict.fromkeys(names, float("nan"))
    found.reasons |= dict.fromkeys(names, AGAIN)
    more = None
    if classic:
        tensors = [moments.mean[block] for block in groups.blocks]
        more = Classic(problem.source, at.samples, spread, tensors, float(moments.largest))
        values, reasons = more.of_means()
        found |= values
        found.reasons = {**{n: why for n, why in found.reasons.items() if n not in values}, **reasons}
    return Measured(found, means if several else means[0], spread if several else spread[0], more)


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
    """The moments of all processes, which number their groups alike."""
    shares = [processes.gather(part) for part in (moments.count, moments.mean, moments.spread, moments.largest)]
    whole = FeatureMoments(len(moments.count), moments.mean.shape[1], moments.mean.device)
    for count, mean, spread, largest in zip(*shares, strict=True):
        share = FeatureMoments(0, moments.mean.shape[1], moments.mean.device)
        share.count, share.mean, share.spread, share.largest = count, mean, spread, largest
        whole.merge([share])
    return whole
