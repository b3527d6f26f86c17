"""``ufm sweep``: many problems into one table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console

INTERRUPTED = 130


@dataclass(frozen=True)
class SweepCommand:
    """Solve, certify and measure the problems of a study into one Parquet table; a killed sweep, run again, goes on."""

    study: Annotated[Path, tyro.conf.Positional]
    """TOML file that says which problems: see docs/howto/sweep.md."""
    table: Path | None = None
    """Parquet file to write; by default the study's name with .parquet, in this folder."""
    jobs: int | None = None
    """Processes on this machine, -1 for one a core, 1 by default; with --slurm, jobs that share the work."""
    slurm: str | None = None
    """Run on a Slurm cluster: partition=NAME,time=MINUTES; cpus, gpus, memory, account, qos, constraint, at_once."""
    dry_run: bool = False
    """Check the study, say how many problems it has, and stop."""

    def run(self) -> int:
        """0 where every minimum is certified, 1 otherwise; 130 after Ctrl-C, finished chunks being kept."""
        from verify.sweeping import SweepInterrupted, read_study, sweep
        from verify.sweeping.run import require_libraries
        from verify.sweeping.slurm import slurm_executor

        require_libraries()
        console = Console()
        study = read_study(self.study)
        table = self.table or Path(f"{self.study.stem}.parquet")
        console.print(f"{study.size:,} problems in {len(study.chunks):,} chunks", markup=False, highlight=False)
        if self.dry_run:
            return 0
        executor = None if self.slurm is None else slurm_executor(self.slurm, table.with_name(f"{table.name}.slurm"))
        with console.status("starting") as status:
            try:
                done = sweep(
                    study, table, jobs=self.jobs, executor=executor, progress=lambda so_far: status.update(str(so_far))
                )
            except SweepInterrupted as interrupted:
                console.print(str(interrupted), markup=False, highlight=False, soft_wrap=True)
                return INTERRUPTED
        console.print(str(done), markup=False, highlight=False, soft_wrap=True)
        return 0 if done.all_certified else 1
