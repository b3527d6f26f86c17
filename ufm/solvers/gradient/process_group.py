"""The processes of PyTorch's default process group, in which ``ufm.solve(…, distributed=True)`` runs."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ufm.solvers.gradient.ranks import ALONE, Made, Ranks, share_of

PIECE = 1 << 26  # numbers in one message of H
NO_BACKEND = "No backend type"  # PyTorch's words for a device whose tensors a group does not add
KINDS = (ValueError, TypeError, MemoryError, OSError)  # of errors, as other processes raise them again


class LostProcessError(RuntimeError):
    """Another process ended or stopped responding; this run cannot continue."""


def _lost(rank: int, size: int, reason: str) -> LostProcessError:
    return LostProcessError(
        f"process {rank} of {size} lost another one, which ended, or was silent for longer than the process group's "
        f"timeout ({reason})"
    )


class ProcessGroup(Ranks):
    """Sums by all-reduce, in float64 whatever the tensors' format."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.rank, self.size = dist.get_rank(), dist.get_world_size()

    def add(self, *sums: Tensor) -> None:
        """Adds up over the processes, in one all-reduce."""
        packed = torch.cat([part.reshape(-1).double() for part in sums])
        with self.hearing():
            dist.all_reduce(packed)
        for part, whole in zip(sums, packed.split([part.numel() for part in sums]), strict=True):
            part.copy_(whole.view_as(part))

    def mean(self, x: Tensor) -> Tensor:
        """The mean over the entries of all processes."""
        total = torch.stack([x.sum(dtype=torch.float64), x.new_tensor(x.numel(), dtype=torch.float64)])
        self.add(total)
        return total[0] / total[1]

    def any(self, flag: bool) -> bool:
        """Whether the flag is up in any process."""
        raised = torch.tensor(float(flag), device=self.device)
        with self.hearing():
            dist.all_reduce(raised, dist.ReduceOp.MAX)
        return bool(raised > 0)

    def together(self, work: Callable[[], Made]) -> Made:
        """Returns what ``work`` returns here; if it fails in one process, all raise an error of the same kind."""
        failed: Exception | None = None
        try:
            made = work()
        except LostProcessError:
            raise
        except Exception as error:
            failed = error
        kind = next((kind for kind in KINDS if isinstance(failed, kind)), RuntimeError)
        told = self.of_all(None if failed is None else (kind, f"{type(failed).__name__}: {failed}"))
        if failed is not None:
            raise failed
        for rank, failure in enumerate(told):
            if failure is not None:
                raise failure[0](f"process {rank} of {self.size}: {failure[1]}")
        return made

    def on_one_device(self, device: str, amount: int) -> int:
        """The sum of the amounts of all processes on this device of this host."""
        here = (socket.gethostname(), device)
        return sum(other for there, other in self.of_all((here, amount)) if there == here)

    def require_same(self, values: Mapping[str, Any]) -> None:
        """Compares all processes with the first one; all of them raise."""
        told = self.of_all(dict(values))
        for rank, other in enumerate(told):
            names = [name for name in told[0] | other if told[0].get(name) != other.get(name)]
            if names:
                differences = ", ".join(f"{n} ({told[0].get(n)!r} and {other.get(n)!r})" for n in names)
                raise ValueError(
                    f"processes 0 and {rank} were not given the same run: {differences}; give every process the same "
                    "problem and the same options"
                )

    def gathered(self, rows: Tensor, total: int) -> Tensor:
        """All rows in the first process, each received into its place; in the others their own rows."""
        if not self.first:
            with self.hearing():
                for part in rows.split(max(1, PIECE // rows.shape[1])) if len(rows) else ():
                    dist.send(part.contiguous(), 0)
            return rows
        whole = rows.new_empty(total, rows.shape[1])
        whole[self.share(total)] = rows
        with self.hearing():
            for other in range(1, self.size):
                theirs = whole[share_of(other, self.size, total)]
                for part in theirs.split(max(1, PIECE // rows.shape[1])) if len(theirs) else ():
                    dist.recv(part, other)
        return whole

    def of_all(self, value: Any) -> list[Any]:
        """One small object per process, in the order of the processes."""
        told: list[Any] = [None] * self.size
        with self.hearing():
            dist.all_gather_object(told, value)
        return told

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Raises LostProcessError if the others cannot be reached."""
        try:
            yield
        except RuntimeError as error:
            raise _lost(self.rank, self.size, str(error).strip().splitlines()[0][:200]) from error


def joined(distributed: bool | str, device: torch.device) -> Ranks:
    """The default process group, or this process alone if ``distributed`` is False.

    Raises ValueError if there is no process group, or none that can add tensors of ``device``, or another process is on
    a device of another kind; LostProcessError if one does not join.
    """
    if not distributed:
        return ALONE
    if not dist.is_available() or not dist.is_initialized():
        raise ValueError(
            f"distributed={distributed!r} needs an initialized process group: start the program by torchrun and call "
            "torch.distributed.init_process_group(), or leave distributed out"
        )
    group = ProcessGroup(device)
    if dist.get_backend() != "nccl":  # which refuses other devices; here each kind would wait for its own backend
        group.require_same({"device": device.type})
    try:
        dist.all_reduce(torch.zeros(1, device=device))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0][:200]
        if NO_BACKEND not in str(error):
            raise _lost(dist.get_rank(), dist.get_world_size(), reason) from error
        raise ValueError(
            f"device={str(device)!r}: the process group's backend {dist.get_backend()!r} cannot add its tensors "
            f"({reason}); initialize it with 'cpu:gloo,cuda:nccl'"
        ) from error
    return group


@contextmanager
def told_where_it_is(checkpoint: Path | None) -> Iterator[None]:
    """Adds to a LostProcessError how to go on."""
    try:
        yield
    except LostProcessError as error:
        again = "pass checkpoint= to be able to resume"
        if checkpoint is not None:
            again = f"what was saved in {str(checkpoint)!r} is whole: start again, with any number of processes"
        raise LostProcessError(f"{error}; {again}") from error
