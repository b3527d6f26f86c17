"""Symbols that an encoding lacks, spelled in ASCII; nothing is dropped."""

from __future__ import annotations

import codecs
import unicodedata

NAME = "ufm.plain-symbols"

_SPELLED = {
    "°": " degrees", "±": "+-", "·": "*", "×": "x", "÷": "/", "–": "-", "—": "-", "‖": "||", "‘": "'", "’": "'",
    "“": '"', "”": '"', "•": "*", "′": "'", "ℓ": "l", "←": "<-", "→": "->",
    "⇒": "=>", "↦": "|->", "∂": "d", "∇": "grad ",
    "∈": " in ", "−": "-", "∘": " o ", "√": "sqrt ", "∝": " ~ ", "∞": "inf", "∠": "angle ", "≈": "~=", "≠": "!=",
    "≤": "<=", "≥": ">=", "⊆": " subset of ", "⌈": "ceil(", "⌉": ")", "⌊": "floor(", "⌋": ")", "✓": "yes", "✗": "no",
    "⟨": "<", "⟩": ">", "⪰": ">=", "≼": "<=", "Σ": "sum", "Π": "prod", "λ": "lambda", "Λ": "Lambda",
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "-", "\u0308": '"', "\u2044": "/",
}  # fmt: skip


def spelled(character: str) -> str:
    """ASCII: "λ" is "lambda", "²" "^2", "₁" "_1"; what has no such spelling is escaped, as in Python."""
    if character.isascii():
        return character
    if character in _SPELLED:
        return _SPELLED[character]
    kind, _, parts = unicodedata.decomposition(character).rpartition("> ")
    if parts and kind in ("", "<super", "<sub", "<compat", "<font", "<fraction"):
        before = {"<super": "^", "<sub": "_"}.get(kind, "")
        return before + "".join(spelled(chr(int(part, 16))) for part in parts.split())
    name = unicodedata.name(character, "")
    if name.startswith("GREEK ") and " LETTER " in name and " WITH " not in name:
        letter = name.rpartition(" ")[2].lower()
        return letter.title() if "CAPITAL" in name else letter
    if name.startswith("BOX DRAWINGS"):
        return "+" if " AND " in name else "-" if "HORIZONTAL" in name else "|"
    return character.encode("ascii", "backslashreplace").decode()


def _replacement(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    character = error.object[error.start]
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name that is no character of the system's encoding
        return bytes([ord(character) - 0xDC00]), error.start + 1
    return spelled(character), error.start + 1


def register() -> None:
    """Makes ``NAME`` an error handler of encodings, for ``errors=``."""
    codecs.register_error(NAME, _replacement)
