"""The comparison of a run with theory: everything in its report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ufm_networks.measuring import Measurement
from ufm_networks.report.correlation import CosinePoint, cosine_point
from ufm_networks.report.counterpart import Counterpart, counterpart
from ufm_networks.report.gap import Gap, measure_gap
from ufm_networks.report.heads import HeadCosines, compare_heads
from ufm_networks.report.latent import Latent, latent
from verify._metrics import metrics


@dataclass(frozen=True)
class RunComparison:
    """A measured run, its model, and the differences between the two.

    gaps             one per problem, none without a model
    optimum_metrics  the metrics of the model's optimum; of Problem (4), means over tasks
    latents          of "training" and "test" data, where these are pairs of images
    """

    measured: Measurement
    model: Counterpart
    gaps: tuple[Gap, ...]
    heads: HeadCosines
    cosine: CosinePoint | None
    latents: dict[str, Latent]
    optimum_metrics: dict[str, float]


def compare_run(measured: Measurement) -> RunComparison:
    """Solves and certifies the model at the λ's in effect, and certifies the network in it."""
    model = counterpart(measured)
    gaps = tuple(measure_gap(part, measured.point) for part in model.parts)
    heads = compare_heads(measured.point.W, gaps)
    each = [metrics(gap.part.problem, gap.solution, classic=True) for gap in gaps]
    return RunComparison(
        measured=measured,
        model=model,
        gaps=gaps,
        heads=heads,
        cosine=cosine_point(measured, gaps, heads),
        latents={name: latent(halves, measured.point.W) for name, halves in measured.halves.items()},
        optimum_metrics={name: float(np.mean([of[name] for of in each])) for name in each[0]} if each else {},
    )
