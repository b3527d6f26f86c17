"""The report of a result, written to a folder."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from ufm.support.whole_file import write_together
from ufm.support.writable import open_folder
from verify.comparison.curve_figure import curve_file
from verify.main_job.case import Case, JobResult
from verify.main_job.cosine_figure import cosine_file
from verify.main_job.data import as_json
from verify.main_job.history_figure import history_file
from verify.main_job.page import page
from verify.report.as_html import as_html, require_page_libraries
from verify.report.as_text import as_text
from verify.report.figure_files import FigureFile

_FIGURE_NAME = re.compile(r"(curve|case-\d+-(cosines|history))\.(png|svg)")


def prepare_report(folder: str | Path) -> Path:
    """Opens the folder and checks for matplotlib and jinja2 before long work.

    Raises ModuleNotFoundError and OSError as ``write_report``.
    """
    require_page_libraries()
    return open_folder(folder, "report.html", "report.txt", "report.json", "figures/")


def write_report(result: JobResult, folder: str | Path) -> Path:
    """Writes ``report.html``, ``report.txt``, ``report.json`` and ``figures/``; returns the path of the page.

    folder  created with its parents if absent; an earlier report there is replaced, including its figures

    The page embeds its figures and needs no other file; they are also saved as PNG and SVG. Everything is composed
    first, written under temporary names and renamed, the page last: an interrupted run leaves whole files or none.
    Raises NotADirectoryError naming the path if a file is in the way; ModuleNotFoundError that says what to install
    where matplotlib or jinja2 is missing.
    """
    path = prepare_report(folder)
    figures = [_case_figures(number, case) for number, case in enumerate(result.cases, start=1)]
    curve = None if result.curve is None else curve_file(result.curve)
    whole = page(result, figures, curve)
    files: dict[str, bytes | str] = {**whole.figure_files}
    files["report.json"] = as_json(result, figures, whole.environment)
    files["report.txt"] = as_text(whole)
    files["report.html"] = as_html(whole)
    write_together(path, files)
    _remove_stale(path / "figures", files)
    return path / "report.html"


def _case_figures(number: int, case: Case) -> list[FigureFile]:
    history = history_file(f"case-{number}-history", case)
    return [cosine_file(f"case-{number}-cosines", case), *([] if history is None else [history])]


def _remove_stale(folder: Path, files: Collection[str]) -> None:
    """Removes figures of an earlier, larger report, which would pass for this one's; touches no other file."""
    for path in folder.glob("*"):
        if _FIGURE_NAME.fullmatch(path.name) and f"figures/{path.name}" not in files:
            path.unlink()
