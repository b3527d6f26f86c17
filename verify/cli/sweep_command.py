"""``ufm sweep``: many problems into one table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from verify.cli.flags import Told
from verify.cli.page import Page
from verify.cli.terminal import Terminal, shell_words

INTERRUPTED = 130


@dataclass(frozen=True)
class SweepCommand:
    """Solve, certify and measure the problems of a study into one Parquet table; run again, it resumes."""

    page: ClassVar[Page] = Page(
        takes="about ten seconds for a thousand small problems on one core; --dry-run counts them",
        writes="one Parquet table, finished chunks first in a hidden folder beside it",
        status="0: every minimum is certified; 1: otherwise; 2: bad input; 130: Ctrl-C, finished chunks are kept",
        examples=(
            ("ufm sweep docs/studies/correlated-tasks.toml --dry-run", "Check a study and count its problems."),
            ("ufm sweep docs/studies/correlated-tasks.toml --jobs -1", "Solve it on every core."),
            ("ufm sweep study.toml --slurm partition=short,time=60 --jobs 8", "Solve it on a cluster."),
        ),
    )

    study: Annotated[Path, Told(positional=True, read=True)]
    """TOML file that says which problems: see docs/howto/sweep.md."""
    table: Path | None = None
    """Parquet file to write. Default: the study's name with .parquet, in this folder."""
    jobs: int | None = None
    """Processes on this machine, -1 for one a core; with --slurm, jobs that share the work. Default: 1."""
    slurm: str | None = None
    """Run on a Slurm cluster: partition=NAME,time=MINUTES; cpus, gpus, memory, account, qos, constraint, at_once.
    Default: on this machine."""
    dry_run: bool = False
    """Check the study, say how many problems it has, and stop."""

    def run(self) -> int:
        """0 if every minimum is certified, 1 otherwise; 130 after Ctrl-C, with finished chunks kept."""
        from verify.sweeping import SweepInterrupted, read_study, sweep
        from verify.sweeping.run import require_libraries
        from verify.sweeping.slurm import slurm_executor

        require_libraries()
        terminal = Terminal()
        study = read_study(self.study)
        table = self.table or Path(f"{self.study.stem}.parquet")
        size = f"{study.size:,} problems in {len(study.chunks):,} chunks"
        if self.dry_run:
            terminal.result(size)
            terminal.then(shell_words("ufm", "sweep", self.study))
            return 0
        terminal.tell(size)
        executor = None if self.slurm is None else slurm_executor(self.slurm, table.with_name(f"{table.name}.slurm"))
        with terminal.status("starting") as status:
            try:
                done = sweep(
                    study, table, jobs=self.jobs, executor=executor, progress=lambda so_far: status.update(str(so_far))
                )
            except SweepInterrupted as interrupted:
                terminal.result(interrupted)
                terminal.then("the same command goes on from there")
                return INTERRUPTED
        terminal.result(done)
        terminal.then(shell_words("ufm", "figure", "phase-diagram", table))
        return 0 if done.all_certified else 1
