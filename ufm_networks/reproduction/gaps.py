"""How far the networks of an experiment are from the certified optimum of their model, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ufm_networks.experiments import Experiment, FinishedRun
from ufm_networks.measuring import measure_run
from ufm_networks.report import RunComparison, compare_run
from ufm_networks.reproduction.summary import groups, statistics

FEW = 10  # placed in the plane, which is not shown here
STAGES = ("features", "label_means", "read", "centred")  # as ``ufm_networks.report.gap`` orders them
SHARES = {
    "spread": "within labels",
    "not_read": "not read",
    "offset": "offset",
    "optimal_offset": "offset of the optimum",
}


def compare_finished(finished: Sequence[FinishedRun]) -> dict[str, RunComparison]:
    """Every run beside its model, by the label of its plan."""
    return {of.plan.label: compare_run(measure_run(of.run, device=of.device, samples=FEW)) for of in finished}


def measure_gaps(
    experiment: Experiment, finished: Sequence[FinishedRun], compared: Mapping[str, RunComparison]
) -> list[dict[str, Any]]:
    """One row per panel, run and problem, of ``ufm measure``'s section on the gap; none where a run has no model.

    features     (F − min F) / F of the network, samples as they are; then, each without one cause more,
    label_means  of their label means: no spread within labels
    read         of what the heads read of these: nothing that no head reads
    centred      apart: of the means less μ_G, which b + W μ_G takes over (problems with a bias)
    spread, not_read, offset   shares of Σ‖h‖²; optimal_offset the last at the model's optimum
    """
    rows = []
    for panel, run, group in groups(experiment, finished):
        found = [compared[of.plan.label].gaps for of in group]
        for gaps in zip(*found, strict=False):  # a seed without a model leaves none to average
            excess = {
                name: statistics([gap.stages[i].excess for gap in gaps])
                for i, name in enumerate(STAGES)
                if all(i < len(gap.stages) for gap in gaps)
            }
            shares = {name: statistics([gap.squares[of] for gap in gaps]) for name, of in SHARES.items()}
            rows.append({"panel": panel, "run": _name(run, gaps[0].part.tasks, len(found[0])), **excess, **shares})
    return rows


def _name(run: str, tasks: tuple[int, ...], problems: int) -> str:
    return run if problems == 1 else f"{run}, task {tasks[0] + 1}"
