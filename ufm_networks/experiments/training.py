"""Training the runs of an experiment; finished runs are not trained again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ufm_networks.experiments.checks import check_runs
from ufm_networks.experiments.experiment import Experiment, PlannedRun
from ufm_networks.training import Run, train


@dataclass(frozen=True)
class FinishedRun:
    """A plan and its finished run."""

    plan: PlannedRun
    run: Run

    @property
    def seconds(self) -> float:
        """Seconds of training, without measuring."""
        return sum(row["seconds"] for row in self.run.history)

    @property
    def device(self) -> str:
        """The device for measuring: the one it was trained on."""
        return self.plan.config.train.device

    @property
    def trained_parameters(self) -> int:
        """Parameters that are not frozen."""
        return sum(p.numel() for p in self.run.network.parameters() if p.requires_grad)


def train_experiment(
    experiment: Experiment,
    runs: str | Path,
    *,
    checked: bool = False,
    progress: bool | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[FinishedRun]:
    """Trains all runs, each in its own folder below ``runs``, resuming interrupted ones.

    checked  whether ``check_runs`` has been called already

    Raises as ``check_runs`` before any work, KeyboardInterrupt if training was interrupted: the same call goes on
    from there.
    """
    if not checked:
        check_runs(experiment)
    finished = []
    for number, plan in enumerate(experiment.plans, start=1):
        say(f"run {number} of {len(experiment.plans)}: {plan.label}")
        run = train(plan.config, Path(runs) / plan.folder, progress=progress)
        if run.interrupted:
            raise KeyboardInterrupt(run.status)
        finished.append(FinishedRun(plan, run))
    return finished
