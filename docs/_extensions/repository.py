"""The repository around the documentation: links to its files lead to pages that show them, so that the site is whole.

A relative link of a page that leaves the documentation, such as ``../verify/reading/form.py``, works on a forge as it
stands. In the site it leads to a page with the highlighted file, or the folder's contents. A page named in
``repository_pages`` is the Markdown file at the repository's root: its stub in ``docs/`` only says where that is.
"""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from docutils import nodes
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import TextLexer, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx.application import Sphinx

SCHEME = "repository:"
ROOT = Path(__file__).resolve().parents[2]
_LINK = re.compile(r"(!?)(\[(?:[^\[\]]|\[[^\]]*\])*\])\(([^()\s]+)\)")
_FENCE = re.compile(r"^(`{3,}|~{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)


def page_of(path: str) -> str:
    """The site's page for a file or folder of the repository."""
    return f"source/{path}" if path else "source/index"


def read(app: Sphinx, docname: str, content: list[str]) -> None:
    """Before a page is parsed: a stub's whole text, and links out of the documentation by a scheme of their own."""
    pages: dict[str, str] = app.config.repository_pages
    base = (Path(app.srcdir) / docname).parent
    if docname in pages:
        file = ROOT / pages[docname]
        app.env.note_dependency(str(file))
        text = file.read_text(encoding="utf-8")
        # without a title of its own it keeps the stub's
        content[0] = text if text.startswith("# ") else f"{content[0].splitlines()[0]}\n\n{text}"
        base = file.parent
    if Path(app.env.doc2path(docname)).suffix != ".md":
        return
    texts, start = [], 0
    for fence in _FENCE.finditer(content[0]):  # code stays as it is
        texts += [_relink(app, docname, base, content[0][start : fence.start()]), fence[0]]
        start = fence.end()
    content[0] = "".join([*texts, _relink(app, docname, base, content[0][start:])])


def _relink(app: Sphinx, docname: str, base: Path, text: str) -> str:
    stubs = {file: f"/{page}.md" for page, file in app.config.repository_pages.items()}

    def new(match: re.Match[str]) -> str:
        bang, words, link = match.groups()
        path, mark, fragment = link.partition("#")
        if not path or re.match(r"[a-z][a-z0-9+.-]*:", link):
            return match[0]
        target = Path(os.path.normpath(base / unquote(path)))
        if bang or not target.is_relative_to(ROOT):
            return match[0]
        inside = target.relative_to(ROOT).as_posix()
        if inside in stubs:
            return f"{words}({stubs[inside]}{mark}{fragment})"
        if target.is_relative_to(app.srcdir) and target.suffix == ".md":
            inside = target.relative_to(app.srcdir).as_posix()
            return f"{words}(/{inside}{mark}{fragment})"
        if inside.startswith("docs/gallery/"):  # the page that the script makes
            page = "index" if target.suffix == ".rst" else target.stem
            return f"{words}(/_generated/gallery/{page}.rst)"
        if not target.exists():
            return match[0]  # the parser says that it is not there
        return f"{words}({SCHEME}{inside}{mark}{fragment})"

    return _LINK.sub(new, text)


def resolve(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """The scheme's links become relative ones, and what they lead to is noted."""
    shown: set[str] = app.env.__dict__.setdefault("repository_shown", set())
    for node in doctree.findall(nodes.reference):
        uri = node.get("refuri", "")
        if uri.startswith(SCHEME):
            path, mark, fragment = uri.removeprefix(SCHEME).partition("#")
            shown.add(path)
            node["refuri"] = app.builder.get_relative_uri(docname, page_of(path)) + mark + fragment
            node["internal"] = True


def pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """A page for every file and folder that some page links to, and for what is in such a folder."""
    waiting = sorted(app.env.__dict__.get("repository_shown", ()))
    done: set[str] = set()
    while waiting:
        path = waiting.pop()
        if path in done:
            continue
        done.add(path)
        target = ROOT / path
        if target.is_dir():
            here = sorted(p.name for p in target.iterdir() if not p.name.startswith((".", "__")) and p.suffix != ".pyc")
            waiting += [f"{path}/{name}" for name in here if _shown(target / name)]
            body = "<ul>" + "".join(_item(app, path, name) for name in here if _shown(target / name)) + "</ul>"
        else:
            body = _code(target)
        yield page_of(path), {"title": path, "body": f"<h1>{html.escape(path)}</h1>\n{body}", "toc": ""}, "page.html"


def _shown(path: Path) -> bool:
    return path.is_dir() or path.suffix in (".py", ".toml", ".md", ".json", ".txt", ".csv", "")


def _item(app: Sphinx, folder: str, name: str) -> str:
    uri = app.builder.get_relative_uri(page_of(folder), page_of(f"{folder}/{name}"))
    return f'<li><a href="{uri}">{html.escape(name)}</a></li>'


def _code(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    try:
        lexer = get_lexer_for_filename(path.name)
    except ClassNotFound:
        lexer = TextLexer()
    return highlight(text, lexer, HtmlFormatter(linespans="L", cssclass="highlight source"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Connects the three steps: reading, resolving, writing."""
    app.add_config_value("repository_pages", {}, "env")
    app.connect("source-read", read)
    app.connect("doctree-resolved", resolve)
    app.connect("html-collect-pages", pages)
    return {"parallel_read_safe": True}
