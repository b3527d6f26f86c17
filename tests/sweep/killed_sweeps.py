"""Runs in a process of its own: sweeps that are killed at random moments until one is finished.

    python killed_sweeps.py TABLE LOG STUDY KILLS

Everything is imported once; every sweep is a fork. Chunks are not solved but made up, so that most of the time goes
into writing, and every chunk that is computed is noted in LOG.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet  # noqa: F401 - once, not in every fork

from verify.sweeping import spread, sweep
from verify.sweeping.chunk import Chunk
from verify.sweeping.columns import as_table, columns


def made_up(log: Path) -> Any:
    def run_chunk(chunk: Chunk) -> tuple[int, Any]:
        time.sleep(0.002)
        with open(log, "a") as file:
            file.write(f"{chunk.number}\n")
        names = dict.fromkeys(columns(chunk.plan))
        rows = [names | {"problem": chunk.first + i, "certified": True} for i in range(len(chunk.given))]
        return chunk.number, as_table(rows, chunk.plan)

    return run_chunk


def main(table: Path, log: Path, study: dict[str, Any], kills: int) -> None:
    spread.run_chunk = made_up(log)
    draws = random.Random(0)
    for attempt in range(kills + 1):
        child = os.fork()
        if child == 0:
            sweep(study, table)
            os._exit(0)
        if attempt < kills:
            time.sleep(draws.uniform(0.0, 0.12))
            os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        parts = sorted(path.name for path in table.with_name(f"{table.name}.parts").glob("chunk-*.parquet"))
        print(json.dumps({"status": status, "table": table.exists(), "parts": parts}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4]))
