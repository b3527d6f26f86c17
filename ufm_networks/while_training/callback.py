"""Neural collapse as a callback of Lightning's Trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from ufm.support import validation
from ufm_networks.observing.samples import pooling, unpacking
from ufm_networks.observing.watching import Entering
from ufm_networks.while_training.epoch_pass import EpochPass
from ufm_networks.while_training.going_by import features_going_by
from ufm_networks.while_training.writers import require_prefix

try:
    from lightning.pytorch import Callback, LightningModule, Trainer

    from ufm_networks.while_training.metric import Collapse
except ModuleNotFoundError as error:
    raise ImportError("ufm_networks.CollapseCallback needs lightning: pip install 'ufm-toolkit[training]'") from error


class CollapseCallback(Callback):  # type: ignore[misc, unused-ignore]
    """Logs metrics of neural collapse after training epochs, to the Trainer's loggers.

    Names and metrics are those of ``ufm_networks.Collapse``.

    By default the features are those that enter the heads during the training steps: in training mode, with
    augmentation, from the weights of each step, measured with the heads at the end of the epoch. They cost only their
    sums. With ``samples=`` or ``loader=`` a pass in evaluation mode follows the epoch instead, as in ``CollapseLog``;
    the module's ``forward`` must take a batch's inputs and run the heads.

    heads    task → dotted name of an nn.Linear in the LightningModule, or the layer: {"digit": "network.fc"}
    every    epochs (``trainer.current_epoch``, from 0) that it does not divide are skipped
    samples  the number of samples to use from the data set of ``loader``, by default the training loader; seed selects
             them
    loader   the batches of the pass, by default the training loader's if ``samples`` is given
    prefix   the prefix of names, such as "train/"
    unpack   batch → (inputs, labels); pool, missing, covariance as ``CollapseLog``

    In a group of processes the sums are over all of them. After an epoch ``reasons`` says why a metric is NaN or left
    out. Raises TypeError or ValueError, naming the field or the batch; NotFiniteError, a ValueError, at the end of an
    epoch with features that are not finite.
    """

    def __init__(
        self,
        heads: Any,
        *,
        loader: Any = None,
        every: int = 1,
        samples: int | None = None,
        seed: int = 0,
        prefix: str = "",
        covariance: bool = True,
        pool: Any = None,
        unpack: Callable[[Any], Any] | None = None,
        missing: int = -1,
    ) -> None:
        super().__init__()
        self.heads, self.loader, self.samples = heads, loader, samples
        self.prefix = require_prefix(prefix)
        self.every = validation.whole_number("every", every, 1, 2**63 - 1)
        pooling(pool)  # refused here; what it gives cannot be pickled
        self.pool, self.unpack = pool, unpack
        self._sums: dict[str, Any] = {"covariance": covariance, "missing": missing}
        self._subset = {"samples": samples, "seed": seed}
        self.reasons: dict[str, str] = {}
        self._pass: EpochPass | None = None
        self._collapse: Collapse | None = None
        self._entering = Entering()
        self._hooks: list[RemovableHandle] = []

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Finds the heads in the module, so that their errors come before training."""
        self._pass = None
        self._collapse = Collapse(self.heads, pl_module, **self._sums).to(_place(pl_module))

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Installs hooks if batches are observed during training."""
        if self._due(trainer) and not self._passes:
            collapse = self._running()
            collapse.to(_place(pl_module)).reset()
            for task, head in collapse.heads.modules.items():
                self._hooks.append(head.register_forward_pre_hook(self._entering.hook(task), with_kwargs=True))

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Forgets what a validation in between has left."""
        self._entering.clear()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Adds the batch."""
        if self._hooks:
            collapse = self._running()
            names = collapse.heads.names
            _, labels = (self.unpack or unpacking(len(names)))(batch)
            h = features_going_by(self._entering, names, pooling(self.pool), batch_idx)
            collapse.update(h.to(_place(pl_module)), labels)
            self._entering.clear()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Logs the epoch."""
        if not self._due(trainer):
            return
        if self._passes:
            values = self._measured(trainer, pl_module)
        else:
            self._unhook()
            collapse = self._running()
            values = collapse.compute()
            self.reasons = collapse.reasons
            collapse.reset()
        named = {self.prefix + name: value for name, value in values.items()}
        pl_module.log_dict(named, sync_dist=trainer.world_size > 1)  # the same in all processes

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Hooks are taken off."""
        self._unhook()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Hooks are taken off."""
        self._unhook()

    @property
    def _passes(self) -> bool:
        return self.loader is not None or self.samples is not None

    def _due(self, trainer: Trainer) -> bool:
        return int(trainer.current_epoch) % self.every == 0

    def _running(self) -> Collapse:
        assert self._collapse is not None
        return self._collapse

    def _measured(self, trainer: Trainer, pl_module: LightningModule) -> dict[str, Tensor]:
        precision = trainer.precision_plugin
        if self._pass is None:
            loader = trainer.train_dataloader if self.loader is None else self.loader
            unpack = self.unpack or unpacking(len(self._running().heads.names))
            self._pass = EpochPass(
                pl_module,
                loader,
                self.heads,
                pool=self.pool,
                unpack=lambda batch: unpack(precision.convert_input(batch)),
                **self._subset,  # type: ignore[arg-type]
                **self._sums,
            )
        with precision.forward_context():
            told = self._pass()
        self.reasons = told.reasons
        return {n: torch.tensor(v, dtype=torch.float64, device=_place(pl_module)) for n, v in told.values.items()}

    def _unhook(self) -> None:
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()
        self._entering.clear()


def _place(module: LightningModule) -> torch.device:
    """The device of the sums, since not every device has float64."""
    return torch.device("cpu") if module.device.type == "mps" else module.device
