"""The text of a label file; wrong encodings, NUL bytes and overlong lines are found before parsing."""

from __future__ import annotations

import io
import stat
from collections.abc import Iterator
from pathlib import Path

from ufm.support.memory import require_memory

LONGEST_LINE = 2**20  # bytes; a parser given longer ones takes hundreds of times their size
BLANK = b" \t\n"
_UTF_8, _UTF_16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")


def require_file(path: Path, flag: str) -> None:
    """Raises FileNotFoundError if it is missing, ValueError for a folder, a pipe or a device, which might block."""
    if not path.exists():
        raise FileNotFoundError(f"{flag}: there is no file {path}")
    if path.is_dir():
        raise ValueError(f"{flag}: {path} is a folder; name the file in it")
    if not stat.S_ISREG(path.stat().st_mode):
        raise ValueError(f"{flag}: {path} is a pipe or device; write it to a file first")


def read_text(path: Path, name: str) -> bytes:
    """UTF-8 without byte order mark, lines ended by "\\n", no NUL, no line above 1 MiB; ValueError otherwise."""
    require_memory(6 * path.stat().st_size, "cpu", f"reading {path.name}", "split the file")
    data = _as_utf_8(name, path.read_bytes())
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if not data.strip():
        raise ValueError(f"{name} is empty")
    data += b"" if data.endswith(b"\n") else b"\n"
    number, longest = max(enumerate(map(len, io.BytesIO(data)), start=1), key=lambda line: line[1])
    if longest > LONGEST_LINE:
        raise ValueError(
            f"{name}, line {number}: {longest:,} bytes, more than {LONGEST_LINE:,}; "
            "a line is one sample; write wider arrays as .npy"
        )
    return data


def lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers in the file from 1."""
    return ((number, line) for number, line in enumerate(io.BytesIO(data), start=1) if line.strip(BLANK))


def _as_utf_8(name: str, data: bytes) -> bytes:
    encoding = "utf-16" if data.startswith(_UTF_16) else "utf-8"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(
            f"{name}, line {line}: byte 0x{data[error.start]:02x} is not {encoding.upper()} text; "
            "save the file as UTF-8"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise ValueError(
            f"{name}, line {line}: a NUL byte, as in UTF-16 without a byte order mark; save the file as UTF-8"
        )
    return data.removeprefix(_UTF_8) if encoding == "utf-8" else text.encode()
