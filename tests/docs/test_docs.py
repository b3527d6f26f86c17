"""The documentation is true: every Python block runs as a reader would run it, and every relative link resolves."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
RUNNABLE = "python"
NOT_RUN = "python no-run"
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.*?) *$", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[tuple[int, str, str]]:
    """(line of the code's first line, what follows the opening fence, code) of every fenced block."""
    text = page.read_text(encoding="utf-8")
    return [(text.count("\n", 0, m.start()) + 2, m[1].strip(), m[2]) for m in FENCE.finditer(text)]


def anchors(page: Path) -> set[str]:
    """What a fragment may name: each heading in lower case, punctuation dropped, spaces as hyphens."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


WITH_CODE = [page for page in PAGES if any(info == RUNNABLE for _, info, _ in blocks(page))]


def test_readme_and_docs_have_code_to_run() -> None:
    found = {name(page) for page in WITH_CODE}
    assert {"README.md", "docs/howto/certify-a-point.md", "docs/howto/solve-large-problems.md"} <= found


@pytest.mark.parametrize("page", WITH_CODE, ids=name)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of a page share a namespace, start in an empty folder, and may not warn."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for line, info, code in blocks(page):
            if info == RUNNABLE:
                # blank lines first, so that a traceback names the page's own line
                exec(compile("\n" * (line - 1) + code, str(page), "exec"), namespace)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_python_fences_are_spelled_so_that_none_is_skipped(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert len(re.findall(r"^```", text, re.MULTILINE)) == 2 * len(blocks(page))
    for line, info, _ in blocks(page):
        python = info.lower().startswith(("py", "{.py", "{py"))
        assert not python or info in (RUNNABLE, NOT_RUN), f"{name(page)}:{line}: fence {info!r}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_relative_links_resolve(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    missing = []
    for link in LINK.findall(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        there = target.is_relative_to(ROOT) and target.exists()
        if not there or (fragment and (target.suffix != ".md" or unquote(fragment) not in anchors(target))):
            missing.append(link)
    assert not missing, f"{name(page)} links to what is not there: {', '.join(missing)}"
