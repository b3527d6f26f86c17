"""The site, built by ``python -m sphinx -W -b html docs site``: whole, offline, and readable at every width.

What needs the built pages is slow. The variable UFM_SITE names a folder where they stand already; else they are built.
"""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FENCE = re.compile(r"^(`{3,}).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
DISPLAYED = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
INLINE = re.compile(r"(?<![\\$])\$(?!\s)([^$]+?)(?<!\s)\$")


@pytest.fixture
def extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of docs/_extensions can be imported."""
    pytest.importorskip("sphinx")
    monkeypatch.syspath_prepend(str(DOCS / "_extensions"))


def formulas() -> Iterator[tuple[str, str, str]]:
    """(page, formula, block or inline)"""
    for page in DOCS.rglob("*.md"):
        text = re.sub(r"`[^`\n]*`", "", FENCE.sub("", page.read_text(encoding="utf-8")))
        name = str(page.relative_to(ROOT))
        yield from ((name, formula, "block") for formula in DISPLAYED.findall(text))
        yield from ((name, formula, "inline") for formula in INLINE.findall(DISPLAYED.sub("", text)))


@pytest.mark.usefixtures("extensions")
def test_every_formula_becomes_well_formed_mathml() -> None:
    from xml.etree import ElementTree

    from mathml import mathml

    found = list(formulas())
    assert len(found) > 500
    for page, formula, display in found:
        tree = ElementTree.fromstring(mathml(formula, display))
        assert all("\\" not in (element.text or "") for element in tree.iter()), f"{page}: {formula}"


@pytest.mark.usefixtures("extensions")
@pytest.mark.parametrize(
    "formula", [r"\nosuchcommand x", "a & b", r"\mathbf Q", r"\frac{a}{", r"\begin{nosuch} a \end{nosuch}"]
)
def test_a_formula_that_is_not_understood_is_refused_by_name(formula: str) -> None:
    from mathml import FormulaError, mathml

    with pytest.raises(FormulaError) as error:
        mathml(formula, "block")
    assert repr(formula) in str(error.value)


@pytest.mark.usefixtures("extensions")
def test_formulas_are_said_in_what_browsers_know() -> None:
    from mathml import mathml

    below = mathml(r"\min_{x} N\log x", "block")
    assert "<munder><mi>min</mi>" in below
    assert '<mi>N</mi><mspace width="0.167em" /><mi>log</mi><mspace width="0.167em" /><mi>x</mi>' in below
    assert "<msub><mi>min</mi>" in mathml(r"\min_{x} x", "inline")
    assert 'style="text-align: right"' in mathml(r"\begin{aligned} a &= b \\ c &= d \end{aligned}", "block")
    assert "mathvariant" not in mathml(r"\mathbf 1 \in \mathbb R^d", "inline")


@pytest.mark.usefixtures("extensions")
def test_docstrings_keep_columns_formulas_and_symbols() -> None:
    from docstrings import restructured

    lines = [
        "Of |S| and w_ ``x_``.",
        "",
        "    F = *W* H",
        "",
        "W       heads, `b`",
        "        of shape (K, d)",
        "H_l  one",
    ]
    assert restructured(lines) == [
        *(r"Of \|S\| and w\_ ``x_``.", "", "::", "", "        F = *W* H", ""),
        *("``W``", "    heads, ``b``", "    of shape (K, d)", "``H_l``", "    one", ""),
    ]


@pytest.mark.parametrize("package", ["ufm", "theory", "verify", "ufm_networks"])
def test_every_public_name_is_in_the_reference(package: str) -> None:
    reference = "".join(page.read_text(encoding="utf-8") for page in (DOCS / "reference").glob("*.md"))
    documented = set(re.findall(rf"auto\w+:: {package}\.([\w.]+)", reference))
    public = {name for name in importlib.import_module(package).__all__ if not name.startswith("_")}
    assert public - documented <= {"claims", "strategies", "derivations", "plot", "logging"}


def test_every_gallery_script_shows_and_asserts_something() -> None:
    scripts = sorted((DOCS / "gallery").glob("*.py"))
    assert len(scripts) >= 10
    for script in scripts:
        text = script.read_text(encoding="utf-8")
        assert "assert " in text, script.name
        assert "figure" in text, script.name


class Page(HTMLParser):
    """What a page defines, links to and loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids, self.links, self.loaded = set[str](), list[str](), list[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids |= {value for key in ("id", "name") if (value := found.get(key))}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"] or "")
        elif tag == "link" and found.get("rel") not in ("search", "index", "next", "prev", "author", "canonical"):
            self.loaded.append(found.get("href") or "")
        elif tag in ("script", "img", "iframe", "source") and found.get("src"):
            self.loaded.append(found["src"] or "")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; Sphinx' warnings are errors."""
    if built := os.environ.get("UFM_SITE"):
        return Path(built).resolve()
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site") / "site"
    words = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", str(DOCS), str(folder)]
    done = subprocess.run(words, capture_output=True, encoding="utf-8", timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.mark.slow
def test_nothing_is_loaded_over_the_network(site: Path) -> None:
    for path in site.rglob("*.html"):
        away = [link for link in Page(path).loaded if re.match(r"(https?:)?//", link)]
        assert away == [], path
    for path in site.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", text), path


@pytest.mark.slow
def test_links_anchors_and_images_are_there(site: Path) -> None:
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert site / "index.html" in pages
    broken = []
    for path, page in pages.items():
        for link in [*page.links, *page.loaded]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = Path(os.path.normpath(path.parent / unquote(parts.path))) if parts.path else path
            there = target.is_file()
            if there and parts.fragment and target in pages:
                there = unquote(parts.fragment) in pages[target].ids
            if not there:
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


@pytest.mark.slow
def test_the_tutorial_can_be_taken_along_as_a_notebook(site: Path) -> None:
    import json

    notebooks = list((site / "_downloads").rglob("tutorial.ipynb"))
    assert len(notebooks) == 1
    cells = json.loads(notebooks[0].read_text(encoding="utf-8"))["cells"]
    assert sum(cell["cell_type"] == "code" for cell in cells) >= 10
    assert any(cell.get("outputs") for cell in cells)


READ = (
    *("index", "tutorial", "theory", "theory/theorems", "theory/certificate", "theory/squared-error", "glossary"),
    *("notation", "where-claims-fail", "howto", "howto/check-a-theorem", "howto/your-own-model", "reproduction"),
    *("reference/verify", "reference/command-line", "reference/files", "benchmarks", "results/README"),
    *("_generated/gallery/index", "_generated/gallery/falsification", "findings/findings", "changelog"),
)


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 800, 1400])
def test_pages_fit_the_window_and_say_no_error(site: Path, width: int, scheme: str) -> None:
    """In headless Chromium: nothing is wider than the window, no request leaves the folder, the console is silent."""
    if CHROMIUM is None:
        pytest.skip("no Chromium here")
    playwright = pytest.importorskip("playwright.sync_api")
    said: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request", lambda request: None if request.url.startswith(("file:", "data:")) else said.append(request.url)
        )
        for name in READ:
            page.goto((site / f"{name}.html").as_uri())
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{name} is {wide} pixels wide"
            background = page.evaluate("getComputedStyle(document.body).backgroundColor")
            red = int(re.findall(r"\d+", background)[0])
            assert (red < 100) == (scheme == "dark"), f"{name}: {background}"
        browser.close()
    assert said == []
