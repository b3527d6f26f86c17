"""The metrics of other papers (``verify.metrics(…, classic=True)``) of features that are not kept.

Of the means of labels, their spread and the heads: all but three. tr(Σ_W Σ_B⁺) and how often a head decides for the
nearest class mean ask for each feature again; the effective rank asks for a (d, d) factor of all features, so it is
measured where asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ufm_networks.metrics.deviations import Reference, disagreements
from ufm_networks.metrics.seen_samples import Gather
from ufm_networks.metrics.streamed_classes import StreamedClasses, streamed_classes
from verify._metrics.classic import NO_CLASS, OF_TASKS, mean_or_reason
from verify._metrics.effective_rank import rank_of_factor
from verify._metrics.measured import Undefined
from verify._metrics.variability_ratios import whitening
from verify.reading.form import Float, Source
from verify.reading.samples import Samples

PROJECTED, DECIDED, RANK = "pinv_NC1", "centre_agreement", "effective_rank"
AGAIN = "needs each feature again, in a second pass (passes=2)"
UNASKED_RANK = "needs (d, d) more numbers; effective_rank=True measures it"


@dataclass
class TaskSums:
    """The sums of the second pass for one task: Σ ‖P (h − μ_k)‖², and the number of samples decided differently.

    P         (r, d) ``whitening``, or None if tr(Σ_W Σ_B⁺) is undefined, for ``reason``
    class_of  (m,) the class of each label of the form, −1 for none; means (K', d)
    decided   the reference for decisions; None if they are SNC5's or MNC4's
    """

    P: Tensor | None
    reason: str
    means: Tensor
    class_of: Tensor
    decided: Reference | None
    samples: int
    sums: Tensor

    @cached_property
    def everywhere(self) -> bool:
        """Whether every label has a class: read once, since batches that are asked wait for the device."""
        return bool((self.class_of >= 0).all())

    def add(self, h: Tensor, label: Tensor) -> None:
        """Features (n, d) of one form with their labels (n,)."""
        k = self.class_of[label]
        if not self.everywhere:
            h, k = h[k >= 0], k[k >= 0]
        if self.P is not None:
            self.sums[0] += ((h - self.means[k]) @ self.P.T).square().sum()
        if self.decided is not None:
            self.sums[1] += disagreements(self.decided, h, k)


class Classic:
    """The classic metrics of a problem's labels over two passes.

    parts   the label means and heads, as ``verify`` reads them; spread, mean ‖h − μ‖² of each label of each
    means   (m, d) of each form, tensors where features are
    """

    def __init__(
        self, source: Source, parts: tuple[Samples, ...], spread: list[Float], means: Sequence[Tensor], largest: float
    ) -> None:
        self.source = source
        self.tasks = () if source in NO_CLASS else streamed_classes(parts, spread)
        self.means, self.largest, self.dim = means, largest, means[0].shape[1]
        self.forms: list[list[TaskSums]] = []
        self.factors: list[Tensor] | None = None

    def of_means(self) -> tuple[dict[str, float], dict[str, str]]:
        """The metrics that need no second pass; NaN, with the reason, for the rest."""
        values: dict[str, float] = {}
        reasons = {PROJECTED: AGAIN, DECIDED: AGAIN, RANK: UNASKED_RANK}
        tasks = [task for form in self.tasks for task in form]
        for name, measure in OF_TASKS.items():
            if not tasks:
                values[name], reasons[name] = np.nan, NO_CLASS[self.source]
            elif name in (PROJECTED, DECIDED):
                values[name] = np.nan
            else:
                values[name], reason = mean_or_reason(measure, tuple(tasks))
                if reason:
                    reasons[name] = reason
        values[RANK] = np.nan
        return values, reasons

    def begin(self, W: Sequence[Tensor], b: Sequence[Tensor], *, effective_rank: bool) -> None:
        """Before the second pass: with the heads of all tasks, which are not copied."""
        heads = iter(zip(W, b, strict=True))
        self.forms = [
            [_task_sums(task, means, next(heads), self.largest) for task in form]
            for form, means in zip(self.tasks, self.means, strict=False)
        ]
        self.tasks = ()  # they hold means and heads once more
        if effective_rank:
            self.factors = [means.new_zeros(0, self.dim) for means in self.means]

    def add(self, form: int, h: Tensor, label: Tensor) -> None:
        """A batch of the second pass: features (n, d) of one form with their labels (n,)."""
        for task in self.forms[form] if self.forms else ():
            task.add(h, label)
        if self.factors is not None:  # RᵀR = HᵀH, as rows come
            self.factors[form] = torch.linalg.qr(torch.cat([self.factors[form], h]), mode="r").R

    def finish(self, disagreeing: Sequence[float], processes: Gather | None) -> tuple[dict[str, float], dict[str, str]]:
        """The values of the second pass and why one is NaN.

        disagreeing  of each form the fraction that SNC5 or MNC4 counts
        """
        values: dict[str, float] = {}
        reasons: dict[str, str] = {}
        tasks = [(task, f) for f, form in enumerate(self.forms) for task in form]
        if tasks:
            sums = torch.stack([task.sums for task, _ in tasks])
            if processes is not None:
                sums = torch.stack(processes.gather(sums)).sum(dim=0)
            shares = sums.cpu().numpy() / np.array([[task.samples] for task, _ in tasks])
            if undefined := [task.reason for task, _ in tasks if task.reason]:
                reasons[PROJECTED] = undefined[0]
            sizes = [len(task.means) for task, _ in tasks]
            values[PROJECTED] = np.nan if PROJECTED in reasons else float(np.mean(shares[:, 0] / sizes))
            wrong = [
                disagreeing[f] if task.decided is None else share
                for (task, f), share in zip(tasks, shares[:, 1].tolist(), strict=True)
            ]
            values[DECIDED] = 1.0 - float(np.mean(wrong))
        if self.factors is not None:
            values[RANK], reason = mean_or_reason(rank_of_factor, tuple(_together(R, processes) for R in self.factors))
            if reason:
                reasons[RANK] = reason
        return values, reasons


def _task_sums(task: StreamedClasses, at: Tensor, head: tuple[Tensor, Tensor], largest: float) -> TaskSums:
    def there(array: Any) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(at.device)

    P, reason = None, ""
    try:
        P = there(whitening(task))
    except Undefined as why:
        reason = str(why)
    same = task.alone and np.array_equal(task.label_class, np.arange(len(at)))
    means = at if same else there(task.means.T)
    decided = None
    if not task.alone:
        W, b = head
        decided = Reference(task.form, means, there(task.centre), (W,), (b,), there(task.form.labels), largest)
    return TaskSums(P, reason, means, there(task.label_class), decided, task.samples, at.new_zeros(2))


def _together(R: Tensor, processes: Gather | None) -> Float:
    """The factor of all processes' features."""
    if processes is not None:
        padded = R.new_zeros(R.shape[1], R.shape[1])
        padded[: len(R)] = R
        R = torch.cat(processes.gather(padded))
    return R.cpu().numpy()
