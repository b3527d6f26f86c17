"""Neural-collapse metrics of Tables 5 and 6 along a run, without a copy of the features.

                single source                                        multi source, of this task
    SNC1        Ave ‖h − μ‖² over samples, μ the mean of the label   MNC1
    SNC2_1      Ave |cos(w_k^t, w_k'^t) + 1/(K_t − 1)|               MNC2_1
    SNC2_2      Ave_t Std_k ‖w_k^t‖ / Ave_k ‖w_k^t‖                  MNC2_2
    SNC3        Ave |cos(w_k^t, w_k'^t')|, t ≠ t'                    MNC3    Ave_k ‖μ̃_k − w̃_k‖²
    SNC3_max    their maximum
    SNC4        Ave ‖h̃ − s/‖s‖‖, s = Σ_t √(c^t K_t) w_{k_t}^t

h̃ and μ̃ are centred by the mean of all samples and normalized. Pick-all-label has NC1, NC2_1 and NC2_2, which are the
first three with μ the mean of the label set, and NC3 and NC_m of ``multi_label_metrics``.
NaN where undefined: a zero vector, SNC3 of one task. Sums run in float64. Source: Appendix D.9, Section 4.3, eq. 17.
"""

from __future__ import annotations

from typing import assert_never

import numpy as np
import torch
from torch import Tensor

from ufm.problems.problem_settings import Source
from ufm.problems.standard_form import StandardForm
from ufm.solvers.gradient.multi_label_metrics import TagSums
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point

ZERO = 1e-12  # of the largest: a shorter vector has no direction


class Metrics:
    """Measures points of one run; ``source`` is "single", "multi" or "multilabel"."""

    def __init__(self, form: StandardForm, objective: Objective, source: Source) -> None:
        self.form, self.objective, self.source = form, objective, source
        self.tags = torch.as_tensor(_tags(form), device=objective.device)
        column = objective.samples.column
        self.counts = torch.bincount(column, minlength=form.columns).double()
        self.tag_sums = TagSums(self.tags, self.counts) if source == "multilabel" else None  # once a run

    def __call__(self, point: Point) -> dict[str, float]:
        """The metrics at a point in the objective's units."""
        form = self.form
        W = torch.empty_like(point.heads)
        W[torch.as_tensor(self.objective.samples.row_order)] = point.heads * self.objective.units.scale.W
        W = W.double()
        heads = list(torch.split(W, list(form.classes)))
        means = self._label_sums(point) / self.counts[:, None]
        centre = self.counts @ means / self.counts.sum()
        summed = _unit(self.tags @ W)
        variance, distance = self._spread(point, means, centre, summed)
        angles, norms = _simplex_angles(heads), _simplex_norms(heads)
        match self.source:
            case "single":
                mean, largest = _cross_task_cosines(W, form.classes)
                simplex = {"SNC2_1": angles, "SNC2_2": norms, "SNC3": mean, "SNC3_max": largest}
                return {"SNC1": variance, **simplex, "SNC4": distance}
            case "multi":
                duality = (_unit(means - centre) - _unit(self.tags.sign() @ W)).square().sum(dim=1).mean()
                return {"MNC1": variance, "MNC2_1": angles, "MNC2_2": norms, "MNC3": float(duality)}
            case "multilabel":
                sums = self.tag_sums
                assert sums is not None
                own = {"NC3": sums.self_duality(means, W), "NC_m": sums.angle(means, len(W))}
                return {"NC1": variance, "NC2_1": angles, "NC2_2": norms, **own}
            case _:
                assert_never(self.source)

    def _label_sums(self, point: Point) -> Tensor:
        """(m, d) Σ h over the samples of each label."""
        objective = self.objective
        sums = torch.zeros(self.form.columns, objective.dim, device=objective.device, dtype=torch.float64)
        for rows in objective.slices():
            column = objective.samples.column[rows]
            features = point.features[rows].double() * objective.units.scale.of_samples(column)
            sums.index_add_(0, column, features)
        return sums

    def _spread(self, point: Point, means: Tensor, centre: Tensor, summed: Tensor) -> tuple[float, float]:
        """Ave ‖h − μ‖² and Ave ‖h̃ − summed‖."""
        objective = self.objective
        total = torch.zeros(2, device=objective.device, dtype=torch.float64)
        means, centre, summed = (x.to(objective.dtype) for x in (means, centre, summed))
        for rows in objective.slices():
            column = objective.samples.column[rows]
            features = point.features[rows] * objective.units.scale.of_samples(column)
            total[0] += (features - means.index_select(0, column)).square().sum(dtype=torch.float64)
            if self.source == "single":
                directions = _unit(features.sub_(centre)).sub_(summed.index_select(0, column))
                total[1] += directions.norm(dim=1).sum(dtype=torch.float64)
        variance, distance = (total / objective.samples.count).tolist()
        return variance, distance


def _tags(form: StandardForm) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """(m, R) √(c^t K_t) at a label's classes, those of largest target in each task it has."""
    tags = np.zeros((form.columns, form.rows))
    for t, k in enumerate(form.classes):
        block = form.targets[form.offsets[t] : form.offsets[t + 1]]
        top = block.max(axis=0)
        tags[:, form.offsets[t] : form.offsets[t + 1]] = ((block == top) & (top > 0)).T * np.sqrt(
            form.task_weights[t] * k
        )
    return tags


def _unit(rows: Tensor) -> Tensor:
    """Rows over their norms; NaN for a zero row."""
    norms = rows.norm(dim=1, keepdim=True)
    return rows / torch.where(norms > ZERO * norms.max(), norms, torch.nan)


def _simplex_angles(heads: list[Tensor]) -> float:
    deviations = []
    for W in heads:
        unit = _unit(W)
        off = ~torch.eye(len(W), dtype=torch.bool, device=W.device)
        deviations.append(((unit @ unit.T)[off] + 1.0 / (len(W) - 1)).abs())
    return float(torch.cat(deviations).mean())


def _simplex_norms(heads: list[Tensor]) -> float:
    norms = [W.norm(dim=1) for W in heads]
    return float(torch.stack([n.std(correction=0) / n.mean() for n in norms]).mean())


def _cross_task_cosines(W: Tensor, classes: tuple[int, ...]) -> tuple[float, float]:
    if len(classes) == 1:
        return float("nan"), float("nan")
    unit = _unit(W)
    task = torch.repeat_interleave(torch.arange(len(classes)), torch.tensor(classes)).to(W.device)
    cosines = (unit @ unit.T).abs()[task[:, None] != task]
    return float(cosines.mean()), float(cosines.max())
