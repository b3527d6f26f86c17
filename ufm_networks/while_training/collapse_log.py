"""Neural collapse in your own training loop: one call per epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import distributed, nn

from ufm.support import validation
from ufm_networks.while_training.epoch_pass import EpochPass
from ufm_networks.while_training.writers import require_prefix, writer


class CollapseLog:
    """``watch = CollapseLog(model, loader, heads={…})``, then ``watch(epoch)`` once an epoch: a dict, name → value.

    Names and metrics are those of ``ufm_networks.Collapse``. The values come from one pass over the loader in
    evaluation mode without gradients. Afterwards the model and the random states of PyTorch on the CPU and of the
    loader are restored: training continues as if nothing had happened.

    model    any module
    loader   an iterable of batches that restarts in every loop; one pass per call
    heads    task → nn.Linear of the model or its dotted name, as ``observe``; pool, unpack and missing as there
    every    epochs that it does not divide are skipped: ``watch(epoch)`` returns {}
    samples  how many samples to look at instead of all, at least two of every label tuple: a subset of the loader's
             data set, the same in every call, with labels in proportion. Means are the subset's, counts those of all,
             and spreads are scaled to be right on average; the data set is gone through once, for its labels. Needs a
             DataLoader over a data set with __getitem__
    seed     which subset
    log      a SummaryWriter, the path of a CSV file (appended to), a function (values, epoch), or None
    prefix   what names begin with, such as "train/"
    covariance  as ``Collapse``

    In a group of processes every process calls it. A loader with a DistributedSampler yields this process's share, and
    values are over all shares; the first process logs.

    After a call ``reasons`` says why a metric is NaN or left out. Raises TypeError or ValueError naming the field, and
    as ``observe``; NotFiniteError, a ValueError, for features that are not finite.
    """

    def __init__(
        self,
        model: nn.Module,
        loader: Any,
        heads: Any,
        *,
        every: int = 1,
        samples: int | None = None,
        seed: int = 0,
        log: Any = None,
        prefix: str = "",
        covariance: bool = True,
        pool: Any = None,
        unpack: Callable[[Any], Any] | None = None,
        missing: int = -1,
    ) -> None:
        self.every = validation.whole_number("every", every, 1, 2**63 - 1)
        self.prefix = require_prefix(prefix)
        self._write = writer(log)
        self._pass = EpochPass(
            model,
            loader,
            heads,
            samples=samples,
            seed=seed,
            covariance=covariance,
            pool=pool,
            unpack=unpack,
            missing=missing,
        )
        self.reasons: dict[str, str] = {}

    def __call__(self, epoch: int) -> dict[str, float]:
        """Name → value, {} where the epoch is left out."""
        if validation.whole_number("epoch", epoch, -(2**63), 2**63 - 1) % self.every:
            return {}
        told = self._pass()
        self.reasons = told.reasons
        values = {self.prefix + name: value for name, value in told.values.items()}
        if not (distributed.is_available() and distributed.is_initialized()) or distributed.get_rank() == 0:
            self._write(values, epoch)
        return values
