"""Training from a configuration to a run."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ufm_networks.datasets.task_data import TaskData
from ufm_networks.features.batches import DeviceBatches, epoch_batches
from ufm_networks.features.half_images import HalvedPairs
from ufm_networks.features.latent_metrics import latent_metrics
from ufm_networks.metrics import Measured
from ufm_networks.not_finite import NotFiniteError
from ufm_networks.training.assembly import assemble, check_place
from ufm_networks.training.config import Config, read_config
from ufm_networks.training.data_checks import check_data, check_given
from ufm_networks.training.evaluation import Evaluation
from ufm_networks.training.folder_lock import locked, require_folder
from ufm_networks.training.logs import Row, TensorBoard
from ufm_networks.training.processes import Processes, running
from ufm_networks.training.progress import progress_bar
from ufm_networks.training.run import Run, build_data
from ufm_networks.training.run_folder import RunFolder
from ufm_networks.training.schedule import cosine_learning_rate

logger = logging.getLogger(__name__)


def train(
    config: str | Path | Mapping[str, Any] | Config,
    output: str | Path | None = None,
    *,
    data: TaskData | None = None,
    test: TaskData | None = None,
    progress: bool | None = None,
) -> Run:
    """Trains a multi-task network and measures its neural collapse on the way.

    config  a TOML file, its tables as a dict, or a Config
    output  folder of the run. A checkpoint in it is resumed, bit for bit on a CPU; without a folder nothing
            is written
    data, test  used in place of the [data] table
    progress    a progress bar: None shows it if stderr is a terminal, True always, False never

    The order of the data depends on (seed, epoch) alone. Ctrl-C returns the run at its last checkpoint, and
    raises KeyboardInterrupt if there is none.
    Raises ValueError, TypeError or OSError, naming the field, before any work; RuntimeError if training
    diverges, naming the epoch; the last checkpoint and the metrics so far are kept.
    """
    settings = read_config(config)
    check_given(data, test)
    with running(settings.train.device) as processes:
        check_place(settings.train, processes)
        if output is not None:
            require_folder(Path(output))
        if data is None:
            data, test = build_data(settings)
        check_data(settings, data, test)
        folder = None if output is None else RunFolder(Path(output), settings, data)
        return _Training(settings, data, test, folder, processes).run(progress)


@dataclass
class _Training:
    """The state of a run in training."""

    config: Config
    data: TaskData
    test: TaskData | None
    folder: RunFolder | None
    processes: Processes
    history: list[Row] = field(default_factory=list)
    measured: Measured | None = None

    def run(self, progress: bool | None) -> Run:
        """Assembles, resumes, trains."""
        weights = self.config.train.task_weights
        self.loop = assemble(self.config, self.data, self.processes)
        self.problem = self.data.problem(lambda_H=1.0, lambda_W=1.0, lambda_b=1.0, task_weights=weights)
        self.evaluation = Evaluation(self.loop.batches, self.processes)
        self.test_evaluation = None
        if self.test is not None:
            device = self.processes.device
            batches = DeviceBatches(self.test, device, channels_last=self.config.train.channels_last_on(device))
            self.test_evaluation = Evaluation(batches, self.processes)
        self.halved = None
        if self.config.train.latent_metrics:  # of several processes each goes over all pairs
            self.halved = HalvedPairs(self.loop.network, self.data, self.processes.device)
        with self._own_folder():
            if self.folder is not None:
                self.history = self.folder.resume(self.loop)
                if self.processes.first:
                    self.folder.write_configuration()
            try:
                self._epochs(progress)
            except KeyboardInterrupt:
                return self._interrupted()
        return self._result(f"{self.config.train.epochs} epochs")

    @contextlib.contextmanager
    def _own_folder(self) -> Iterator[None]:
        """Locks the folder, in the first process."""
        if self.folder is None or not self.processes.first:
            yield
            return
        self.folder.path.mkdir(parents=True, exist_ok=True)
        with locked(self.folder.path):
            yield

    def _epochs(self, progress: bool | None) -> None:
        train, done = self.config.train, len(self.history)
        writer = self.folder if self.processes.first else None
        with contextlib.ExitStack() as stack:
            board = stack.enter_context(contextlib.closing(TensorBoard(writer.path, done))) if writer else None
            show = stack.enter_context(
                progress_bar(train.epochs, done, shown=progress if self.processes.first else False)
            )
            for epoch in range(done, train.epochs):
                row = self._epoch(epoch)
                self.history.append(row)
                if writer is not None and board is not None:
                    writer.keep(self.loop, self.history, self.measured)
                    board.add(row)
                show(row)
                logger.info("epoch %d: loss %.6g", epoch + 1, row["loss"])

    def _epoch(self, epoch: int) -> Row:
        try:
            return self._trained(epoch)
        except NotFiniteError as error:
            raise RuntimeError(self._diverged(epoch, str(error))) from error

    def _trained(self, epoch: int) -> Row:
        """Trains an epoch and returns its row; raises NotFiniteError if a value is no longer finite."""
        train, loop = self.config.train, self.loop
        rate = cosine_learning_rate(epoch, train.epochs, train.learning_rate, train.final_learning_rate)
        for group in loop.optimizer.param_groups:
            group["lr"] = rate
        start = time.perf_counter()
        losses, weights, penalty = loop.epoch(epoch_batches(len(self.data), train.batch_size, train.seed, epoch))
        loss = float(weights @ losses + penalty)  # waits for the device
        seconds = time.perf_counter() - start
        if not np.isfinite(loss):
            raise NotFiniteError(f"the loss is {loss}")
        numbers = [tensor for tensor in loop.network.state_dict().values() if tensor.is_floating_point()]
        if not torch.stack([torch.isfinite(tensor).all() for tensor in numbers]).all():  # not for a checkpoint
            raise NotFiniteError(f"the loss is {loss:g}, but its last step left parameters that are not finite")
        loop.weighting.epoch_ended(losses)
        row: Row = {"epoch": epoch + 1, "learning_rate": rate, "loss": loss}
        if len(losses) > 1:
            row |= {f"loss_{t + 1}": value for t, value in enumerate(losses.tolist())}
            row |= {f"weight_{t + 1}": value for t, value in enumerate(weights.tolist())}
        if loop.penalty is not None:
            row["penalty"] = float(penalty)
        row |= {"seconds": seconds, "images_per_second": len(self.data) / seconds}
        if epoch == 0 or (epoch + 1) % train.metrics_every == 0 or epoch + 1 == train.epochs:
            row |= self._measure()
        return row

    def _diverged(self, epoch: int, what: str) -> str:
        """The error of a diverged run: what happened, what to try, and what is kept."""
        model, train = self.config.model, self.config.train
        advice = f"lower learning_rate={train.learning_rate:g}"
        if not any(isinstance(module, torch.nn.BatchNorm2d) for module in self.loop.network.modules()):
            advice += f", or set batch_norm=true, without which {model.backbone} is hard to train"
        text = f"training has diverged in epoch {epoch + 1}: {what}; {advice}"
        if self.folder is None:
            return text
        kept = ["the last checkpoint"] if self.folder.checkpoint.exists() else []
        kept += [f"the metrics up to epoch {epoch}"] if epoch else []
        return f"{text}, and name another folder. {str(self.folder.path)!r} keeps {' and '.join(kept) or 'nothing'}"

    def _measure(self) -> Row:
        self.measured, row = self.evaluation.measure(self.loop.network, self.problem)
        if self.test_evaluation is not None:
            row |= {f"test_{name}": value for name, value in self.test_evaluation.accuracy(self.loop.network).items()}
        if self.halved is not None:
            W, _ = self.loop.network.head_arrays()
            row |= latent_metrics(self.halved(), [w.cpu().numpy() for w in W]).averages()
        return row | self.measured.metrics

    def _interrupted(self) -> Run:
        """The run at its last checkpoint."""
        if self.folder is None or not self.folder.checkpoint.exists():
            raise KeyboardInterrupt
        self.history, self.measured = self.folder.resume(self.loop), None
        done = f"interrupted after {len(self.history)} of {self.config.train.epochs} epochs"
        result = self._result(f"{done}; the same command, with the same folder, goes on from there")
        result.interrupted = True
        return result

    def _result(self, status: str) -> Run:
        network = self.loop.network.eval()
        folder = None if self.folder is None else self.folder.path
        return Run(self.config, network, self.data, self.test, self.history, folder, status, measured=self.measured)
