"""Docstrings as they are written in the code, plain text with columns and formulas, made reStructuredText for autodoc.

Three things are told apart. An indented block is a formula or code and stays as it is set. A line with a gap of two
spaces or more is a name and what it means, and goes into a definition list. All else is prose, in which nothing but
double backticks is markup.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.application import Sphinx

_ENTRY = re.compile(r"^(\S+(?: \S+)*?) {2,}(\S.*)$")
_MARKED = re.compile(r"``.+?``|`[^`]+`", re.DOTALL)
_SPECIAL = re.compile(r"([\\*|_`<>])")


def prose(text: str) -> str:
    """Text in which only code between backticks is markup."""
    parts, start = [], 0
    for match in _MARKED.finditer(text):
        parts += [_SPECIAL.sub(r"\\\1", text[start : match.start()]), "``" + match[0].strip("`") + "``"]
        if match.end() < len(text) and (text[match.end()].isalnum() or text[match.end()] in "²ᵗ"):
            parts.append("\\ ")
        start = match.end()
    return "".join([*parts, _SPECIAL.sub(r"\\\1", text[start:])])


def restructured(lines: list[str]) -> list[str]:
    """The lines of a docstring as reStructuredText."""
    written: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif line.startswith("  "):  # a formula, or code
            block, at = _while(lines, at, lambda text: not text.strip() or text.startswith("  "))
            written += ["::", "", *(f"    {text}" for text in block), ""]
        elif _ENTRY.match(line):
            entries, at = _while(lines, at, lambda text: bool(_ENTRY.match(text)) or text.startswith("  "))
            written += [*_definitions(entries), ""]
        elif line.startswith("- "):
            items, at = _while(lines, at, lambda text: text.startswith(("- ", "  ")))
            written += [*(prose(text) if text[0] != "-" else "- " + prose(text[2:]) for text in items), ""]
        else:
            words, at = _while(
                lines,
                at,
                lambda text: bool(text.strip()) and text[0] != " " and not _ENTRY.match(text) and text[:2] != "- ",
            )
            written += [*prose("\n".join(words)).split("\n"), ""]
    return written


def _while(lines: list[str], at: int, holds: Any) -> tuple[list[str], int]:
    end = at + 1
    while end < len(lines) and holds(lines[end]):
        end += 1
    block = lines[at:end]
    while block and not block[-1].strip():
        block.pop()
    return block, end


def _definitions(entries: list[str]) -> list[str]:
    """Each name, and below it the text with its continuation lines."""
    written: list[str] = []
    for line in entries:
        match = _ENTRY.match(line)
        if match and not line.startswith(" "):
            written += [f"``{match[1]}``", f"    {prose(match[2])}"]
        else:
            written.append(f"    {prose(line.strip())}")
    return written


def process(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """autodoc's event: the lines are changed in place."""
    lines[:] = restructured(lines)


def setup(app: Sphinx) -> dict[str, bool]:
    """Hooks into autodoc."""
    app.connect("autodoc-process-docstring", process)
    return {"parallel_read_safe": True}
