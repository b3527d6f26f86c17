"""Checkpoints, written under a temporary name with a SHA-256, read with ``weights_only``.

Damaged ones, and those of another run, are refused.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ufm.support import validation
from ufm.support.content_digest import content_digest
from ufm.support.regular_file import require_regular
from ufm.support.toml_values import plain
from ufm.support.whole_file import whole_file
from ufm_networks.datasets.digest import pixel_digest
from ufm_networks.datasets.task_data import TaskData

FORMAT = "ufm networks checkpoint 2"
PARTS = {"fingerprint": dict, "network": dict, "optimizer": dict, "weighting": dict, "history": list}
GOES_ON = "; once it can be, the same command goes on from the last checkpoint"
ANEW = "remove it to start anew, or name another folder"
# of [train]: may change
FREE = ("device", "amp", "compile", "channels_last", "metrics_every", "latent_metrics", "checkpoint_every")


def save_checkpoint(path: Path, fingerprint: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Saves a checkpoint; a kill at any moment leaves the old file or the new one, whole."""
    content = {"format": FORMAT, "fingerprint": dict(fingerprint), **state}
    with whole_file(path, advice=GOES_ON) as partial, open(partial, "wb") as file:
        torch.save(content | {"sha256": content_digest(content)}, file)


def load_checkpoint(
    path: Path, fingerprint: Mapping[str, Any], device: torch.device | str, *, advice: str = ANEW
) -> dict[str, Any]:
    """Its state. Raises ValueError, naming what differs, if it is damaged or of another run; the file is left as it is.

    advice  what to do about another run
    """
    require_regular("checkpoint", path)
    try:
        state = _whole_state(path, device)
    except MemoryError:
        raise
    except Exception as error:  # PyTorch raises whatever the operations that a damaged file asks for raise
        raise unusable(path, error) from error
    _compare(path, state["fingerprint"], fingerprint, advice)
    return state


def unusable(path: Path, reason: object) -> ValueError:
    """The error to raise for an unusable checkpoint."""
    text = (str(reason).splitlines() or [type(reason).__name__])[0]
    return ValueError(f"checkpoint {str(path)!r} cannot be used ({text}); it is left as it is: {ANEW}")


def _whole_state(path: Path, device: torch.device | str) -> dict[str, Any]:
    if not zipfile.is_zipfile(path):
        raise ValueError("it is not a whole file of PyTorch's")
    with zipfile.ZipFile(path) as archive:
        # PyTorch packs nothing, so that no part can be larger than the file
        packed = [part.filename for part in archive.infolist() if part.compress_type != zipfile.ZIP_STORED]
        damaged = None if packed else archive.testzip()  # PyTorch does not compare the checksums of what it reads
    if packed or damaged is not None:
        raise ValueError(f"its part {damaged or packed[0]} is damaged")
    state = torch.load(path, map_location=device, weights_only=True)
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        found = state.get("format") if isinstance(state, dict) else None
        earlier = isinstance(found, str) and found[:-1] == FORMAT[:-1] and found < FORMAT
        raise ValueError(
            "an earlier version wrote it, without a checksum" if earlier else "it is a checkpoint of something else"
        )
    _require_stored(state, path.stat().st_size)
    saved = state.pop("sha256", None)
    if saved != content_digest(state):
        raise ValueError("its content does not match its SHA-256" if saved else "it is without its SHA-256")
    for name, kind in PARTS.items():
        if not isinstance(state[name], kind):
            raise TypeError(f"its {name} is a {type(state[name]).__name__}")
    for number, row in enumerate(state["history"], start=1):
        if row["epoch"] != number or any(validation.real_number(value) is None for value in row.values()):
            raise ValueError(f"row {number} of its history is not of epoch {number}, or not all numbers")
    return state


def _require_stored(value: Any, size: int) -> None:
    """A tensor repeated by strides of 0 can be larger than the file by any factor."""
    if isinstance(value, torch.Tensor) and value.numel() * value.element_size() > size:
        raise ValueError(f"it holds a tensor {tuple(value.shape)} larger than the file")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        _require_stored(part, size)


def run_fingerprint(tables: Mapping[str, Mapping[str, Any]], data: TaskData) -> dict[str, Any]:
    """What must match between a checkpoint and the run that resumes it, flat: "model.width", "data.labels", …

    Of images ``pixel_digest`` counts: all pixels, or a sample where there are many. Their normalization counts where
    the configuration gives it: where it does not, it follows from them.
    """
    given = {"data": {key: tables["data"][key] for key in ("mean", "std") if key in tables["data"]}}
    flat = {
        f"{name}.{key}": plain(value)
        for name, table in (given | {name: tables[name] for name in ("model", "train")}).items()
        for key, value in table.items()
    }
    flat |= {
        "data.name": data.name,
        "data.kind": data.kind,
        "data.classes": list(data.classes),
        "data.samples": len(data),
        "data.images": list(data.images.shape),
        "data.pixels": pixel_digest(data.images),
        "data.labels": zlib.crc32(np.ascontiguousarray(data.labels).tobytes()),
    }
    return {key: value for key, value in flat.items() if key.removeprefix("train.") not in FREE}


def _compare(path: Path, saved: Mapping[str, Any], current: Mapping[str, Any], advice: str) -> None:
    names = [*current, *(name for name in saved if name not in current)]
    different = [
        f"{name} ({saved.get(name)!r} there, {current.get(name)!r} here)"
        for name in names
        if saved.get(name) != current.get(name)
    ]
    if different:
        raise ValueError(f"checkpoint {str(path)!r} is of another run: {', '.join(different)}; {advice}")
