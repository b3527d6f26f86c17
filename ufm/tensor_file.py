"""Safetensors files, written whole; equal tensors and metadata give equal bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from ufm.support.whole_file import whole_file


def write_tensors(
    path: str | Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str], *, advice: str = ""
) -> None:
    """Raises as ``ufm.support.whole_file.whole_file``."""
    # contiguous copies: safetensors stores no views
    host = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with whole_file(path, advice=advice) as partial:
        save_file(host, partial, metadata=dict(metadata))
        _sort_metadata(partial)


def _sort_metadata(path: Path) -> None:
    """safetensors writes them in an order drawn anew by every process; a header may be padded by blanks."""
    with path.open("rb+") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        ordered = {"__metadata__": dict(sorted(header.pop("__metadata__", {}).items())), **header}
        text = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) <= size:
            file.seek(8)
            file.write(text.ljust(size))
