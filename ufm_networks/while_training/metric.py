"""Neural collapse as a torchmetrics.Metric."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from ufm.support import validation
from ufm_networks.while_training.batch_tensors import (
    NEVER,
    all_finite,
    feature_rows,
    known_labels,
    label_columns,
    require_right,
)
from ufm_networks.while_training.current_heads import current_heads
from ufm_networks.while_training.metrics_of_sums import metrics_of_sums
from ufm_networks.while_training.running_sums import Layout

try:
    from torchmetrics import Metric
except ModuleNotFoundError as error:
    raise ImportError("ufm_networks.Collapse needs torchmetrics: pip install 'ufm-toolkit[training]'") from error


class Collapse(Metric):  # type: ignore[misc, unused-ignore]
    """Metrics of neural collapse of the features since the last reset, with the heads at the time of ``compute()``.

    update(features, labels)   features (n, d), the input of the heads, in any floating format; labels (n, T), (n,) of
                               one task, T vectors, or a dict of vectors by task; −1 for no label. A sample without any
                               label is left out
    compute()                  name → value, a float64 tensor, NaN where it is undefined; as ``verify.metrics`` names
                               them with classic=True: SNC1, SNC2_1, SNC2_2, SNC3, SNC3_max, pinv_NC1, trace_NC1, CDNV,
                               means_cosine, means_equinorm, heads_cosine, heads_equinorm, self_duality; MNC1 … MNC3
                               where every sample has a label in one of several tasks only
    reset(), forward, sync     as of any torchmetrics.Metric. Sums of several processes are merged, exactly

    heads       task → nn.Linear; or its dotted name, with model=; or a weight (K, d), or a pair (weight, bias). Layers,
                parameters and tensors are referred to, not copied: those of a clone too. Pickled alone, a metric takes
                its heads along as they are
    covariance  whether to keep d × d sums for every task, which pinv_NC1 needs
    missing     the integer that stands for no label, such as an ``ignore_index``

    One pass of float64 sums determines exactly these values. After ``compute()``, ``reasons`` says why others are left
    out or NaN: SNC4, SNC5, MNC4 and centre_agreement compare each feature with means that are known only at the end,
    and effective_rank needs singular values. ``ufm_networks.observe`` has all of them.

    ``update`` never waits for a GPU: features that are not finite and labels outside a head's classes are counted
    there, and refused by ``compute()``, with the number of the first such batch. Raises TypeError or ValueError, naming
    the field, for other shapes and types, at once.
    """

    is_differentiable = False
    higher_is_better = None
    full_state_update = False
    sums: Tensor
    not_finite: Tensor
    outside: Tensor

    def __init__(
        self,
        heads: Any,
        model: nn.Module | None = None,
        *,
        covariance: bool = True,
        missing: int = -1,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.heads = current_heads(heads, model)
        self.missing = validation.whole_number("missing", missing, -(2**63), 2**63 - 1)
        if 0 <= self.missing < max(self.heads.classes):
            raise ValueError(f"missing={missing} is a class of a head; use an integer that is not a class, such as -1")
        self.layout = Layout(self.heads.classes, self.heads.dim, covariance)
        self.layout.require_room()
        self.reasons: dict[str, str] = {}
        self.compute_with_cache = False  # heads change without an update
        self.add_state("sums", self.layout.zeros("cpu"), dist_reduce_fx=self.layout.merged)
        self.add_state("not_finite", torch.tensor(NEVER), dist_reduce_fx="min")
        self.add_state("outside", torch.tensor(NEVER), dist_reduce_fx="min")

    def update(self, features: Tensor, labels: Any) -> None:
        """Adds a batch."""
        device = self.sums.device
        table = label_columns(labels, self.heads.names, device)
        h = feature_rows(features, len(table), self.heads.dim)
        if h.device != device:
            raise ValueError(f"features are on {h.device} and the metric on {device}; move it, with .to({h.device})")
        if self.sums.is_inference() and not torch.is_inference_mode_enabled():  # made by a reset in inference mode
            self.sums = self.sums.clone()
        table, outside = known_labels(table, self.heads.classes, self.missing)
        number = self._update_count - 1
        if len(table):
            h = h.to(torch.float64)
            self.not_finite = _first(self.not_finite, ~all_finite(h), number)
            self.outside = _first(self.outside, outside, number)
            self.layout.add(self.sums, h, table)

    def set_dtype(self, dst_type: str | torch.dtype) -> Collapse:
        """Nothing: sums are float64, whatever the format of features and of other metrics of a collection."""
        return self

    def compute(self) -> dict[str, Tensor]:
        """Name → value."""
        require_right(self.not_finite, self.outside, self.heads.classes)
        told = metrics_of_sums(self.layout, self.sums, self.heads)
        self.reasons = told.reasons
        values = told.values.items()
        return {name: torch.tensor(value, dtype=torch.float64, device=self.sums.device) for name, value in values}


def _first(number: Tensor, wrong: Tensor, batch: int) -> Tensor:
    """The number of the first faulty batch."""
    return torch.where(wrong, number.clamp(max=batch), number)
