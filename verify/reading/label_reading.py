"""What was read from files: names of tasks, classes and outputs, kept beside a problem but not part of it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ufm.support import display

CLASSES_SHOWN = 8
TASKS_SHOWN = 50
WARNINGS_SHOWN = 20
WIDTH = 24  # of a name; longer ones are cut
KINDS = {"npy": "NumPy array", "npz": "NumPy archive", "parquet": "Parquet", "flag": "as given"}  # without delimiters


@dataclass(frozen=True)
class NamedTask:
    """A task with its classes in the problem's order, the samples of each, and those without a label."""

    name: str
    classes: tuple[str, ...]
    counts: tuple[int, ...]
    unlabelled: int = 0

    @property
    def told(self) -> str:
        """The classes with their samples, shortened if many, and the samples without a label."""
        few, more = _few(self.classes)
        parts = [f"{shown(self.classes[i])} ({self.counts[i]:,})" for i in few]
        none = f"; {self.unlabelled:,} without a label" if self.unlabelled else ""
        k = len(self.classes)
        return f"{k:,} class{'es' * (k != 1)}: {', '.join([*parts[:-1], *more, parts[-1]])}{none}"


@dataclass(frozen=True)
class NamedOutputs:
    """A task of numbers: its output columns, with their smallest and largest values."""

    name: str
    classes: tuple[str, ...]
    ranges: tuple[tuple[float, float], ...]

    @property
    def told(self) -> str:
        """The outputs with their ranges, shortened if many."""
        few, more = _few(self.classes)
        parts = [f"{shown(self.classes[i])} ({self.ranges[i][0]:.6g} to {self.ranges[i][1]:.6g})" for i in few]
        k = len(self.classes)
        return f"{k:,} output{'s' * (k != 1)}: {', '.join([*parts[:-1], *more, parts[-1]])}"


@dataclass(frozen=True)
class FileRead:
    """How a file was read: ``delimiter`` in words ("comma", "blanks", "none") or of KINDS, rows without the header."""

    path: Path
    delimiter: str
    header: bool
    rows: int


@dataclass(frozen=True)
class LabelReading:
    """The reading of labels or targets: the files, the tasks in the problem's order, and warnings."""

    files: tuple[FileRead, ...]
    tasks: tuple[NamedTask | NamedOutputs, ...]
    warnings: tuple[str, ...] = ()
    title: str = "Labels read"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: file names without folders, all classes."""
        return {
            "title": self.title,
            "files": [{**vars(file), "path": file.path.name} for file in self.files],
            "tasks": [vars(task) for task in self.tasks],
            "warnings": list(self.warnings),
        }

    def _summary(self, *, paths: bool) -> display.Summary:
        rows = [(str(file.path) if paths else file.path.name, _told(file)) for file in self.files]
        rows += [(f"task {t}, {shown(task.name)}", task.told) for t, task in enumerate(self.tasks[:TASKS_SHOWN], 1)]
        if len(self.tasks) > TASKS_SHOWN:
            rows.append(("…", f"{len(self.tasks) - TASKS_SHOWN:,} more tasks"))
        rows += [("warning", text) for text in self.warnings[:WARNINGS_SHOWN]]
        if len(self.warnings) > WARNINGS_SHOWN:
            rows.append(("…", f"{len(self.warnings) - WARNINGS_SHOWN:,} more warnings"))
        return display.Summary(self.title, [(shown(name, 10 * WIDTH), value) for name, value in rows])

    def with_paths(self) -> str:
        """As ``str``, but with full paths, for the user's own terminal."""
        return self._summary(paths=True).text()

    def __str__(self) -> str:
        return self._summary(paths=False).text()

    def _repr_html_(self) -> str:
        return self._summary(paths=False).html()


def shown(name: str, width: int = WIDTH) -> str:
    """A name in one line: unprintable characters escaped, cut to ``width``."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name[: width + 1])
    return text if len(text) <= width else text[: width - 1] + "…"


def listed(names: Sequence[str], number: int | None = None) -> str:
    """A few names, with an ellipsis before the last if there are more; ``number`` in all."""
    few = [shown(name) for name in itertools.islice(names, CLASSES_SHOWN)]
    more = (len(names) if number is None else number) > CLASSES_SHOWN
    return ", ".join([*few[:-1], "…", shown(names[-1])]) if more else ", ".join(few)


def _told(file: FileRead) -> str:
    rows = f"{file.rows:,} row{'s' * (file.rows != 1)}"
    if file.delimiter in KINDS:
        return f"{KINDS[file.delimiter]}, {rows}"
    delimiter = "one column" if file.delimiter == "none" else f"delimiter {file.delimiter}"
    return f"{delimiter}, {'a header' if file.header else 'no header'}, {rows}"


def _few(names: Sequence[str]) -> tuple[Sequence[int], list[str]]:
    """Which of many to show, and the ellipsis before the last."""
    k = len(names)
    return (range(k), []) if k <= CLASSES_SHOWN else ([*range(CLASSES_SHOWN - 2), k - 1], ["…"])
