"""Any standard forms, in batches of one shape each, batches side by side on the processor's cores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import Event

import torch

from ufm.outcome import Outcome
from ufm.problems.standard_form import StandardForm
from ufm.solvers.batch.run import LANES, Reached, solve_batch
from ufm.solvers.batch.shape import Shape
from ufm.solvers.column_solution import ColumnSolution
from ufm.support.memory import available_memory

IN_CACHE = 2**16  # logits of a batch on the CPU, whose arrays a core's cache holds some of
FEWEST = 16  # problems of one shape: one by one they take no longer
ON_DEVICE = 2**25  # on another device
PER_LOGIT = 1000  # bytes that a batch takes at most, its history aside


@dataclass(frozen=True)
class Task:
    """A form to be minimized at feature dimension d, from the start of a seed."""

    form: StandardForm
    dim: int
    seed: int


Found = tuple[int, ColumnSolution | None]


def minimize_all(
    tasks: Sequence[Task], *, tolerance: float, device: torch.device
) -> Generator[list[Found], None, None]:
    """Batch by batch the numbers of its tasks and what was found, None if the batch did not get there.

    Tasks of which there are fewer than FEWEST of one shape, or whose shape no batch suits, are in none. What is found
    of a task in a batch depends neither on the others there nor on their order.
    """
    batches = _batches(tasks, device)
    stop = Event()

    def run(numbers: Sequence[int]) -> list[Found]:
        first = tasks[numbers[0]]
        forms = [tasks[i].form for i in numbers]
        shape = Shape.of(first.form, first.dim)
        reached = solve_batch(shape, forms, tolerance=tolerance, seed=first.seed, device=device, stopped=stop.is_set)
        return [(i, _solution(reached, p, tolerance)) for p, i in enumerate(numbers)]

    workers = torch.get_num_threads() if device.type == "cpu" else 1
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # a batch is one core's: its vectors are too short to be shared
    try:
        if workers == 1 or len(batches) == 1:
            yield from map(run, batches)
            return
        with ThreadPoolExecutor(workers) as pool:
            try:
                for future in as_completed([pool.submit(run, batch) for batch in batches]):
                    yield future.result()
            finally:
                stop.set()
                pool.shutdown(cancel_futures=True)
    finally:
        torch.set_num_threads(before)


def _batches(tasks: Sequence[Task], device: torch.device) -> list[list[int]]:
    """Numbers of tasks of one shape and seed, in batches of a size that suits the device."""
    groups: defaultdict[tuple[Shape, int], list[int]] = defaultdict(list)
    for i, task in enumerate(tasks):
        groups[Shape.of(task.form, task.dim), task.seed].append(i)
    batches = []
    for (shape, _), numbers in groups.items():
        if len(numbers) < FEWEST or not shape.suits:
            continue
        logits = IN_CACHE if device.type == "cpu" else min(ON_DEVICE, available_memory(device) // PER_LOGIT)
        most = logits // (shape.rows * shape.columns)
        most = max(LANES, most // LANES * LANES)
        size = -(-len(numbers) // -(-len(numbers) // most))  # of as few as there must be, all about as large
        size += -size % LANES
        batches += [numbers[first : first + size] for first in range(0, len(numbers), size)]
    return batches


def _solution(reached: Reached, p: int, tolerance: float) -> ColumnSolution | None:
    """The solution of the batch's problem number p; its arrays are copies, and may be differentiated through."""
    if not reached.solved[p]:
        return None
    residual, history = float(reached.residual[p]), reached.histories[p]
    measured = f"relative residual {residual:.1e} after {len(history['loss'])} Newton steps"
    short = residual > tolerance
    status = f"converged ({measured})"
    if short:
        status = f"converged to float64's rounding, short of tolerance {tolerance:.1e} ({measured})"
    return ColumnSolution(
        W=reached.W[p].clone(),
        H=reached.H[p].clone(),
        b=reached.b[p].clone(),
        objective=float(reached.value[p]),
        converged=True,
        outcome=Outcome.ROUNDING if short else Outcome.CONVERGED,
        status=status,
        history=history,
    )
