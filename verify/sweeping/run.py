"""``verify.sweep``: a study's problems solved, certified and measured into one Parquet table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ufm.support import validation
from ufm.support.display import Summarized, Summary
from ufm.support.file_lock import locked
from ufm.support.writable import open_folder, require_file
from verify.sweeping import spread
from verify.sweeping.columns import metadata, require_same_study
from verify.sweeping.parts import count_rows, finished, parts_of, put_together, read_metadata, remove_parts, write_part
from verify.sweeping.study import Study, read_study


@dataclass(frozen=True)
class Progress:
    """The progress of a sweep: problems done, those found done at the start, the total, and seconds elapsed."""

    done: int
    found: int
    total: int
    seconds: float

    @property
    def remaining(self) -> float | None:
        """Seconds left, if the rest takes as long as what was computed; None before the first chunk."""
        computed = self.done - self.found
        return self.seconds * (self.total - self.done) / computed if computed else None

    def __str__(self) -> str:
        share = f"{self.done:,} of {self.total:,} problems, {self.done / self.total:.0%}"
        return share if self.remaining is None else f"{share}; {_duration(self.remaining)} left"


def _duration(seconds: float) -> str:
    """A duration in words, such as 12 s, 3 min 5 s, 2 h 10 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a sweep; the message says what is kept and how to go on."""


@dataclass(frozen=True)
class Sweep(Summarized):
    """A finished table.

    path  of the Parquet file; ``computed``, the number of problems that this call solved; the others were done before
    """

    path: Path
    study: Study
    computed: int

    def to_frame(self, columns: list[str] | None = None) -> Any:
        """A pandas.DataFrame, of some columns or all."""
        import pandas

        return pandas.read_parquet(self.path, columns=columns)

    @property
    def all_certified(self) -> bool:
        """Whether every row is a certified global minimum."""
        return bool(self.to_frame(["certified"])["certified"].all())

    def _summary(self) -> Summary:
        frame = self.to_frame(["certified", "covered"])
        rows = [
            ("table", str(self.path)),
            ("problems", f"{self.study.size:,}, {self.computed:,} of them solved now"),
            ("certified", f"{int(frame['certified'].sum()):,}"),
            ("covered by a theorem", f"{int(frame['covered'].sum()):,}"),
        ]
        return Summary("Sweep", rows)


def sweep(
    study: Any,
    table: str | Path,
    *,
    jobs: int | None = None,
    executor: Any = None,
    progress: Callable[[Progress], None] | None = None,
) -> Sweep:
    """Solves, certifies and measures every problem of a study; called again, it resumes a killed sweep.

    study     a TOML file, its tables as a dict, or a ``Study``: docs/howto/sweep.md
    table     the Parquet file to write. Until it is whole, finished chunks are kept in the folder ``TABLE.parts``
    jobs      processes of joblib, −1 for one a core; None is 1, or what ``joblib.parallel_config(backend=…)`` says
    executor  of submitit, such as ``submitit.AutoExecutor``, in place of joblib; ``jobs`` is then the number of jobs.
              They write into ``TABLE.parts``, on a file system that they share
    progress  called at the start and after every chunk

    The table is the same, to the last bit, whatever works on it. It has one row per problem: its parameters,
    ``objective``, ``lower_bound``, ``relative_gap``, ``verdict``, ``rank``, theory's prediction and thresholds if a
    theorem covers it, every metric (``metric_SNC1``, …) and claim (``claim_nc4`` its violation, ``violated_nc4``
    whether it is a counterexample, certified and pinned as ``verify.falsify`` demands). Undefined or inapplicable
    values are null.

    Raises, before any work, TypeError or ValueError naming an invalid part of the study; ValueError for a table or
    parts of another study or version, or in use by another process; OSError, naming the file, if it cannot be written,
    finished chunks being kept; ModuleNotFoundError without the extra ``sweep``; SweepInterrupted on Ctrl-C.
    """
    require_libraries()
    asked = read_study(study)
    if jobs is not None and jobs != -1:
        jobs = validation.whole_number("jobs", jobs, 1)
    target = require_file(table, "table", "table.parquet")
    if (whole := _whole(target, asked)) is not None:
        return whole
    folder = open_folder(parts_of(target), what="table")
    with locked(folder / ".lock", f"table={str(table)!r} is being swept by another process"):
        if (whole := _whole(target, asked)) is not None:  # by a process that has ended just now
            return whole
        there = finished(folder, asked)
        found = sum(len(asked.chunks[number]) for number in there)
        numbers = [number for number in range(len(asked.chunks)) if number not in there]
        told, done, start = progress or (lambda _: None), found, time.monotonic()
        told(Progress(done, found, asked.size, 0.0))
        try:
            for number in _run(asked, numbers, jobs, executor, folder):
                done += len(asked.chunks[number])
                told(Progress(done, found, asked.size, time.monotonic() - start))
            put_together(target, asked, metadata(asked))
        except KeyboardInterrupt:
            kept = sum(len(asked.chunks[number]) for number in finished(folder, asked))
            raise SweepInterrupted(
                f"interrupted: {kept:,} of {asked.size:,} problems are kept in {str(folder)!r}, and the same sweep "
                "goes on from there"
            ) from None
    return Sweep(target, asked, asked.size - found)


def _run(study: Study, numbers: list[int], jobs: int | None, executor: Any, folder: Path) -> Iterator[int]:
    """Yields chunks as they are finished and stored."""
    if not numbers:
        return
    if executor is not None:
        yield from spread.by_submitit(study, numbers, jobs, executor, folder, metadata(study))
        return
    for number, rows in spread.by_joblib(study, numbers, jobs):
        write_part(folder, number, rows, metadata(study))
        yield number


def _whole(table: Path, study: Study) -> Sweep | None:
    """The table, if it is there; raises ValueError if it is another study's."""
    if not table.exists():
        return None
    named = f"table={str(table)!r}"
    require_same_study(read_metadata(table), study, named)
    if (rows := count_rows(table)) != study.size:
        raise ValueError(f"{named} has {rows:,} of the study's {study.size:,} problems; remove it, or name another")
    remove_parts(table)  # which a kill just after the table was there has left
    return Sweep(table, study, 0)


def require_libraries() -> None:
    """ModuleNotFoundError that says what to install."""
    try:
        import joblib  # noqa: F401
        import pyarrow  # noqa: F401
        import threadpoolctl  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a sweep needs {error.name}: pip install 'ufm-toolkit[sweep]'", name=error.name
        ) from error
