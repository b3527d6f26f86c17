"""A page in headless Chromium, as a reader has it: no network, what it logs, what it asks for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = (400, 800, 1400, 2400)
NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def browser() -> Iterator[Any]:
    """Skips where playwright or Chromium is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip(f"no Chromium here: none of {', '.join(NAMES)}")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=found, args=list(QUIET))
        try:
            yield launched
        finally:
            launched.close()


@contextmanager
def opened(launched: Any, file: Path, width: int = 1400, *, scheme: str = "light", anchor: str = "") -> Iterator[Any]:
    """The page; on leaving, nothing was logged, thrown, or asked for beside the file itself."""
    context = launched.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("request", lambda request: wrong.append(request.url))
    page.goto(file.as_uri() + (f"#{anchor}" if anchor else ""))
    try:
        yield page
    finally:
        context.close()
    assert [each for each in wrong if not each.startswith(("file:", "data:"))] == []


def overflow(page: Any) -> int:
    """Pixels by which the page is wider than its window."""
    wide: int = page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth")
    return wide
