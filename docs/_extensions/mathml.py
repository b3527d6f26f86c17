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
_NAMES = {"log", "lse", "tr", "cos", "rank", "diag", "exp", "softmax", "min", "max", "sup", "inf"}
_BELOW = {"min", "max", "sup", "inf"}
_ENVIRONMENTS = {"aligned", "cases", "pmatrix"}
_ROWS = {"math", "mrow", "mtd", "mstyle", "msqrt"}
_SPACE = "http://www.w3.org/1998/Math/MathML"
ElementTree.register_namespace("", _SPACE)


class FormulaError(SphinxError):
    """A formula that cannot be translated."""

    category = "formula"


def mathml(latex: str, display: str) -> str:
    """The MathML element of a formula; FormulaError names the formula that is not understood."""
    if unknown := set(re.findall(r"\\begin\{(.*?)\}", latex)) - _ENVIRONMENTS:
        raise FormulaError(f"no environment {', '.join(sorted(unknown))} is known, in {latex!r}")
    try:  # align* is aligned by the name that the translator knows
        text = convert(latex.replace("{aligned}", "{align*}"), display=display)
    except Exception as error:
        raise FormulaError(f"{error!r} in {latex!r}") from error
    if unknown := re.search(r"[^<>]*\\[^<>]*", text):
        raise FormulaError(f"unknown command {unknown[0]!r} in {latex!r}")
    try:
        tree = ElementTree.fromstring(text.replace("negativethinmathspace", "-0.167em"))
    except ElementTree.ParseError as error:
        raise FormulaError(f"no well-formed MathML ({error}) from {latex!r}") from error
    for element in tree.iter():
        _mend(element, display, latex)
    for element in tree.iter():
        if _kind(element) in _ROWS:
            _space_names(element)
    return ElementTree.tostring(tree, encoding="unicode")


def _kind(element: ElementTree.Element) -> str:
    return element.tag.removeprefix(f"{{{_SPACE}}}")


def _mend(element: ElementTree.Element, display: str, latex: str) -> None:
    """What MathML Core does not know, said in what it knows."""
    kind, text = _kind(element), element.text or ""
    if text in ("&", "#"):
        raise FormulaError(f"an & outside of rows and columns in {latex!r}")
    if kind == "mo" and len(text) > 1 and text.isalpha():  # a function's name, which needs no operator's spaces
        element.tag = f"{{{_SPACE}}}mi"
    if kind == "mo" and text in "|‖/" and element.get("fence") != "true":  # TeX leaves no room around these
        element.attrib |= {"stretchy": "false", "lspace": "0.06em", "rspace": "0.06em"}
    if (variant := element.get("mathvariant")) not in (None, "normal"):
        if (variant, text) not in _LETTERS:
            raise FormulaError(f"no Unicode letter is listed for {variant} {text!r} in {latex!r}")
        element.text = _LETTERS[variant, text]
        del element.attrib["mathvariant"]
    if kind == "mover" and (element[1].text or "") in "~^":
        element.set("accent", "true")
    if kind == "msub" and display == "block" and (element[0].text or "") in _BELOW:
        element.tag = f"{{{_SPACE}}}munder"
    if align := element.get("columnalign"):
        element.set("style", f"text-align: {align}")


def _space_names(row: ElementTree.Element) -> None:
    """A thin space between a function's name and what stands beside it, but for brackets and operators."""
    for at in reversed(range(len(row))):
        base = row[at] if _kind(row[at]) == "mi" or not len(row[at]) else row[at][0]
        if _kind(row[at]) not in ("mi", "msub", "msup", "msubsup", "munder") or (base.text or "") not in _NAMES:
            continue
        for place in (at + 1, at):
            beside = row[place if place > at else at - 1] if 0 < place < len(row) else None
            if beside is not None and _kind(beside) not in ("mo", "mspace", "mtext") and not _bracketed(beside):
                row.insert(place, ElementTree.Element(f"{{{_SPACE}}}mspace", width="0.167em"))


def _bracketed(element: ElementTree.Element) -> bool:
    return len(element) > 0 and element[0].get("fence") == "true"


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
