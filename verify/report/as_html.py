"""The page as one HTML file that embeds its figures, style and script, without external links."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

from verify.plot.style import require_matplotlib
from verify.report.blocks import Page
from verify.report.inline_svg import InlineFigures
from verify.report.symbols import formula, prose, typeset


def require_page_libraries() -> None:
    """Raises ModuleNotFoundError that says what to install where matplotlib, jinja2 or latex2mathml is missing."""
    require_matplotlib()
    try:
        import jinja2  # noqa: F401
        import latex2mathml  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a page needs {error.name}: pip install 'ufm-toolkit[cli]'", name=error.name
        ) from error


def as_html(page: Page) -> str:
    """Renders the page with ``templates/page.html``. Text is escaped, its symbols become MathML; data is JSON."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("verify.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    figures = InlineFigures()
    made.tests["a"] = lambda block, name: type(block).__name__ == name
    made.filters |= {"typeset": _typeset, "prose": prose, "formula": formula, "data": _data, "class": _class}
    made.globals |= {"drawn": lambda file: _markup(figures.add(file.svg)), "shared": lambda: _markup(figures.shared)}
    groups = [list(parts) for _, parts in groupby(page.parts, key=lambda part: part.section.line is not None)]
    return made.get_template("page.html").render(page=page, parts=page.parts, groups=groups)


def _typeset(text: str) -> Any:
    """Typesets symbols in text; names given by users stay as they are."""
    return text if type(text).__name__ in ("Name", "Link") else typeset(text)


def _data(value: Any) -> Any:
    """JSON that cannot end a ``script`` element, whatever names it contains."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return _markup(text)


def _class(kind: str) -> Any:
    from markupsafe import Markup

    return Markup(' class="{}"').format(kind) if kind else ""


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)
