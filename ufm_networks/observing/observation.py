"""What was observed of a model over a loader, and what the toolkit says of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import ufm
from ufm.losses import DEFAULT
from ufm.support import display
from ufm.support.strict_json import finite_or_none, plain
from ufm_networks.measuring.point import NetworkPoint
from ufm_networks.observing.batch_labels import NONE, Int
from ufm_networks.observing.certified import ObservedCertificate, certified
from ufm_networks.observing.compared import report_of_samples
from ufm_networks.observing.files import read_fields, write_fields
from ufm_networks.observing.lambdas import InEffect, in_effect
from ufm_networks.observing.model_of_labels import class_counts, label_problem, own_samples_each
from ufm_networks.observing.page import prepare_page, write_page
from ufm_networks.report.counterpart import Part
from verify._metrics import Metrics
from verify.comparison.compare import Report
from verify.reading.form import Float


@dataclass(frozen=True, eq=False)
class Observation(display.Summarized):
    """Label means, sums and heads of a model; the features themselves are not kept. float64.

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
        """Whether some head has one."""
        return any(v is not None for v in self.b)

    @property
    def several_sources(self) -> bool:
        """Whether every sample has a label in one task only, of several: Problem (4)."""
        return own_samples_each(self.labels)

    def metrics(self) -> Metrics:
        """As ``verify.metrics`` of all features: its names, its values, its ``reasons``; task weights are 1."""
        return Metrics(self.measured, self.measured.reasons)

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
            found = in_effect(weight_decay, lambdas, self.samples, self.W, sum(self._squares()), self.has_bias)
            whole = self.problem(loss=loss, **found.settings())
            return [(Part(whole, tuple(range(len(self.tasks))), 0), found)]
        parts: list[tuple[Part, InEffect]] = []
        each = class_counts(self.labels, self.counts, self.classes)
        losses = self.problem(lambda_H=1.0, lambda_W=1.0, lambda_b=None, loss=loss).losses
        for t, (counts, squares) in enumerate(zip(each, self._squares(), strict=True)):
            bias = self.b[t] is not None
            found = in_effect(weight_decay, lambdas, int(counts.sum()), self.W[t : t + 1], squares, bias)
            problem = ufm.MultiSource([counts], loss=losses[t], **found.settings())
            parts.append((Part(problem, (t,), t), found))
        return parts

    def certify(
        self,
        *,
        weight_decay: float | None = None,
        lambdas: Any = None,
        loss: Any = DEFAULT,
    ) -> ObservedCertificate:
        """How far the model can be from the global minimum of its unconstrained feature model.

        weight_decay  wd of an optimizer that adds ½ wd ‖θ‖² to the mean loss: λ_W = λ_b = N wd / 2 (heads without
                      bias have lambda_b=None), and the λ_H in effect, λ_W ‖W‖² / ‖H‖²
        lambdas       instead of it (λ_H, λ_W, λ_b) beside the SUM of losses; λ_H may be None, the one in effect
        loss          one of ``ufm.losses``, or one for each task

        Of Problem (4) every task by itself, with N_t. Raises TypeError or ValueError naming the field.
        """
        parts = self.parts(weight_decay, lambdas, loss)
        return certified(self.tasks, self._point(parts), parts)

    def compare(
        self,
        *,
        weight_decay: float | None = None,
        lambdas: Any = None,
        loss: Any = DEFAULT,
    ) -> Report | dict[str, Report]:
        """``verify.compare`` of label means and heads with the theorem that covers the problem, λ's as ``certify``.

        That features equal the mean of their label is judged of all samples, and so are the metrics; all other rows see
        the label means. Of Problem (4) one report for each task, by name, in which MNC1 is the task's and MNC4 is left
        open.
        """
        parts = self.parts(weight_decay, lambdas, loss)
        point = self._point(parts)
        reports = [report_of_samples(part, point) for part, _ in parts]
        return dict(zip(self.tasks, reports, strict=True)) if self.several_sources else reports[0]

    def _point(self, parts: list[tuple[Part, InEffect]]) -> NetworkPoint:
        """As reports read a network, with the sums of the parts' losses."""
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
            squared_features=self._squares(),
            metrics=self.metrics(),
        )

    def report(
        self,
        folder: str | Path,
        *,
        weight_decay: float | None = None,
        lambdas: Any = None,
        loss: Any = DEFAULT,
        name: str = "observation",
    ) -> Path:
        """Writes the page of ``ufm measure`` as far as it needs no run: distance from the optimum, metrics, heads.

        folder  for measure.html, measure.md, measure.json and figures/
        name    what the model is called there; λ's and loss as ``certify``

        Returns the page's path. ModuleNotFoundError without matplotlib and jinja2 (extra ``networks``), else as
        ``certify``; ImportError or OSError before the work.
        """
        path = prepare_page(folder)
        parts = self.parts(weight_decay, lambdas, loss)
        return write_page(path, name, self.tasks, self._summary(), parts, self._point(parts), self.nonnegative)

    def save(self, path: str | Path) -> None:
        """As safetensors with a SHA-256; read with ``ufm_networks.load_observation``."""
        write_fields(vars(self), path)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: metrics, labels, counts and sums; None for NaN. Means and heads are left to ``save``."""
        return {
            "tasks": list(self.tasks),
            "heads": list(self.heads),
            "classes": list(self.classes),
            "dim": self.dim,
            "samples": self.samples,
            "bias": [v is not None for v in self.b],
            "several_sources": self.several_sources,
            "labels": self.labels.tolist(),
            "counts": self.counts.tolist(),
            "nonnegative": self.nonnegative,
            "losses": plain(self.losses),
            "squared_features": self._squares(),
            "metrics": {name: finite_or_none(value) for name, value in self.measured.items()},
            "undefined_metrics": {n: why for n, why in self.measured.reasons.items() if n in self.measured},
        }

    def _blocks(self) -> list[tuple[int, slice]]:
        """The label tuples of each form, whose number is a task's where tasks have samples of their own."""
        if not self.several_sources:
            return [(0, slice(0, len(self.counts)))]
        ends = np.cumsum((self.labels != NONE).sum(axis=0)).tolist()
        starts = [0, *ends[:-1]]
        return [(t, slice(start, end)) for t, (start, end) in enumerate(zip(starts, ends, strict=True))]

    def _squares(self) -> list[float]:
        """Σ ‖h‖² = Σ_l n_l (‖μ_l‖² + spread_l) of each form."""
        each = self.counts * (np.sum(self.means**2, axis=0) + self.spread)
        return [float(each[block].sum()) for _, block in self._blocks()]

    def _summary(self) -> display.Summary:
        tasks = [
            f"{task}: K = {len(w)}, {head}{'' if v is not None else ', no bias'}"
            for task, head, w, v in zip(self.tasks, self.heads, self.W, self.b, strict=True)
        ]
        rows = [("heads", "; ".join(tasks)), ("features", f"{self.samples:,} of dimension {self.dim}")]
        missing = int(self.counts[(self.labels == NONE).any(axis=1)].sum())
        told = f"{len(self.counts):,} occur"
        if self.several_sources:
            told += ", one task each: Problem (4)"
        elif missing:
            told += f", {missing:,} samples lack some"
        rows.append(("label tuples", told))
        rows += [(name, "undefined" if np.isnan(value) else f"{value:.6g}") for name, value in self.measured.items()]
        return display.Summary("Observation", rows)

    def __repr__(self) -> str:
        return f"Observation(tasks={self.tasks}, classes={self.classes}, samples={self.samples}, d={self.dim})"


def load_observation(path: str | Path) -> Observation:
    """Reads what ``Observation.save`` wrote, to the last bit; nothing is unpickled.

    TypeError where ``path`` is no path; FileNotFoundError where there is no file; ValueError, naming it, for one that
    is damaged, or something else.
    """
    return Observation(**read_fields(path))
