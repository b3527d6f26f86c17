"""Training the runs of an experiment; what is there already is not trained again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from networks.datasets.config import SOURCE_KEYS
from networks.datasets.sources import load_source
from networks.experiments.experiment import Experiment, PlannedRun
from networks.training import Run, train


@dataclass(frozen=True)
class FinishedRun:
    """A plan and the run it became."""

    plan: PlannedRun
    run: Run

    @property
    def seconds(self) -> float:
        """Of training, without what measuring took."""
        return sum(row["seconds"] for row in self.run.history)

    @property
    def trained_parameters(self) -> int:
        """Parameters that are not frozen."""
        return sum(p.numel() for p in self.run.network.parameters() if p.requires_grad)


def check_sources(experiment: Experiment) -> None:
    """FileNotFoundError where a data set is not on disk, which says what to do about it."""
    asked: list[dict[str, Any]] = []
    for plan in experiment.plans:
        options = {key: plan.config.data[key] for key in SOURCE_KEYS if key in plan.config.data}
        if options in asked:
            continue
        asked.append(options)
        source = options["source"]
        try:
            load_source(source, **{key: value for key, value in options.items() if key != "source"})
        except FileNotFoundError as error:
            raise FileNotFoundError(
                f"{experiment.name} needs the data set {source}: {error}. Get it with 'ufm data fetch {source}', name "
                "its folder with --directory, or take the twin that needs no files with --source digits"
            ) from error


def train_experiment(
    experiment: Experiment,
    runs: str | Path,
    *,
    progress: bool | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> list[FinishedRun]:
    """All runs, in folders of their own below ``runs``, which are resumed where they were interrupted.

    Raises FileNotFoundError before any work where a data set is not there, ValueError after the first run where it
    has not a metric of the figure, KeyboardInterrupt where training was interrupted: the same call goes on from there.
    """
    check_sources(experiment)
    finished = []
    for number, plan in enumerate(experiment.plans, start=1):
        label = ", ".join(part for part in (plan.panel, plan.run, f"seed {plan.seed}") if part)
        say(f"run {number} of {len(experiment.plans)}: {label}")
        run = train(plan.config, Path(runs) / plan.folder, progress=progress)
        if run.interrupted:
            raise KeyboardInterrupt(run.status)
        for name in experiment.figure.metrics:
            if name not in run.metrics:
                raise ValueError(f"figure.metrics: {name!r} is not measured in {label}: {', '.join(run.metrics)}")
        finished.append(FinishedRun(plan, run))
    return finished
