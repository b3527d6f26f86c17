"""Two passes of any model over any loader, for metrics, certificate and page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ufm.losses import LOSSES
from ufm.support import validation
from ufm_networks.metrics.groups import numbered_forms
from ufm_networks.metrics.second_pass import add_second_pass
from ufm_networks.metrics.streaming import metrics_of_means
from ufm_networks.observing.all_processes import guarded, together
from ufm_networks.observing.batch_labels import Int
from ufm_networks.observing.first_pass import FirstPass
from ufm_networks.observing.heads import Heads, find_heads
from ufm_networks.observing.model_of_labels import label_problem, ordered_labels
from ufm_networks.observing.observation import Observation
from ufm_networks.observing.process_share import processes_of
from ufm_networks.observing.samples import Samples, pooling, unpacking
from ufm_networks.observing.shown import LabelTable, Shown, require_same
from ufm_networks.observing.watching import placed, watching
from ufm_networks.observing.wrappers import unwrapped
from ufm_networks.training.processes import Processes


def observe(
    model: nn.Module,
    loader: Any,
    heads: Any,
    *,
    pool: Any = None,
    unpack: Callable[[Any], Any] | None = None,
    missing: int = -1,
    device: Any = None,
    passes: int = 2,
    effective_rank: bool = False,
) -> Observation:
    """Measures the features that enter a model's heads, over all samples of a loader, in two passes.

    model    any module; put into evaluation mode without gradients, and restored afterwards, also after an error
    loader   an iterable of batches that restarts in every loop, such as a DataLoader; both passes must yield the same
             samples, in any order and any batches
    heads    task → nn.Linear of the model or its dotted name: {"digit": model.fc1, "colour": "classifier.1"}; with or
             without bias. A sample's feature is the input of its heads, the same for all of them
    pool     for heads with input (n, tokens, d): "mean", "first", "last", or a function (n, tokens, d) → (n, d)
    unpack   batch → (inputs, labels); by default batches are (inputs, labels) or (inputs, labels of task 1, …, of task
             T). Inputs that are a tuple or a dict enter the model as its arguments. Labels: (n, T) integers from 0,
             (n,) of one task, a list of T vectors, or a dict of vectors by task
    missing  the integer that stands for no label, such as an ``ignore_index``
    device   the device of the passes, by default the model's
    passes   2; with 1, an iterator will do, and SNC4, SNC5, MNC4, pinv_NC1 and centre_agreement, which need each
             feature again once the means are known, are NaN
    effective_rank  whether to measure the effective rank, which keeps a (d, d) factor of the features in the second
             pass

    Memory holds at most one batch of features, (columns, d) label means, and less than three numbers per sample. Sums
    are float64 whatever the model's format. In a group of processes (``torch.distributed``), a loader with a
    DistributedSampler is this process's share, sums are those of all processes, and repeats by which the sampler pads
    are left out.

    Raises TypeError or ValueError naming head, batch, sample or task: heads that are not linear or not found, labels
    out of range, a loader that is empty, of one pass, or shows other samples the second time; NotFiniteError, a
    ValueError, for features that are not finite.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    model = unwrapped(model)
    found = find_heads(model, heads)
    pooled, taken = pooling(pool), unpacking(len(found.names)) if unpack is None else unpack
    if not callable(taken):
        raise TypeError(f"unpack must be a function batch → (inputs, labels), got {unpack!r}")
    absent = validation.whole_number("missing", missing, -(2**63), 2**63 - 1)
    if 0 <= absent < max(found.classes):
        raise ValueError(f"missing={missing} is a class of a head; use an integer that is not a class, such as -1")
    passes = validation.whole_number("passes", passes, 1, 2)
    if effective_rank and passes == 1:
        raise ValueError("effective_rank=True needs each feature again, in a second pass; leave out passes=1")
    _require_loop(loader, passes)
    with placed(model, found, device) as place, watching(model, found) as entering:
        samples = Samples(model, found, loader, entering, place, taken, pooled, absent)
        return _observe(samples, found, processes_of(loader, place), passes, effective_rank)


