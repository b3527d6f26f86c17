"""Flags of problems from real files: labels, targets, probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from verify.cli.counted_options import CountedOptions
from verify.cli.flags import Told

FILES = ("labels", "counts", "targets", "probabilities")
READING = ("delimiter", "header", "no_header", "columns")
TEXT = (".csv", ".tsv", ".txt")
FilesToRead = Annotated[tuple[Path, ...], Told(read=True)]
FileToRead = Annotated[Path | None, Told(read=True)]


@dataclass(frozen=True)
class FileOptions(CountedOptions):
    """The problem, from your files"""

    labels: FilesToRead = ()
    """Label file: text (.csv, .tsv, .txt), .npy, .npz or .parquet, one row per sample and one column per task; with
    --multi-source one file per task; with --multi-label one column per class, of 0 and 1."""
    counts: Annotated[str | None, Told(shown="PATH|TABLE")] = None
    """Samples of every label tuple. For two tasks a table: "30 10; 10 30", or a text file, with names of classes in its
    first line and column, or .npy; for one task a row; for T tasks .npy with T axes; with --multi-source one row per
    task."""
    missing: tuple[str, ...] = ()
    """The mark of a missing label in label files, such as -1, or "" for empty cells. Default: every sample has all its
    labels."""
    targets: FileToRead = None
    """Regression: file of numbers, text or .npy, one row per sample and one column per output."""
    outputs: tuple[int, ...] = ()
    """Columns of --targets that each task has, in order. Default: all columns are one task."""
    probabilities: FilesToRead = ()
    """Soft labels: one file per task, one row per sample and one column per class, of probabilities."""
    delimiter: str | None = None
    """Delimiter of files: comma, semicolon, tab, pipe, blanks, none (one column) or a character. Default: detected."""
    header: bool = False
    """The first line of files names the columns. Default: detected."""
    no_header: bool = False
    """The first line of files is a sample."""
    columns: tuple[str, ...] = ()
    """Columns of files to read, by name or by position from 1. Default: all."""

    @property
    def file_names(self) -> tuple[str, ...]:
        """The names of the files, without their folders."""
        counts = (Path(self.counts),) if self.counts and is_file(self.counts) else ()
        targets = () if self.targets is None else (self.targets,)
        return tuple(path.name for path in (*self.labels, *counts, *targets, *self.probabilities))

    def reading(self) -> dict[str, Any]:
        """The options for reading text; raises ValueError if flags contradict each other."""
        if self.header and self.no_header:
            raise ValueError("--header and --no-header contradict each other")
        header = self.header if self.header or self.no_header else None
        return {"delimiter": self.delimiter, "header": header, "columns": self.columns}


def is_file(given: str) -> bool:
    """Whether --counts names a file rather than being a table itself."""
    path = Path(given)
    return path.suffix in (*TEXT, ".npy") or "/" in given or (";" not in given and path.is_file())
