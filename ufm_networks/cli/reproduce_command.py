"""``ufm reproduce``: a figure or table of the paper from its experiment file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from verify.cli.devices import AnyDevice, require_device
from verify.cli.flags import Told
from verify.cli.page import Page
from verify.cli.terminal import Terminal

ALL = "all"


@dataclass(frozen=True)
class Reproduce:
    """Train the runs of a figure or table, and draw mean and spread over seeds. Finished runs are not repeated."""

    page: ClassVar[Page] = Page(
        takes="minutes with --source digits on a processor; on the paper's data sets a graphics card's hours or days",
        writes="a folder for each figure in --output, runs in --runs; finished runs are kept and not repeated",
        status="0: the files are written; 2: bad input; 130: training was interrupted, and goes on when run again",
        examples=(
            ("ufm reproduce --list", "Name the figures and tables."),
            ("ufm reproduce 6 --source digits --seeds 0 --epochs 2", "A quick twin that needs no data set."),
            ("ufm reproduce table-3 --device cuda --directory data", "As the paper has it, with fetched data."),
        ),
    )

    figure: Annotated[str, Told(positional=True)] = ""
    """6, 3c, table-3, … from --list; all, for all of them in turn; or an experiment file of your own."""
    list: bool = False
    """List the available experiments."""
    source: Literal["paper", "digits", "mnist-5000"] = "paper"
    """The paper's data sets, or a twin that needs no files: digits, or mnist-5000 (extra mnist). Default: paper."""
    seeds: tuple[int, ...] | None = None
    """Seeds to train. Default: the experiment file's."""
    epochs: int | None = None
    """Epochs of every run. Default: the experiment file's."""
    device: AnyDevice | None = None
    """Where to train; auto is cuda where there is one. Default: the experiment file's."""
    directory: Path | None = None
    """Folder of the data set's files. Default: the experiment file's."""
    output: Path = Path("reproduced")
    """Folder for NAME/metrics.csv, summary.json, table.md, figure.png and .svg, and README.md of all of them. Default:
    reproduced."""
    runs: Path = Path("runs/reproduce")
    """Folder for the runs, which figures that show the same run share. Default: runs/reproduce."""
    experiments: Path | None = None
    """Folder of experiment files. Default: those that come with the program."""

    def run(self) -> int:
        """0 if the files are written, 130 if training was interrupted."""
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

        terminal = Terminal()
        if self.list:
            listing = Terminal(data=True)
            for entry in catalogue(self.experiments):
                twin = f"  --source {entry.source}" if entry.source else ""
                listing.result(f"{entry.name + twin:<34} {read_experiment(entry.path).figure.title}")
            listing.then("ufm reproduce NAME, such as: ufm reproduce 6 --source digits")
            return 0
        if not self.figure:
            raise ValueError("ufm reproduce needs a figure or table, such as 6 or table-3, or all; --list names them")
        if self.device is not None:
            require_device(self.device, auto=True)
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
                finished = train_experiment(experiment, self.runs, checked=True, say=terminal.tell)
            except KeyboardInterrupt as interrupt:
                terminal.result(str(interrupt) or "interrupted; the same command goes on from there")
                return 130
            for file in reproduce(experiment, finished, self.output, self._command(name)):
                terminal.written("written", file)
            overview = write_overview(self.output)
            terminal.written("written", overview)
        terminal.then(f"read {overview}")
        return 0

    def _command(self, figure: str) -> str:
        """The command that repeats this, without folders and device."""
        words = ["ufm reproduce", figure]
        if self.source != "paper":
            words.append(f"--source {self.source}")
        if self.seeds is not None:
            words.append("--seeds " + " ".join(map(str, self.seeds)))
        if self.epochs is not None:
            words.append(f"--epochs {self.epochs}")
        return " ".join(words)
