"""``ufm reproduce``: a figure or table of the paper from its experiment file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

ALL = "all"


@dataclass(frozen=True)
class Reproduce:
    """Train the runs of a figure or table, and draw mean and spread over seeds. Finished runs are not repeated."""

    figure: Annotated[str, tyro.conf.Positional] = ""
    """6, 3c, table-3, …, as --list tells them, all of them one after the other, or an experiment file of your own."""
    list: bool = False
    """List the experiments there are."""
    source: Literal["paper", "digits", "mnist-5000"] = "paper"
    """The paper's data sets, or a twin that needs no files: digits, or mnist-5000 (extra mnist)."""
    seeds: tuple[int, ...] | None = None
    """In place of the file's."""
    epochs: int | None = None
    """In place of the file's."""
    device: str | None = None
    """auto, cpu, cuda."""
    directory: Path | None = None
    """Folder of the data set's files."""
    output: Path = Path("reproduced")
    """Folder for NAME/metrics.csv, summary.json, table.md, figure.png and .svg, and README.md of all of them."""
    runs: Path = Path("runs/reproduce")
    """Folder for the runs, which figures that show the same run share."""
    experiments: Path | None = None
    """Folder of experiment files."""

    def run(self) -> int:
        """0 where the files are written, 130 where training was interrupted."""
        # here, so that the other commands run without the extra "networks"
        from ufm.support.writable import open_folder
        from ufm_networks.experiments import (
            catalogue,
            check_runs,
            find_experiment,
            read_experiment,
            train_experiment,
        )
        from ufm_networks.reproduction import FILES, OVERVIEW, reproduce, summaries, write_overview
        from verify.plot.style import require_matplotlib

        console = Console()

        def say(line: str) -> None:
            console.print(line, markup=False, highlight=False, soft_wrap=True)

        if self.list:
            for entry in catalogue(self.experiments):
                twin = f"  --source {entry.source}" if entry.source else ""
                say(f"{entry.name + twin:<34} {read_experiment(entry.path).figure.title}")
            return 0
        if not self.figure:
            raise ValueError("ufm reproduce needs a figure or table, such as 6 or table-3, or all; --list tells them")
        source = "" if self.source == "paper" else self.source
        if self.figure == ALL:
            paths = {entry.name: entry.path for entry in catalogue(self.experiments) if entry.source == source}
        else:
            paths = {self.figure: find_experiment(self.figure, source, self.experiments)}
        train = {key: value for key in ("epochs", "device") if (value := getattr(self, key)) is not None}
        directory = None if self.directory is None else str(self.directory)
        chosen = {
            name: read_experiment(path).changed(seeds=self.seeds, directory=directory, **train)
            for name, path in paths.items()
        }

        require_matplotlib()  # before hours of training, not after
        for experiment in chosen.values():
            check_runs(experiment)
        open_folder(self.output, OVERVIEW, what="--output")
        for experiment in chosen.values():
            if (self.output / experiment.name).exists():
                open_folder(self.output / experiment.name, *FILES, what="--output")
        open_folder(self.runs, what="--runs")
        summaries(self.output)
        for name, experiment in chosen.items():
            try:
                finished = train_experiment(experiment, self.runs, checked=True, say=say)
            except KeyboardInterrupt as interrupt:
                say(str(interrupt) or "interrupted; the same command goes on from there")
                return 130
            for file in reproduce(experiment, finished, self.output, self._command(name)):
                say(f"written: {file}")
            say(f"written: {write_overview(self.output)}")
        return 0

    def _command(self, figure: str) -> str:
        """What repeats this, but for folders and the device."""
        words = ["ufm reproduce", figure]
        if self.source != "paper":
            words.append(f"--source {self.source}")
        if self.seeds is not None:
            words.append("--seeds " + " ".join(map(str, self.seeds)))
        if self.epochs is not None:
            words.append(f"--epochs {self.epochs}")
        return " ".join(words)
