"""Steps of method="gradient" in 1, 2 and 4 gloo processes of one thread, beside what the model says of them.

    seconds of a step = passes · bytes · d N / P / bandwidth + one all-reduce of R (d + 1) float64

passes · bytes · d N is what H and its momentum move at the least: each read and written once, 16 bytes an entry. In
one process a step takes some multiple of that "floor", since with R = 30 a core waits for arithmetic more than for
memory. P processes should share it, as far as there are cores for them; the all-reduce is measured alone.

    python benchmarks/bench_distributed.py          prints the table
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

DIM, CLASSES, LAMBDA = 512, (10, 10, 10), 5e-4
PASSES, BYTES = 4, 4  # H and M, read and written; float32
SAMPLES = 24_000
CASES = [("weak", p, p * SAMPLES // 2) for p in (1, 2, 4)] + [("strong", p, SAMPLES) for p in (1, 2, 4)]


def least(work: Callable[[], object], rounds: int) -> float:
    """Seconds of the fastest round, all processes at once: what others do on the machine only adds to it."""
    import torch.distributed as dist

    times = []
    for _ in range(rounds + 1):
        dist.barrier()
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times[1:])


def one_process(rank: int, size: int, samples: int, meeting: str) -> None:
    """Prints what it measured, the first one alone."""
    import numpy as np
    import torch
    import torch.distributed as dist

    import ufm
    from ufm.solvers.gradient.minimize import build
    from ufm.solvers.gradient.process_group import joined
    from ufm.solvers.gradient.samples import expand
    from ufm.solvers.gradient.settings import settled

    torch.set_num_threads(1)
    dist.init_process_group("gloo", f"file://{meeting}", rank=rank, world_size=size)
    labels = np.random.default_rng(0).integers(0, 10, (samples, 3))
    problem = ufm.SingleSource.from_labels(labels, classes=CLASSES, lambda_H=LAMBDA, lambda_W=LAMBDA, lambda_b=LAMBDA)
    (form,) = problem.standard_forms()
    settings = settled(ufm.Gradient(dtype="float32", learning_rate=1e-3, distributed=True), dim=DIM)
    method = build(
        expand(form, problem.counts, settings.device, settings.dtype, joined(True, settings.device)), settings
    )
    source = torch.ones(samples * DIM // size)
    target = torch.empty_like(source)
    sums = torch.zeros(sum(CLASSES) * (DIM + 1), dtype=torch.float64)
    with torch.no_grad():
        found = {
            "step": least(method.step, 60),
            "copy": least(lambda: target.copy_(source), 60),  # moves 8 bytes an entry
            "all-reduce": least(lambda: dist.all_reduce(sums), 30),
        }
    if rank == 0:
        print(json.dumps(found))
    dist.destroy_process_group()


def measured(size: int, samples: int) -> dict[str, float]:
    """Seconds, of ``size`` processes."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, str(size), str(samples), str(Path(folder) / "meeting")]
        started = [
            subprocess.Popen([*command, str(rank)], stdout=subprocess.PIPE, text=True, env=environment)
            for rank in range(size)
        ]
        told = [process.communicate(timeout=600)[0] for process in started]
    found: dict[str, float] = json.loads(told[0])
    found["floor"] = PASSES / 2 * found["copy"]  # H, M: a copy moves two passes
    return found


def rows() -> Iterator[dict[str, Any]]:
    """A row a case; what is predicted follows from the first."""
    alone: float | None = None
    cores = len(os.sched_getaffinity(0))
    known: dict[tuple[int, int], dict[str, float]] = {}
    for kind, size, samples in CASES:
        if (size, samples) not in known:
            known[size, samples] = measured(size, samples)
        own = known[size, samples]
        alone = alone if alone is not None else own["step"] / samples
        share = max(1.0, size / cores) / size
        predicted = alone * samples * share + own["all-reduce"]
        yield {"scaling": kind, "P": size, "N": samples, "predicted": predicted, **own}


@pytest.mark.slow
def test_scaling(benchmark: Any) -> None:
    found = benchmark.pedantic(lambda: list(rows()), rounds=1)
    for row in found:
        name = f"{row['scaling']}, P = {row['P']}"
        benchmark.extra_info[f"{name}: seconds a step"] = row["step"]
        benchmark.extra_info[f"{name}: predicted"] = row["predicted"]


if __name__ == "__main__":
    if len(sys.argv) == 5:
        one_process(int(sys.argv[4]), int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    else:
        print(f"d = {DIM}, classes {CLASSES}, float32, milliseconds")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start", flush=True)
        print("scaling  P        N     step  predicted   floor   all-reduce")
        for row in rows():
            ms = [1e3 * row[name] for name in ("step", "predicted", "floor", "all-reduce")]
            case = f"{row['scaling']:7s} {row['P']:2d} {row['N']:8,d}"
            print(f"{case} {ms[0]:8.1f} {ms[1]:10.1f} {ms[2]:7.2f} {ms[3]:12.3f}", flush=True)
