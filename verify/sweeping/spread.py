"""Chunks spread over processes: joblib's, or jobs of a cluster through submitit."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from verify.sweeping.chunk import Chunk, chunk_of, run_chunk
from verify.sweeping.orphans import end_with_parent
from verify.sweeping.parts import part, write_part
from verify.sweeping.study import Study

LARGEST_ARRAY = 1000  # jobs of one array: Slurm takes 1,001 unless told otherwise
WAVE = 4  # chunks a process, where a backend gives results all at once
POLL = 0.2  # seconds


def by_joblib(study: Study, numbers: Sequence[int], jobs: int | None) -> Iterator[tuple[int, Any]]:
    """(chunk, its rows), as they come.

    jobs  processes, at most one for each chunk; None is what ``joblib.parallel_config`` says, 1 by default
    """
    import joblib
    from joblib.parallel import get_active_backend

    calls = (joblib.delayed(_work)(chunk_of(study, number), os.getpid()) for number in numbers)
    backend = get_active_backend()[0]
    if jobs is not None:  # loky starts as many as it is told, at once
        jobs = min(backend.effective_n_jobs(jobs), len(numbers))
    if getattr(backend, "supports_return_generator", False):
        parallel = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1, max_nbytes=None)
        try:
            with closing(parallel(calls)) as found:
                yield from found
        except BrokenExecutor as error:
            raise RuntimeError(
                f"a process of the sweep ended ({str(error).splitlines()[0]}); finished chunks are "
                "kept, and the same sweep goes on where it was"
            ) from error
        return
    with joblib.Parallel(n_jobs=jobs, batch_size=1, max_nbytes=None) as parallel:  # as Ray's
        width = WAVE * max(1, backend.effective_n_jobs(jobs if jobs is not None else parallel.n_jobs))
        while wave := list(islice(calls, width)):
            yield from parallel(wave)


def _work(chunk: Chunk, submitter: int) -> tuple[int, Any]:
    end_with_parent(submitter)
    return run_chunk(chunk)


def by_submitit(
    study: Study, numbers: Sequence[int], jobs: int | None, executor: Any, folder: Path, metadata: Mapping[str, str]
) -> Iterator[int]:
    """Chunks as they are finished, each written to ``folder`` by its job: what is done stays when the submitting
    process ends. Its end by an exception cancels the jobs.

    jobs  how many share the chunks; by default one for each chunk, at most a thousand
    """
    count = min(len(numbers), jobs or LARGEST_ARRAY)
    shares = [numbers[k::count] for k in range(count)]
    with executor.batch():
        running = [
            executor.submit(_run_job, [chunk_of(study, number) for number in share], folder, dict(metadata))
            for share in shares
        ]
    waiting = set(numbers)
    try:
        while waiting:
            over = all(job.done() for job in running)
            for number in [number for number in sorted(waiting) if part(folder, number).exists()]:
                waiting.remove(number)
                yield number
            if waiting:
                for job in running:
                    if job.done():
                        job.result()  # raises what the job raised
                if over:
                    raise RuntimeError(f"the jobs ended, and {len(waiting)} chunks are missing")
                time.sleep(POLL)
        for job in running:
            job.result()
    finally:
        for job in running:
            if not job.done():
                job.cancel()


def _run_job(chunks: Sequence[Chunk], folder: Path, metadata: Mapping[str, str]) -> int:
    """The work of one job; existing chunks are kept."""
    for chunk in chunks:
        if not part(folder, chunk.number).exists():
            write_part(folder, *run_chunk(chunk), metadata)
    return len(chunks)
