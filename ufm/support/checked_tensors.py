"""safetensors files with a SHA-256 over tensors and header: a file with a changed bit is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ufm.support.content_digest import content_digest
from ufm.support.memory import require_memory
from ufm.support.whole_file import whole_file

DIGEST = "sha256"


def save_checked(
    tensors: Mapping[str, Tensor], path: str | Path, header: Mapping[str, str], *, advice: str = ""
) -> None:
    """Saves tensors and a header of strings, with their ``content_digest`` as header["sha256"].

    The file is written whole or not at all (``ufm.support.whole_file``), and equal content gives equal bytes.
    """
    whole = _without_views(tensors)
    with whole_file(path, advice=advice) as partial:
        save_file(whole, partial, {**header, DIGEST: _digest(header, whole)})
        _sort_header(partial)


def _without_views(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Moves tensors to the host and copies views, which safetensors cannot store; other tensors, maybe large, stay."""
    whole: dict[str, Tensor] = {}
    places: set[int] = set()
    for name, tensor in tensors.items():
        part = tensor.detach().cpu().contiguous()
        if part.untyped_storage().nbytes() != part.nbytes or part.data_ptr() in places:
            part = part.clone()
        places.add(part.data_ptr())
        whole[name] = part
    return whole


def _sort_header(path: Path) -> None:
    """safetensors writes it in an order drawn anew by every process; it may be padded by blanks."""
    with path.open("rb+") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        ordered = {"__metadata__": dict(sorted(header.pop("__metadata__", {}).items())), **header}
        text = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode()
        if len(text) <= size:
            file.seek(8)
            file.write(text.ljust(size))


def load_checked(path: Path, form: str, kind: str) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Loads tensors and header exactly as they were saved.

    path  a regular file, as the caller has checked
    form  what header["format"] must be; kind  what such a file is called in errors, as "solution"
    Raises ValueError, saying what is wrong but not where, for a file that is damaged, of another format or without
    checksum; MemoryError if it would not fit.
    """
    require_memory(2 * path.stat().st_size, "cpu", f"reading {str(path)!r}", "free memory first")
    try:
        with safe_open(path, framework="pt") as file:
            header = dict(file.metadata() or {})
            found = header.get("format")
            if found != form:
                raise ValueError(f"not a {kind} of this program (format {found!r}){_earlier(found, form)}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"not a whole safetensors file ({error})") from error
    saved = header.pop(DIGEST, None)
    if saved != _digest(header, tensors):
        raise ValueError("damaged: its content does not match its SHA-256" if saved else "without its SHA-256")
    return tensors, header


def _digest(header: Mapping[str, str], tensors: Mapping[str, Tensor]) -> str:
    return content_digest({"header": header, "tensors": tensors})


def _earlier(found: object, form: str) -> str:
    """Formats end in a version; version 1 had no checksum."""
    if isinstance(found, str) and found[:-1] == form[:-1] and found < form:
        return ": an earlier version wrote it, without a checksum; make it anew"
    return ""
