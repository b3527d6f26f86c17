"""The data of an observation: label means, sums and heads, and the problem of the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import ufm
from ufm.losses import DEFAULT
from ufm_networks.measuring.point import NetworkPoint
from ufm_networks.observing.batch_labels import NONE, Int
from ufm_networks.observing.lambdas import InEffect, in_effect
from ufm_networks.observing.model_of_labels import class_counts, label_problem, own_samples_each
from ufm_networks.report.counterpart import Part
from verify._metrics import Metrics
from verify.reading.form import Float


@dataclass(frozen=True, eq=False)
class Observed:
    """The observed arrays, in float64.

    tasks, heads  names of the T tasks, and of their heads in the model
    W, b      T arrays (K_t, d) and (K_t,), or None of a head without bias
    labels    (m, T) the label tuples that occur, −1 for no label; counts (m,), samples of each
    means     (d, m) mean feature of each label tuple; spread (m,) mean ‖h − μ‖²
    losses    of every loss that ``ufm`` knows (T,): its SUM over the samples with a label, from features and heads
    nonnegative  whether no feature has a negative entry, as after a ReLU
    measured  the metrics, by name
    """

    tasks: tuple[str, ...]
    heads: tuple[str, ...]
    W: list[Float]
    b: list[Float | None]
    labels: Int
    counts: Int
    means: Float
    spread: Float
    losses: dict[str, Float]
    nonnegative: bool
    measured: Metrics

    @property
    def classes(self) -> tuple[int, ...]:
        """(K_1, …, K_T)."""
        return tuple(len(w) for w in self.W)

    @property
    def dim(self) -> int:
        """The feature dimension d."""
        return len(self.means)

    @property
    def samples(self) -> int:
        """N."""
        return int(self.counts.sum())

    @property
    def has_bias(self) -> bool:
        """Whether some head has a bias."""
        return any(v is not None for v in self.b)

    @property
    def several_sources(self) -> bool:
        """Whether every sample has a label in only one of several tasks: Problem (4)."""
        return own_samples_each(self.labels)

    def problem(self, **settings: Any) -> ufm.SingleSource | ufm.MultiSource:
        """The problem of these labels, with settings as ``ufm.SingleSource`` takes them.

        Problem (4), a MultiSource, where every sample has a label in one task only, else Problem (3).
        """
        return label_problem(self.labels, self.counts, self.classes, self.tasks, **settings)

    def parts(
        self, weight_decay: float | None = None, lambdas: Any = None, loss: Any = DEFAULT
    ) -> list[tuple[Part, InEffect]]:
        """The problem with the λ's in effect, and these; of Problem (4), which separates, one for each task."""
        if not self.several_sources:
            found = in_effect(weight_decay, lambdas, self.samples, self.W, sum(self.squares()), self.has_bias)
            whole = self.problem(loss=loss, **found.settings())
            return [(Part(whole, tuple(range(len(self.tasks))), 0), found)]
        parts: list[tuple[Part, InEffect]] = []
        each = class_counts(self.labels, self.counts, self.classes)
        losses = self.problem(lambda_H=1.0, lambda_W=1.0, lambda_b=None, loss=loss).losses
        for t, (counts, squares) in enumerate(zip(each, self.squares(), strict=True)):
            bias = self.b[t] is not None
            found = in_effect(weight_decay, lambdas, int(counts.sum()), self.W[t : t + 1], squares, bias)
            problem = ufm.MultiSource([counts], loss=losses[t], **found.settings())
            parts.append((Part(problem, (t,), t), found))
        return parts

    def point(self, parts: list[tuple[Part, InEffect]]) -> NetworkPoint:
        """The observation in the form that reports read, with the sums of the parts' losses."""
        losses = [loss for part, _ in parts for loss in part.problem.losses]
        sums = np.array([self.losses[loss][t] for t, loss in enumerate(losses)])
        blocks = self._blocks()
        tasks = range(len(self.tasks))
        return NetworkPoint(
            W=self.W,
            b=[np.zeros(len(w)) if v is None else v for w, v in zip(self.W, self.b, strict=True)],
            labels=[self.labels[block][:, [t]] if self.several_sources else self.labels for t, block in blocks],
            counts=[self.counts[block] for _, block in blocks],
            means=[self.means[:, block] for _, block in blocks],
            spread=[self.spread[block] for _, block in blocks],
            losses=[sums[t : t + 1] for t in tasks] if self.several_sources else [sums],
            squared_features=self.squares(),
            metrics=self.measured,
        )

    def _blocks(self) -> list[tuple[int, slice]]:
        """The label tuples of each form, whose number is a task's where tasks have samples of their own."""
        if not self.several_sources:
            return [(0, slice(0, len(self.counts)))]
        ends = np.cumsum((self.labels != NONE).sum(axis=0)).tolist()
        starts = [0, *ends[:-1]]
        return [(t, slice(start, end)) for t, (start, end) in enumerate(zip(starts, ends, strict=True))]

    def squares(self) -> list[float]:
        """Σ ‖h‖² = Σ_l n_l (‖μ_l‖² + spread_l) of each form."""
        each = self.counts * (np.sum(self.means**2, axis=0) + self.spread)
        return [float(each[block].sum()) for _, block in self._blocks()]
