"""TOML, bounded in length and depth before parsing: tomllib recurses, and its time grows quadratically."""

from __future__ import annotations

import logging
import re
import tomllib
from pathlib import Path
from typing import Any

from ufm.support.regular_file import require_regular

logger = logging.getLogger(__name__)

LENGTH = 2**20  # characters; the longest configuration of the paper has 4,000
DEPTH = 32  # brackets within brackets, and parts of a dotted key

_STRING_OR_COMMENT = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)' r"|'''.*?(?:'''|\Z)" r'|"(?:[^"\\\n]|\\.)*"' r"|'[^'\n]*'|#[^\n]*", re.DOTALL
)
_BRACKET = re.compile(r"[\[\]{}]")
_LONG_KEY = re.compile(rf"\.(?:[ \t]*[\w-]+[ \t]*\.){{{DEPTH - 1}}}")


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises ValueError if it is not TOML, over 2^20 characters, or over 32 levels."""
    if len(text) > LENGTH:
        raise ValueError(f"{len(text):,} characters; a configuration has at most {LENGTH:,}")
    bare = _STRING_OR_COMMENT.sub(lambda match: "" if match[0].startswith("#") else "s", text)
    depth = 0
    for match in _BRACKET.finditer(bare):
        depth += 1 if match[0] in "[{" else -1
        if depth > DEPTH:
            raise ValueError(f"nested deeper than {DEPTH} brackets")
    if _LONG_KEY.search(bare):
        raise ValueError(f"a key of more than {DEPTH} parts")
    return tomllib.loads(text)


def read_toml(path: Path, what: str = "config") -> dict[str, Any]:
    """The tables of a TOML file; raises ValueError or FileNotFoundError naming field and path: ``config='…'``."""
    require_regular(what, path)
    try:
        if path.stat().st_size > 4 * LENGTH:
            raise ValueError(f"{path.stat().st_size:,} bytes; a configuration has at most {LENGTH:,} characters")
        tables = parse_toml(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{what}={str(path)!r} is not a TOML file: {error}") from None
    logger.info("read %s", path)
    return tables