def _observe(
    samples: Samples, heads: Heads, processes: Processes | None, passes: int, effective_rank: bool
) -> Observation:
    W, b = heads.arrays()
    wrong = next((t for t, (w, v) in enumerate(zip(W, b, strict=True)) if not _finite(w, v)), None)
    if wrong is not None:
        raise ValueError(f"head {heads.names[wrong]!r} has weights or a bias that are not finite")
    biases = [np.zeros(len(w)) if v is None else v for w, v in zip(W, b, strict=True)]
    place = torch.device("cpu") if samples.device.type == "mps" else samples.device  # float64 is not everywhere
    table = LabelTable(heads.names)
    there, biases_there = ([torch.from_numpy(x).to(place) for x in of] for of in (W, biases))
    first = FirstPass(table, there, biases_there)

    def doubled() -> Iterator[tuple[Tensor, Int]]:
        for h, labels in samples():
            yield h.to(place).double(), labels
            del h  # a batch's features are gone before the model makes the next ones, here and below

    def read_first() -> None:
        for h, labels in doubled():
            first.add(h, labels)
            del h

    together(read_first, processes)
    if processes is not None:
        first.gather(processes)
    if not first.table.number:
        raise ValueError("the loader is empty: it gave no sample in the first pass")
    rows = table.rows()
    order = ordered_labels(rows)
    moments = first.ordered(order)
    labels, counts = rows[order], moments.count.cpu().numpy().astype(np.int64)
    problem = label_problem(labels, counts, heads.classes, heads.names, lambda_H=1.0, lambda_W=1.0, lambda_b=1.0)
    forms = numbered_forms(problem)
    measured = metrics_of_means(problem, forms, moments, W, biases, classic=True)
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    second, due = Shown(heads.dim, place), first.shown.samples

    def grouped() -> Iterator[tuple[Tensor, Int]]:
        for h, given in doubled():
            groups = table.groups(given)
            second.add(h, groups)
            if second.samples > due:  # an endless loader would not end by itself
                return
            if groups.max() < len(rank):  # else refused below
                yield h, rank[groups]
            del h

    if passes == 2:
        first.shown.settle()
        pairs, source = guarded(grouped(), processes), problem.source
        add_second_pass(
            *(measured.metrics, measured.classic, source, forms, pairs, moments, there, biases_there, processes),
            effective_rank=effective_rank,
        )
        size = (moments.mean.square().sum(dim=1) + moments.spread / moments.count).sqrt().cpu().numpy()
        together(lambda: require_same(first.shown, second, table, size[rank]), processes)
    return Observation(
        tasks=heads.names,
        heads=heads.dotted,
        W=W,
        b=b,
        labels=labels,
        counts=counts,
        means=moments.mean.T.contiguous().cpu().numpy(),
        spread=(moments.spread / moments.count).cpu().numpy(),
        losses=dict(zip(LOSSES, first.losses.cpu().numpy(), strict=True)),
        nonnegative=bool(first.least >= 0),
        measured=measured.metrics,
    )


def _finite(w: Any, v: Any) -> bool:
    return bool(np.isfinite(w).all() and (v is None or np.isfinite(v).all()))


def _require_loop(loader: Any, passes: int) -> None:
    if isinstance(loader, Tensor) or not (hasattr(loader, "__iter__") or hasattr(loader, "__getitem__")):
        raise TypeError(f"loader must give batches in a loop, as a DataLoader; got {type(loader).__name__}")
    if passes == 2 and hasattr(loader, "__next__"):
        raise ValueError(
            f"loader is a {type(loader).__name__}, which goes through its samples once, and two passes are needed; "
            "give a DataLoader, a list of batches or what begins anew in every loop, or say passes=1"
        )
