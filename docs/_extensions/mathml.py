"""Formulas as MathML: browsers set it themselves, so that a page needs no script, no font and no network.

latex2mathml does the translation. What it does not know, it passes on as text; here that is an error, which names the
formula, and ``sphinx-build -W`` fails.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.math import get_node_equation_number

# MathML Core has no mathvariant but "normal": single letters are written as the Unicode letters that they are
_LETTERS = {("bold", "1"): "𝟏", ("double-struck", "R"): "ℝ", ("script", "H"): "ℋ", ("script", "N"): "𝒩"}
_STYLED = re.compile(r'<(m[in]) mathvariant="([a-z-]+)">([^<]*)</\1>')
_NAME = re.compile(r"<mo>([A-Za-z]{2,})</mo>")
_ARGUMENT = re.compile(
    r"(<mi>(?:log|lse|tr|cos|rank|diag|exp|softmax|min|max|sup|inf)</mi>)(?=<m(?:i|n|sub|sup|subsup|row|frac|sqrt|over)\b)"
)
_ACCENT = re.compile(
    r'<mover>(<m[^>]*>(?:(?!<mover>).)*?<mo(?: stretchy="false")?>(?:&#x0007E;|&#x0005E;)</mo></mover>)'
)
_ALIGNED = re.compile(r'columnalign="(left|right|center)"')  # MathML Core leaves that to CSS


class FormulaError(SphinxError):
    """A formula that cannot be translated."""

    category = "formula"


def mathml(latex: str, display: str) -> str:
    """The MathML element of a formula; FormulaError names the formula that is not understood."""
    latex = re.sub(r"\{aligned\}", "{align*}", latex)  # the same to a reader, and the name that the translator knows
    try:
        text = convert(latex, display=display)
    except Exception as error:
        raise FormulaError(f"{error!r} in {latex!r}") from error
    if unknown := re.search(r"[^<>]*\\[^<>]*", text):
        raise FormulaError(f"unknown command {unknown[0]!r} in {latex!r}")
    text = text.replace("negativethinmathspace", "-0.167em")
    text = _NAME.sub(r"<mi>\1</mi>", text)
    text = _ARGUMENT.sub(r'\1<mspace width="0.167em" />', text)
    text = _STYLED.sub(_letter, text)
    text = _ACCENT.sub(r'<mover accent="true">\1', text)
    text = _ALIGNED.sub(r'columnalign="\1" style="text-align: \1"', text)
    if display == "block":
        text = _limits(text)
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise FormulaError(f"no well-formed MathML ({error}) from {latex!r}") from error
    if any((element.text or "") in ("&", "#") for element in tree.iter()):
        raise FormulaError(f"an & outside of rows and columns in {latex!r}")
    return text


def _letter(match: re.Match[str]) -> str:
    tag, variant, letter = match.groups()
    if variant == "normal":
        return match[0]
    if (variant, letter) not in _LETTERS:
        raise FormulaError(f"no Unicode letter is listed for {variant} {letter!r}")
    return f"<{tag}>{_LETTERS[variant, letter]}</{tag}>"


def _limits(text: str) -> str:
    """Displayed, what min, max, sup and lim range over stands below them."""
    tree = ElementTree.fromstring(text)
    space = "{http://www.w3.org/1998/Math/MathML}"
    for element in tree.iter(f"{space}msub"):
        if (element[0].text or "") in ("min", "max", "sup", "inf", "lim"):
            element.tag = f"{space}munder"
    ElementTree.register_namespace("", space[1:-1])
    return ElementTree.tostring(tree, encoding="unicode")


def visit_inline(self: object, node: nodes.math) -> None:
    """An inline formula."""
    self.body.append(mathml(node.astext(), "inline"))
    raise nodes.SkipNode


def visit_block(self: object, node: nodes.math_block) -> None:
    """A displayed formula, with its number where it has a label."""
    anchor = f' id="{node["ids"][0]}"' if node["ids"] else ""
    self.body.append(f'<div class="formula"{anchor}>{mathml(node.astext(), "block")}')
    if node.get("number"):
        number = get_node_equation_number(self, node)
        self.body.append(f'<span class="eqno">({number})</span>')
    self.body.append("</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers the renderer as ``mathml``."""
    app.add_html_math_renderer("mathml", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
