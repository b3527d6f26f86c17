"""One chunk of a sweep: its problems made, solved, certified and measured. What a worker on another machine runs."""

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
    """Problems that are solved together and kept together; ``first`` is the number in the study of the first one."""

    number: int
    first: int
    given: Sequence[Parameters]
    plan: Plan


def chunk_of(study: Study, number: int) -> Chunk:
    """The chunk of that number."""
    indices = study.chunks[number]
    return Chunk(number, indices.start, [study.parameters(i) for i in indices], study.plan)


def run_chunk(chunk: Chunk) -> tuple[int, Any]:
    """Its number, and its rows as a pyarrow.Table.

    One thread works, so that they are the same, to the last bit, wherever and beside whatever it runs.
    """
    with one_thread():
        problems = [made(given) for given in chunk.given]
        found = solved_together(problems, [given.seed for given in chunk.given], chunk.plan.tolerance)
        rows = [
            row(chunk.first + i, given, problem, *of, chunk.plan)
            for i, (given, problem, of) in enumerate(zip(chunk.given, problems, found, strict=True))
        ]
    return chunk.number, as_table(rows, chunk.plan)
