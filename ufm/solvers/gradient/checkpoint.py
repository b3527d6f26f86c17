"""Checkpoints: safetensors whose header holds the numbers, the history and what the run is of, as JSON.

Written beside the file and renamed over it, so that a kill at any moment leaves a whole checkpoint; every tensor has a
checksum, so that a damaged one is refused in words and left as it is.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from ufm.tensor_file import write_tensors

FORMAT = "ufm gradient checkpoint 1"


@dataclass
class Progressed:
    """Where a run is: steps taken, the optimizer's numbers, the history."""

    step: int
    numbers: dict[str, float]
    history: dict[str, list[float]]


def save(path: Path, fingerprint: dict[str, Any], progressed: Progressed, tensors: dict[str, Tensor]) -> None:
    """Writes ``path`` whole: ``ufm.support.whole_file``."""
    host = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {
        "format": FORMAT,
        "fingerprint": fingerprint,
        "step": progressed.step,
        "numbers": progressed.numbers,
        "history": progressed.history,
        "checksums": {name: _checksum(tensor) for name, tensor in host.items()},
    }
    write_tensors(path, host, {"run": json.dumps(header)})


def load(path: Path, fingerprint: dict[str, Any], tensors: dict[str, Tensor]) -> Progressed:
    """Fills ``tensors`` and returns where the run was.

    Raises ValueError where the file is no checkpoint, is damaged, or is of another problem or other settings.
    """
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["run"])
            if header["format"] != FORMAT:
                raise _unreadable(path, f"its format is {header['format']!r}, not {FORMAT!r}")
            _check_fingerprint(path, header["fingerprint"], fingerprint)
            for name, tensor in tensors.items():
                read = file.get_tensor(name)
                if read.shape != tensor.shape or _checksum(read) != header["checksums"][name]:
                    raise _unreadable(path, f"the tensor {name!r} is damaged")
                tensor.copy_(read)
            return Progressed(int(header["step"]), dict(header["numbers"]), dict(header["history"]))
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error}") from error


def _unreadable(path: Path, reason: str) -> ValueError:
    return ValueError(
        f"checkpoint={str(path)!r} cannot be resumed from ({reason}); it is left as it is: "
        "remove it to start anew, or name another file"
    )


def _check_fingerprint(path: Path, saved: dict[str, Any], current: dict[str, Any]) -> None:
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


def _checksum(tensor: Tensor) -> int:
    return zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data)
