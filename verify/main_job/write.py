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
from verify.main_job.plain_text import as_text
from verify.report.environment import environment
from verify.report.figure_files import FigureFile, require_matplotlib

_FIGURE_NAME = re.compile(r"(curve|case-\d+-(cosines|history))\.(png|svg)")


def prepare_report(folder: str | Path) -> Path:
    """Opens the folder and looks for matplotlib: what ``write_report`` would miss, said before long work.

    Raises ModuleNotFoundError and OSError as ``write_report``.
    """
    require_matplotlib()
    return open_folder(folder, "report.html", "report.txt", "report.json", "figures/")


def write_report(result: JobResult, folder: str | Path) -> Path:
    """Writes ``report.html``, ``report.txt``, ``report.json`` and ``figures/``; returns the path of the page.

    folder  made with its parents where absent; an earlier report there is replaced, its figures included

    The page holds its figures and needs no other file; the figures are there as PNG and SVG besides. All is composed
    first, written to temporary names and renamed, the page last: an interrupted run leaves whole files or none.
    Raises NotADirectoryError naming the path where a file is in the way; ModuleNotFoundError that says what to install
    where matplotlib is missing.
    """
    path = prepare_report(folder)
    figures = [_case_figures(number, case) for number, case in enumerate(result.cases, start=1)]
    curve = None if result.curve is None else curve_file(result.curve)
    about = environment()
    files: dict[str, bytes | str] = {}
    for file in [*(file for of_case in figures for file in of_case), *([] if curve is None else [curve])]:
        files[f"figures/{file.name}.png"] = file.png
        files[f"figures/{file.name}.svg"] = file.svg
    files["report.json"] = as_json(result, figures, about)
    files["report.txt"] = as_text(result, about)
    files["report.html"] = page(result, figures, curve, about)
    write_together(path, files)
    _remove_stale(path / "figures", files)
    return path / "report.html"


def _case_figures(number: int, case: Case) -> list[FigureFile]:
    history = history_file(f"case-{number}-history", case)
    return [cosine_file(f"case-{number}-cosines", case), *([] if history is None else [history])]


def _remove_stale(folder: Path, files: Collection[str]) -> None:
    """Figures of an earlier, larger report would pass for this one's; no other file is touched."""
    for path in folder.glob("*"):
        if _FIGURE_NAME.fullmatch(path.name) and f"figures/{path.name}" not in files:
            path.unlink()
