"""Checkpoints: safetensors files whose header holds the numbers, the history and the run's fingerprint, as JSON.

Each is written beside the file and renamed over it, so that a kill at any moment leaves a whole checkpoint. A SHA-256
covers tensors and header: a damaged file is refused with an error and left as it is.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from ufm.solvers.gradient.ranks import ALONE, Ranks
from ufm.support import validation
from ufm.support.bounded_json import parse_json
from ufm.support.checked_tensors import load_checked, save_checked
from ufm.support.file_lock import locked
from ufm.support.regular_file import require_regular

FORMAT = "ufm gradient checkpoint 2"


@dataclass
class Progressed:
    """The progress of a run: steps taken, the optimizer's numbers, the history."""

    step: int
    numbers: dict[str, float]
    history: dict[str, list[float]]


@contextmanager
def own_checkpoint(path: Path | None, ranks: Ranks = ALONE) -> Iterator[None]:
    """Locks the checkpoint for this run; raises ValueError if another has it now. Of many processes the first locks.

    The lock is inside a folder, whose parent may belong to others, and beside a file, at the end of symbolic links.
    """
    with ExitStack() as until_the_end:
        if path is not None:
            target = Path(os.path.realpath(path))
            lock = locked(
                target / ".lock" if target.is_dir() else target.with_name(f".{target.name}.lock"),
                f"checkpoint={str(path)!r}: another run goes on from it now; wait for its end, or name another",
            )
            ranks.together(lambda: until_the_end.enter_context(lock) if ranks.first else None)
        yield


class FileCheckpoint:
    """The file of a run in one process."""

    def __init__(self, path: Path, fingerprint: dict[str, Any]) -> None:
        self.path, self.fingerprint = path, fingerprint

    def load(self, tensors: dict[str, Tensor]) -> Progressed | None:
        """As ``load`` below; None if there is no file."""
        return load(self.path, self.fingerprint, tensors) if self.path.exists() else None

    def save(self, progressed: Progressed, tensors: dict[str, Tensor]) -> None:
        """As ``save`` below."""
        save(self.path, self.fingerprint, progressed, tensors)


def save(path: Path, fingerprint: dict[str, Any], progressed: Progressed, tensors: dict[str, Tensor]) -> None:
    """Writes ``path`` whole: ``ufm.support.whole_file``."""
    run = json.dumps({"fingerprint": fingerprint, **vars(progressed)})
    save_checked(tensors, path, {"format": FORMAT, "run": run})


def load(path: Path, fingerprint: dict[str, Any], tensors: dict[str, Tensor]) -> Progressed:
    """Fills ``tensors`` and returns the progress of the run.

    Raises ValueError if the file is not a checkpoint, is damaged, or belongs to another problem or other settings; the
    tensors then stay unchanged.
    """
    require_regular("checkpoint", path)
    try:
        read, header = load_checked(path, FORMAT, "checkpoint")
        run = parse_json(header["run"], nan=True)
        saved = run["fingerprint"]
        if not isinstance(saved, dict):
            raise TypeError(f"its fingerprint is a {type(saved).__name__}")
        progressed = progressed_from(run)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreadable(path, str(error) if type(error) is ValueError else repr(error)) from error
    check_fingerprint(path, saved, fingerprint)
    for name, tensor in tensors.items():
        if name not in read or (read[name].shape, read[name].dtype) != (tensor.shape, tensor.dtype):
            raise unreadable(path, f"the tensor {name!r} is not {tuple(tensor.shape)} of {tensor.dtype}")
    for name, tensor in tensors.items():
        tensor.copy_(read[name])
    return progressed


def progressed_from(run: dict[str, Any]) -> Progressed:
    """The progress in a header, checked: numbers are numbers, and the history's lists end at the step."""
    step, numbers, history = validation.whole_number("step", run["step"], 0), run["numbers"], run["history"]
    _require_numbers("numbers", numbers.values())
    for name, column in history.items():
        _require_numbers(f"history of {name}", column)
        if len(column) > len(history["step"]):
            raise ValueError(f"its history has {len(history['step'])} steps and {len(column)} of {name}")
    steps = [*history["step"], step + 1]
    if sorted(set(steps)) != steps:
        raise ValueError(f"the steps of its history do not ascend to {step}")
    return Progressed(step, dict(numbers), {name: list(column) for name, column in history.items()})


def _require_numbers(name: str, values: Iterable[Any]) -> None:
    for value in values:
        if validation.real_number(value) is None:
            raise TypeError(f"its {name} hold {value!r}, which is not a number")


def unreadable(path: Path, reason: str) -> ValueError:
    """The error to raise for a checkpoint that cannot be resumed from."""
    return ValueError(
        f"checkpoint={str(path)!r} cannot be resumed from ({reason}); it is left as it is: "
        "remove it to start anew, or name another file"
    )


def check_fingerprint(path: Path, saved: dict[str, Any], current: dict[str, Any]) -> None:
    """Raises ValueError naming what differs."""
    names = [*current, *(name for name in saved if name not in current)]
    different = [
        f"{name} ({saved.get(name)!r} there, {current.get(name)!r} here)"
        for name in names
        if saved.get(name) != current.get(name)
    ]
    if different:
        raise ValueError(
            f"checkpoint={str(path)!r} is of another run: {', '.join(different)}; "
            "remove it to start anew, or name another file"
        )
