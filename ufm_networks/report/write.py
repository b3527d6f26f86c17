"""The report of measured runs, written to a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ufm.support.strict_json import as_json
from ufm.support.whole_file import write_together
from ufm.support.writable import open_folder
from ufm_networks.measuring.embedding import require_sklearn
from ufm_networks.report.comparison import RunComparison
from ufm_networks.report.numbers_of_runs import runs_to_dict
from ufm_networks.report.sections import TITLE, TOLD, lead, sections
from verify.report.as_html import as_html, require_page_libraries
from verify.report.as_markdown import as_markdown
from verify.report.blocks import Page

_FIGURE = re.compile(
    r"(training-(single|multi|multilabel)|correlation-\d+|run-\d+-(heads|latent-(training-(single|multi|multilabel)|test)|maps|features))\.(png|svg)"
)


def prepare_networks_report(folder: str | Path) -> Path:
    """Opens the folder and checks for matplotlib, jinja2 and scikit-learn before long work.

    Raises ModuleNotFoundError that says what to install, OSError naming the folder.
    """
    require_page_libraries()
    require_sklearn()
    return open_folder(folder, "measure.html", "measure.md", "measure.json", "figures/")


def write_networks_report(
    runs: Sequence[RunComparison], folder: str | Path, names: Sequence[str] | None = None
) -> Path:
    """Writes measure.html, measure.md, measure.json and figures/ as PNG and SVG; returns the path of the page.

    names  what the runs are called; by default the names of their folders, numbered where two are equal

    The page embeds its figures and needs no other file. Everything is composed first and renamed into place, the page
    last; figures of an earlier report that this one lacks are removed. Raises ValueError for no run at all.
    """
    if not runs:
        raise ValueError("runs is empty; give at least one")
    path = prepare_networks_report(folder)
    called = distinct_names([run.measured.name for run in runs] if names is None else names)
    page = Page(TITLE, lead(runs, called), tuple(sections(runs, called)), told=TOLD)
    return write_measured(path, page, {"runs": runs_to_dict(runs, called)})


def write_measured(path: Path, page: Page, numbers: Mapping[str, Any]) -> Path:
    """The page, its numbers and figures into an opened folder; figures of an earlier page are removed."""
    files: dict[str, bytes | str] = {**page.figure_files}
    files["measure.json"] = as_json({**numbers, "environment": page.environment})
    files["measure.md"] = as_markdown(page)
    files["measure.html"] = as_html(page)
    write_together(path, files)
    for old in (path / "figures").glob("*"):
        if _FIGURE.fullmatch(old.name) and f"figures/{old.name}" not in files:
            old.unlink()
    return path / "measure.html"


def distinct_names(names: Sequence[str]) -> list[str]:
    """Names that occur more than once are numbered."""
    return [f"{name} ({names[:i].count(name) + 1})" if names.count(name) > 1 else name for i, name in enumerate(names)]
