"""Checkpoints: read with ``weights_only``, written under a temporary name, refused where they are of another run."""

from __future__ import annotations

import pickle
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ufm.support.whole_file import whole_file
from ufm_networks.datasets.digest import pixel_digest
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.training.plain import plain

FORMAT = "ufm networks checkpoint 1"
GOES_ON = "; once it can be, the same command goes on from the last checkpoint"
ANEW = "remove it to start anew, or name another folder"
# of [train]: may change
FREE = ("device", "amp", "compile", "channels_last", "metrics_every", "latent_metrics", "checkpoint_every")


def save_checkpoint(path: Path, fingerprint: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """A kill at any moment leaves the old file or the new one, whole."""
    with whole_file(path, advice=GOES_ON) as partial, open(partial, "wb") as file:
        torch.save({"format": FORMAT, "fingerprint": dict(fingerprint), **state}, file)


def load_checkpoint(
    path: Path, fingerprint: Mapping[str, Any], device: torch.device | str, *, advice: str = ANEW
) -> dict[str, Any]:
    """Its state. ValueError, naming what differs, where it is damaged or of another run; the file is left as it is.

    advice  what to do about another run
    """
    try:
        if not zipfile.is_zipfile(path):
            raise ValueError("it is not a whole file of PyTorch's")
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()  # PyTorch does not compare the checksums of what it reads
        if damaged is not None:
            raise ValueError(f"its part {damaged} is damaged")
        state = torch.load(path, map_location=device, weights_only=True)
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise ValueError("it is a checkpoint of something else")
    except (ValueError, RuntimeError, EOFError, OSError, pickle.UnpicklingError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"checkpoint {str(path)!r} cannot be used ({str(error).splitlines()[0]}); it is left as it is: {ANEW}"
        ) from error
    _compare(path, state["fingerprint"], fingerprint, advice)
    return state


def run_fingerprint(tables: Mapping[str, Mapping[str, Any]], data: TaskData) -> dict[str, Any]:
    """What must not change between a checkpoint and what resumes or reads it, flat: "model.width", "data.labels", …

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
