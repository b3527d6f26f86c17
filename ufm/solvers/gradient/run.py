"""The loop around an optimizer: measure, record, save, stop."""

from __future__ import annotations

import logging
import math
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from safetensors import SafetensorError

from ufm.solvers.gradient.checkpoint import FileCheckpoint, Progressed, unreadable
from ufm.solvers.gradient.evaluation import Evaluation
from ufm.solvers.gradient.method import Method
from ufm.solvers.gradient.progress import ProgressBar
from ufm.solvers.gradient.settings import Settings
from ufm.solvers.gradient.sharded_checkpoint import ShardedCheckpoint
from ufm.support.interrupt import Interrupt

logger = logging.getLogger(__name__)
LOGGED = 100  # steps: of one in so many a listener for information hears, of each entry of the history one for details

CHECKPOINT_SECONDS = 60.0
ROUNDING = {torch.float32: 1e-4, torch.float64: 1e-8}  # relative gradients that rounding alone may leave

Measure = Callable[[], dict[str, float]]
Kept = FileCheckpoint | ShardedCheckpoint | None

Reason = Literal["converged", "rounding", "stalled", "steps", "diverged", "interrupted"]


@dataclass
class End:
    """The end of a run: the reason, the last measurement and the number of steps taken.

    reason  "rounding" (no lower point in this precision, but near one), "stalled" (the same, far from one), or as in
            ``ufm.Outcome``
    """

    reason: Reason
    last: Evaluation
    step: int
    history: dict[str, list[float]]


class Run:
    """A run of one optimizer, from its start or from a checkpoint."""

    def __init__(self, method: Method, settings: Settings, kept: Kept, measure: Measure) -> None:
        self.method, self.settings, self.kept, self.measure = method, settings, kept, measure
        self.ranks = method.objective.samples.ranks
        self.at = Progressed(0, {}, {"step": [], "loss": [], "gradient_norm": []})
        self.saved = time.monotonic()
        found = None if kept is None else kept.load(method.state())
        if found is not None:
            self.at = found
            try:
                method.resume(self.at.numbers)
            except (KeyError, IndexError, ValueError) as error:
                reason = f"its numbers are not {settings.optimizer}'s: {error!r}"
                raise unreadable(Path(str(settings.checkpoint)), reason) from error

    def finish(self, progress: bool | None) -> End:
        """Takes steps until there is a reason to stop."""
        settings = self.settings
        title = f"gradient ({settings.optimizer})"
        with (
            Interrupt() as interrupt,
            ProgressBar(progress if self.ranks.first else False, settings.steps, title) as bar,
        ):
            while True:
                reason = self._reason(interrupt, bar)
                if reason is None and not self.method.step():
                    reason = "stalled"
                if reason is not None:
                    break
                self.at.step += 1
                self._save_if_due()
            last = self.method.evaluate()
            if not last.finite:
                reason = "diverged"
            if reason == "stalled" and last.relative_gradient <= ROUNDING[settings.dtype]:
                reason = "rounding"
            if reason == "steps" and last.relative_gradient <= settings.tolerance:
                reason = "converged"
            if reason != "diverged":
                self._record(last)
                self._save()
            if self.ranks.any(interrupt.pending) and reason != "diverged":
                reason = "interrupted"  # converged or not: a caller must learn of Ctrl-C
        return End(reason, last, self.at.step, self.at.history)

    def _reason(self, interrupt: Interrupt, bar: ProgressBar) -> Reason | None:
        """The reason to stop here, or None. Measuring costs a sweep, except after a line search."""
        settings, step = self.settings, self.at.step
        due = step % settings.log_every == 0
        if due or settings.line_search:
            now = self.method.evaluate()
            if not now.finite:
                return "diverged"
            if now.relative_gradient <= settings.tolerance:
                return "converged"
            if due:
                self._record(now)
            bar.update(step, now.value, now.relative_gradient)
        if self.ranks.any(interrupt.pending):
            return "interrupted"
        return "steps" if step >= settings.steps else None

    def _record(self, now: Evaluation) -> None:
        history = self.at.history
        if history["step"] and history["step"][-1] == self.at.step:
            return
        level = logging.DEBUG if self.at.step % LOGGED else logging.INFO
        logger.log(level, "step %d: F = %.8g, relative gradient %.1e", self.at.step, now.value, now.relative_gradient)
        entry = {"step": self.at.step, "loss": now.value, "gradient_norm": now.relative_gradient, **self.measure()}
        entries = len(history["step"])
        for name in dict.fromkeys([*history, *entry]):  # a resumed run may measure something else
            history.setdefault(name, [math.nan] * entries).append(entry.get(name, math.nan))

    def _save_if_due(self) -> None:
        every = self.settings.checkpoint_every
        if self.kept is None:
            return
        if every is None:
            due = self.ranks.any(time.monotonic() - self.saved >= CHECKPOINT_SECONDS)
        else:
            due = self.at.step % every == 0
        if due:
            self._save()

    def _save(self) -> None:
        """Saves a checkpoint; a full disk does not end the run."""
        if self.kept is None:
            return
        self.at.numbers = self.method.numbers()
        try:
            self.kept.save(self.at, self.method.state())
        except (OSError, SafetensorError) as error:
            if self.ranks.first:
                path = str(self.settings.checkpoint)
                warnings.warn(f"checkpoint {path!r} was not written: {error}", RuntimeWarning, stacklevel=2)
        self.saved = time.monotonic()
