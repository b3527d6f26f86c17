"""The metrics that need each feature again once the means are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, assert_never

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm_networks.metrics.classic import Classic
from ufm_networks.metrics.deviations import Reference, decoding_errors, disagreements, reference, sum_of_head_distances
from ufm_networks.metrics.groups import Forms
from ufm_networks.metrics.moments import FeatureMoments
from ufm_networks.metrics.seen_samples import Gather
from verify._metrics.measured import ZERO_VECTOR, Metrics
from verify.reading.form import Float, Source

SecondPass = Literal["SNC4", "SNC5", "MNC4", "NN_decoding_error"]
SECOND_PASS: dict[Source, tuple[SecondPass, ...]] = {
    "single": ("SNC4", "SNC5"),
    "multi": ("MNC4",),
    "multilabel": ("NN_decoding_error",),
}


def add_second_pass(
    found: Metrics,
    classic: Classic | None,
    source: Source,
    groups: Forms,
    grouped: Iterable[tuple[Tensor, NDArray[np.int64]]],
    moments: FeatureMoments,
    W: Sequence[Tensor],
    b: Sequence[Tensor],
    processes: Gather | None,
    *,
    effective_rank: bool = False,
) -> None:
    """Fills in the metrics that ``metrics_of_means`` left open.

    grouped  pairs (features (n, d) in float64, their groups (n,)) of all samples, or of this process's
    W, b     T tensors (K_t, d) and (K_t,), where the features are; they are not copied
    """
    names = SECOND_PASS[source]
    if classic is not None:
        classic.begin(W, b, effective_rank=effective_rank)
    values = _second_pass(names, groups, grouped, moments, W, b, processes, classic)
    for name, of_forms in zip(names, values, strict=True):
        found[name] = float(of_forms.mean())
        found.reasons.pop(name)
        if np.isnan(found[name]):
            found.reasons[name] = ZERO_VECTOR
    if classic is not None:
        more, why = classic.finish(values[-1].tolist(), processes)
        found |= more
        found.reasons = {name: was for name, was in found.reasons.items() if name not in more} | why


def _second_pass(
    names: tuple[SecondPass, ...],
    groups: Forms,
    grouped: Iterable[tuple[Tensor, NDArray[np.int64]]],
    moments: FeatureMoments,
    W: Sequence[Tensor],
    b: Sequence[Tensor],
    processes: Gather | None,
    classic: Classic | None,
) -> Float:
    """(names, forms) averages over the samples of each form."""
    largest = float(moments.largest)
    references: list[Reference] = []
    for t, (form, block) in enumerate(zip(groups.forms, groups.blocks, strict=True)):
        own = slice(None) if len(groups.forms) == 1 else slice(t, t + 1)  # heads that act on the features
        references.append(reference(form, moments.mean[block], W[own], b[own], largest))
    totals = torch.zeros(len(names), len(references), dtype=torch.float64, device=moments.mean.device)
    starts = np.array([block.start for block in groups.blocks])
    for h, group in grouped:
        form_of = np.searchsorted(starts, group, side="right") - 1
        for f in np.unique(form_of).tolist():
            rows = np.flatnonzero(form_of == f)
            own_h = h if len(rows) == len(h) else h[torch.from_numpy(rows).to(h.device)]
            label = torch.from_numpy(group[rows] - starts[f]).to(h.device)
            totals[:, f] += torch.stack([_of_batch(name, references[f], own_h, label) for name in names])
            if classic is not None:
                classic.add(f, own_h, label)
            del own_h
        del h  # before the next batch is made
    if processes is not None:
        totals = torch.stack(processes.gather(totals)).sum(dim=0)
    samples_of_form = np.array([form.counts.sum() for form in groups.forms])
    return np.asarray(totals.cpu().numpy() / samples_of_form)


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
