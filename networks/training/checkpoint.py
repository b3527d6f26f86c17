"""Checkpoints: read with ``weights_only``, written under a temporary name, refused where they are of another run."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

FORMAT = "ufm networks checkpoint 1"
FREE = ("device", "amp", "compile", "channels_last", "metrics_every", "checkpoint_every")  # of [train]: may change


def save_checkpoint(path: Path, fingerprint: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """A kill at any moment leaves the old file or the new one, whole."""
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        torch.save({"format": FORMAT, "fingerprint": dict(fingerprint), **state}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def load_checkpoint(path: Path, fingerprint: Mapping[str, Any] | None, device: torch.device | str) -> dict[str, Any]:
    """Its state. ValueError, naming what differs, where it is damaged or of another run; the file is left as it is."""
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
            f"checkpoint {str(path)!r} cannot be used ({str(error).splitlines()[0]}); it is left as it is: remove it "
            "to start anew, or name another folder"
        ) from error
    if fingerprint is not None:
        _compare(path, state["fingerprint"], fingerprint)
    return state


def run_fingerprint(tables: Mapping[str, Mapping[str, Any]], data: Mapping[str, Any]) -> dict[str, Any]:
    """What must not change between a checkpoint and what resumes from it, flat: "model.width", "data.labels", …"""
    flat = {f"{name}.{key}": _plain(tables[name][key]) for name in ("model", "train") for key in tables[name]}
    flat |= {f"data.{key}": _plain(value) for key, value in data.items()}
    return {key: value for key, value in flat.items() if key.removeprefix("train.") not in FREE}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


def _compare(path: Path, saved: Mapping[str, Any], current: Mapping[str, Any]) -> None:
    names = [*current, *(name for name in saved if name not in current)]
    different = [
        f"{name} ({saved.get(name)!r} there, {current.get(name)!r} here)"
        for name in names
        if saved.get(name) != current.get(name)
    ]
    if different:
        raise ValueError(
            f"checkpoint {str(path)!r} is of another run: {', '.join(different)}; remove it to start anew, or name "
            "another folder"
        )
