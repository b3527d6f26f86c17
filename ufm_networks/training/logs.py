"""The history of a run as metrics.csv, and in TensorBoard if that is installed."""

from __future__ import annotations

import csv
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ufm.support.whole_file import whole_file
from ufm_networks.training.checkpoint import GOES_ON

Row = dict[str, float]


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Writes all rows, one per epoch, with empty cells for what was not measured; written whole, then renamed."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with whole_file(path, advice=GOES_ON) as partial, open(partial, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


class TensorBoard:
    """Writes scalars below ``folder``/tensorboard; does nothing if TensorBoard is not installed."""

    def __init__(self, folder: Path, epochs_done: int) -> None:
        self.writer: Any = None
        if importlib.util.find_spec("tensorboard") is not None:
            from torch.utils.tensorboard import SummaryWriter  # an extra

            # what an interrupted run wrote after its last checkpoint is purged
            self.writer = SummaryWriter(str(folder / "tensorboard"), purge_step=epochs_done + 1)

    def add(self, row: Row) -> None:
        """Adds the row of an epoch."""
        if self.writer is not None:
            for name, value in row.items():
                if name != "epoch":
                    self.writer.add_scalar(name, value, int(row["epoch"]))

    def close(self) -> None:
        """Flushes and closes the writer."""
        if self.writer is not None:
            self.writer.close()
