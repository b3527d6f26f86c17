"""The observation of a model over a loader, with metrics, certificate and comparison."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ufm.losses import DEFAULT
from ufm.support import display
from ufm.support.frames import data_frame
from ufm.support.strict_json import finite_or_none, plain
from ufm_networks.metrics.streaming import VARIABILITY
from ufm_networks.observing.batch_labels import NONE
from ufm_networks.observing.certified import ObservedCertificate, certified
from ufm_networks.observing.compared import Reports, report_of_samples
from ufm_networks.observing.files import read_fields, write_fields
from ufm_networks.observing.observed import Observed
from ufm_networks.observing.page import prepare_page, write_page
from verify._metrics import Metrics
from verify._metrics.measured import CLASSIC
from verify.comparison.compare import Report


@dataclass(frozen=True, eq=False)
class Observation(Observed, display.Summarized):
    """Label means, sums and heads of a model; the features themselves are not kept. float64.

    Fields as ``Observed``: tasks, heads, W, b, labels, counts, means, spread, losses, nonnegative, measured.
    """

    def metrics(self, *, classic: bool = False) -> Metrics:
        """``verify.metrics`` of all features: names, values and ``reasons``, with task weights 1.

        classic  with those of other papers, as ``verify.metrics(…, classic=True)``; the effective rank is NaN unless
                 ``observe`` measured it
        """
        chosen = {name: value for name, value in self.measured.items() if classic or name not in CLASSIC}
        reasons = {name: why for name, why in self.measured.reasons.items() if classic or name not in CLASSIC}
        return Metrics(chosen, reasons)

    def certify(
        self,
        *,
        weight_decay: float | None = None,
        lambdas: Any = None,
        loss: Any = DEFAULT,
        rigorous: bool = False,
    ) -> ObservedCertificate:
        """Bounds how far the model can be from the global minimum of its unconstrained feature model.

        weight_decay  wd of an optimizer that adds ½ wd ‖θ‖² to the mean loss: λ_W = λ_b = N wd / 2 (heads without
                      bias have lambda_b=None), and the λ_H in effect, λ_W ‖W‖² / ‖H‖²
        lambdas       instead of it (λ_H, λ_W, λ_b) beside the SUM of losses; λ_H may be None, the one in effect
        loss          one of ``ufm.losses``, or one for each task
        rigorous      also prove bounds on the minimum in ball arithmetic, as ``verify.certify``

        For Problem (4) each task is certified alone, with N_t. Raises TypeError or ValueError naming the field.
        """
        parts = self.parts(weight_decay, lambdas, loss)
        return certified(self.tasks, self.point(parts), parts, rigorous=rigorous)

    def compare(
        self,
        *,
        weight_decay: float | None = None,
        lambdas: Any = None,
        loss: Any = DEFAULT,
    ) -> Report | Reports:
        """``verify.compare`` of label means and heads with the theorem that covers the problem; λ's as in ``certify``.

        Whether features equal the mean of their label is judged on all samples, and so are the metrics; all other rows
        use the label means. Problem (4) has one report per task, by name, in which MNC1 is the task's and MNC4 is left
        out.
        """
        parts = self.parts(weight_decay, lambdas, loss)
        point = self.point(parts)
        reports = [report_of_samples(part, point) for part, _ in parts]
        return Reports(zip(self.tasks, reports, strict=True)) if self.several_sources else reports[0]

    def report(
        self,
        folder: str | Path,
        *,
        weight_decay: float | None = None,
        lambdas: Any = None,
        loss: Any = DEFAULT,
        name: str = "observation",
    ) -> Path:
        """Writes the page of ``ufm measure`` without the parts that need a run: distance from the optimum, metrics,
        heads.

        folder  for measure.html, measure.md, measure.json and figures/
        name    the model's name on the page; λ's and loss as in ``certify``. Without λ's there is no model to compare
                with, and the page has metrics and heads alone

        Returns the page's path. ModuleNotFoundError without matplotlib and jinja2 (extra ``networks``), else as
        ``certify``; ImportError or OSError before the work.
        """
        path = prepare_page(folder)
        alone = weight_decay is None and lambdas is None
        if alone and loss != DEFAULT:
            raise ValueError(f"loss={loss!r} needs a model, and so weight_decay= or lambdas=; give one of them")
        parts = [] if alone else self.parts(weight_decay, lambdas, loss)
        return write_page(path, name, self.tasks, self._summary(), parts, self.point(parts), self.nonnegative)

    def save(self, path: str | Path) -> None:
        """Saves as safetensors with a SHA-256; ``ufm_networks.load_observation`` reads the file."""
        write_fields(vars(self), path)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: metrics, labels, counts, spread and sums; None for NaN. ``save`` keeps means and heads."""
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
            "spread": self.spread.tolist(),
            "nonnegative": self.nonnegative,
            "losses": plain(self.losses),
            "squared_features": self.squares(),
            "metrics": {name: finite_or_none(value) for name, value in self.measured.items()},
            "undefined_metrics": {n: why for n, why in self.measured.reasons.items() if n in self.measured},
        }

    def to_frame(self) -> Any:
        """The label tuples as a pandas.DataFrame: one column per task, −1 for no label, then samples, spread,
        mean_norm.

        The metrics are ``metrics().to_frame()``.
        """
        norms = np.linalg.norm(self.means, axis=0)
        rows = zip(self.labels.tolist(), self.counts.tolist(), self.spread.tolist(), norms.tolist(), strict=True)
        measured = ["samples", "spread", "mean_norm"]
        columns = [f"label {task}" if task in measured else task for task in self.tasks] + measured
        return data_frame([dict(zip(columns, (*label, *rest), strict=True)) for label, *rest in rows], columns)

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
        rows += [(name, self._told(name, value)) for name, value in self.measured.items()]
        return display.Summary("Observation", rows)

    def _told(self, name: str, value: float) -> str:
        if np.isnan(value):
            return f"undefined: {self.measured.reasons[name]}"
        return f"{value:.6g}" + (", in squared units of features" if name in VARIABILITY.values() else "")

    def __repr__(self) -> str:
        return f"Observation(tasks={self.tasks}, classes={self.classes}, samples={self.samples}, d={self.dim})"


def load_observation(path: str | Path) -> Observation:
    """Reads what ``Observation.save`` wrote, to the last bit; nothing is unpickled.

    Raises TypeError if ``path`` is not a path; FileNotFoundError if there is no file; ValueError, naming it, if it is
    damaged or something else.
    """
    return Observation(**read_fields(path))
