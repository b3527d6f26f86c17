"""The page as one HTML file with its figures inside: no script, no address outside it."""

from __future__ import annotations

from typing import Any

from verify.plot.style import require_matplotlib
from verify.report.blocks import Page


def require_page_libraries() -> None:
    """Raises ModuleNotFoundError that says what to install where matplotlib or jinja2 is missing."""
    require_matplotlib()
    try:
        import jinja2  # noqa: F401
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("a page needs jinja2: pip install 'ufm-toolkit[cli]'", name=error.name) from error


def as_html(page: Page) -> str:
    """``templates/page.html`` of the page. Every text is escaped; only what objects show in a notebook is HTML."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("verify.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.tests["a"] = lambda block, name: type(block).__name__ == name
    made.filters |= {"shown": _shown, "class": _class}
    return made.get_template("page.html").render(page=page)


def _shown(value: Any) -> str:
    from markupsafe import Markup

    notebook = getattr(value, "_repr_html_", None)
    return Markup(notebook()) if callable(notebook) else Markup("<pre>{}</pre>").format(value)


def _class(kind: str) -> str:
    from markupsafe import Markup

    return Markup(' class="{}"').format(kind) if kind else ""
