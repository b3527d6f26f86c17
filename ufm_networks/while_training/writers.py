"""The destinations of an epoch's values: TensorBoard, a CSV file, a function, or none."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ufm.support.writable import require_file

Write = Callable[[Mapping[str, float], int], None]


def writer(log: Any) -> Write:
    """The function (values, epoch) → None of a ``log=``; raises TypeError for what is none.

    log  a SummaryWriter, or what has its add_scalar(name, value, step); a path of a CSV file, which is appended to; a
         function (values, epoch); or None
    """
    if log is None:
        return lambda values, epoch: None
    if isinstance(log, (str, Path)):
        require_file(log, "log")
        return _CSV(Path(log))
    if callable(getattr(log, "add_scalar", None)):
        return partial(_scalars, log)
    if callable(log):
        function: Write = log
        return function
    raise TypeError(f"log={log!r} must be a SummaryWriter, the path of a CSV file, a function (values, epoch), or None")


def require_prefix(prefix: Any) -> str:
    """The prefix of names; raises TypeError unless it is a string."""
    if not isinstance(prefix, str):
        raise TypeError(f'prefix={prefix!r} must be a string, such as "train/"')
    return prefix


def _scalars(log: Any, values: Mapping[str, float], epoch: int) -> None:
    for name, value in values.items():
        log.add_scalar(name, value, epoch)


class _CSV:
    """Rows epoch, values; a header where the file begins."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __call__(self, values: Mapping[str, float], epoch: int) -> None:
        columns = ["epoch", *values]
        begun = self.path.exists() and self.path.stat().st_size > 0
        if begun:
            with open(self.path, newline="", encoding="utf-8") as file:
                header = next(csv.reader(file))
            if header != columns:
                raise ValueError(
                    f"log={str(self.path)!r} has the columns {', '.join(header)}, and these are {', '.join(columns)}; "
                    "log to another file"
                )
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            if not begun:
                rows.writerow(columns)
            rows.writerow([epoch, *values.values()])
