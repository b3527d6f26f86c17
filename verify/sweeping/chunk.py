"""One chunk of a sweep: its problems are made, solved, certified and measured, perhaps by a worker elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ufm.support.threads import one_thread
from verify.solved import solved_together
from verify.sweeping.columns import as_table
from verify.sweeping.made import made
from verify.sweeping.parameters import Parameters
from verify.sweeping.row import row
from verify.sweeping.study import Plan, Study


@attrs.frozen
class Chunk:
    """Problems solved and stored together; ``first`` is the number of the first one in the study."""

    number: int
    first: int
    given: Sequence[Parameters]
    plan: Plan


def chunk_of(study: Study, number: int) -> Chunk:
    """The chunk of that number."""
    indices = study.chunks[number]
    return Chunk(number, indices.start, [study.parameters(i) for i in indices], study.plan)


def run_chunk(chunk: Chunk) -> tuple[int, Any]:
    """Runs a chunk; returns its number and its rows as a pyarrow.Table.

    It uses one thread, so that the rows are the same to the last bit wherever it runs.
    """
    with one_thread():
        problems = [made(given) for given in chunk.given]
        found = solved_together(problems, [given.seed for given in chunk.given], chunk.plan.tolerance)
        rows = [
            row(chunk.first + i, given, problem, *of, chunk.plan)
            for i, (given, problem, of) in enumerate(zip(chunk.given, problems, found, strict=True))
        ]
    return chunk.number, as_table(rows, chunk.plan)
