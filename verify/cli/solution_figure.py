"""``ufm figure heads|history|spectrum SOLUTION``: certifies and draws what ``ufm solve --save`` wrote."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ufm
from verify.certification.certificate import Certificate, certify
from verify.certification.verdict import GLOBAL
from verify.cli.drawn_files import open_for, written
from verify.cli.terminal import Terminal
from verify.plot import spectrum
from verify.plot.of_solution import heads_figure, history_figure
from verify.plot.style import require_matplotlib

Draw = Callable[[ufm.Solution, Certificate], Any]


def _history(solution: ufm.Solution, certificate: Certificate) -> Any:
    bounds = [task.lower_bound for task in certificate.tasks] or certificate.lower_bound
    figure = history_figure(solution, bounds)
    if figure is None:
        raise ValueError(f"the solution of method={solution.method!r} has no history; newton and gradient leave one")
    return figure


DRAWN: dict[str, tuple[str, Draw]] = {
    "heads": ("Cosines between the rows w_k^t of the heads", lambda solution, _: heads_figure(solution)),
    "history": ("F minus the certified lower bound D, and what else the solver noted, against its steps", _history),
    "spectrum": (
        "Singular values of heads and features, weighted as the penalties weigh them",
        lambda solution, _: spectrum(solution).get_figure(),
    ),
}


def draw_solution(what: str, path: Path, formats: tuple[str, ...], output: Path) -> int:
    """Writes WHAT-NAME of the solution in each format; returns 0 if it is a certified global minimum, else 1."""
    require_matplotlib()
    solution = ufm.load(path)
    name = f"{what}-{path.stem}"
    folder = open_for(output, name, formats)
    terminal = Terminal()
    with terminal.status("certifying"):
        certificate = certify(solution.problem, solution)
    told, draw = DRAWN[what]
    caption = f"{told}: {path.name}, {certificate.verdict}, relative gap {certificate.relative_gap:.1e}."
    written(terminal, folder, name, draw(solution, certificate), caption, formats)
    return 0 if certificate.verdict == GLOBAL else 1
