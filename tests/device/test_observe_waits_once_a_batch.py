"""The sums of ``observe`` leave the device alone: nothing of a batch is read, nothing comes back before the end."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from elsewhere import META, Traffic, elsewhere

from ufm.losses import LOSSES
from ufm_networks.observing import observe
from ufm_networks.observing.first_pass import FirstPass
from ufm_networks.observing.shown import LabelTable, Shown

HEADS = [torch.randn(3, 5, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)]
BIASES = [torch.zeros(3, dtype=torch.float64), torch.zeros(2, dtype=torch.float64)]
LABELS = np.array([[0, 1], [2, 0], [1, 1], [0, -1]])
FROM_CPU = "_to_copy: from cpu to meta"  # labels and counts, which the loader has there


@torch.no_grad()
def test_the_first_pass_reads_nothing_and_copies_nothing_back() -> None:
    first = FirstPass(LabelTable(["a", "b"]), HEADS, BIASES)
    first.add(torch.randn(4, 5, dtype=torch.float64), LABELS)  # by which the format's rounding is known
    there: Any = elsewhere(first)
    with Traffic() as traffic:
        there.add(torch.empty(4, 5, dtype=torch.float64, device=META), LABELS[::-1].copy())
    assert traffic.operations > 30
    assert set(traffic.found) <= {FROM_CPU}
    assert len(traffic.found) <= 4
    assert there.moments.mean.device == there.losses.device == META


@torch.no_grad()
def test_sketches_stay_until_the_pass_is_over() -> None:
    shown = Shown(5, torch.device("cpu"))
    shown.add(torch.randn(4, 5, dtype=torch.float64), np.arange(4))
    there: Any = elsewhere(shown)
    with Traffic() as traffic:
        for _ in range(3):
            there.add(torch.empty(4, 5, dtype=torch.float64, device=META), np.arange(4))
    assert traffic.found == []
    assert {sketch.device for sketch in there._sketches} == {META}


class Loop:
    """Batches of two labels, as often as they are asked for."""

    def __init__(self, batches: int) -> None:
        self.batches = batches

    def __iter__(self) -> Any:
        own = torch.Generator().manual_seed(0)
        for _ in range(self.batches):
            yield torch.randn(6, 5, generator=own), torch.arange(6) % 2


def test_one_read_a_batch_and_pass() -> None:
    """Whether its features are finite, so that an error can name the batch; all else is read once. On the CPU alone
    ``one_hot`` looks at its labels as well, twice for each loss.
    """
    model = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Linear(4, 2))
    reads = []
    for batches in (2, 7):
        with Traffic() as traffic:
            observe(model, Loop(batches), {"a": "1"})
        reads.append(sum(name == "_local_scalar_dense" for name in traffic.found))
    assert reads[1] - reads[0] == 5 * (2 + 2 * len(LOSSES))
