"""The paper's symbols in running text, such as w_k^t and n^{11}, as MathML; formulas of their own, too."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

# what carries an index in the paper; a name of a user's, such as my_file_1, is none of these
_BASE = "[A-Zbcdhnuvw\u0391-\u03c9]\u0303?"
_SCRIPT = r"(?:\{[^{}]{1,20}\}|[A-Za-z0-9])'?"
_ATOM = rf"{_BASE}(?:_{_SCRIPT}(?:\^{_SCRIPT})?|\^{_SCRIPT}(?:_{_SCRIPT})?)"
_SYMBOLS = re.compile(rf"(?<![\w\\^.]){_ATOM}(?:{_ATOM})*(?![\w^])")

# as browsers show them well: an accent close to its letter, a prime as large as an index
_TILDE = '<mo stretchy="false">&#x0007E;</mo>'
_PRIME, _PLAIN_PRIME = "<msup><mi>k</mi><mi>&#x02032;</mi></msup>", "<mi>k\u2032</mi>"
_POWER = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)e([-+]\d+)(?!\w)")


def typeset(text: str) -> Any:
    """Markup: the text escaped, every symbol with an index in it as MathML."""
    from markupsafe import Markup, escape

    parts, end = [], 0
    for found in _SYMBOLS.finditer(text):
        parts += [escape(text[end : found.start()]), Markup(_symbol(found[0]))]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def prose(text: str) -> Any:
    """Markup: as ``typeset``, and 2.5e-06 as a power of ten, which no line's end breaks."""
    from markupsafe import Markup

    return Markup(_POWER.sub(_power, typeset(text)))


def _power(found: re.Match[str]) -> str:
    exponent = f"{int(found[2])}".replace("-", "−")
    return f'<span class="power">{found[1]} · 10<sup>{exponent}</sup></span>'


def formula(latex: str) -> Any:
    """Markup: LaTeX of the program's own, never of a user's, on a line of its own."""
    from markupsafe import Markup

    return Markup(f'<math display="block">{_mathml(latex)}</math>')


@cache
def _symbol(text: str) -> str:
    primed = re.sub("([_^])([A-Za-z0-9])'", r"\1{\2'}", text)
    latex = re.sub("(.)\u0303", r"\\tilde{\1}", primed)
    return f"<math>{_mathml(latex)}</math>"


@cache
def _mathml(latex: str) -> str:
    """The content of ``math``; the element itself is written without its namespace, which HTML implies."""
    from latex2mathml.converter import convert

    inside = re.sub("^<math[^>]*><mrow>(.*)</mrow></math>$", r"\1", convert(latex), flags=re.S)
    return (
        inside.replace("<mover>", '<mover accent="true">')
        .replace(_TILDE, "<mo>\u02dc</mo>")
        .replace(_PRIME, _PLAIN_PRIME)
    )
