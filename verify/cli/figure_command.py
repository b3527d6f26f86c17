"""``ufm figure``: a figure of the paper, of a sweep or of a solution, drawn from closed forms and certified minima."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from ufm.losses import DEFAULT
from verify.cli.flags import Told
from verify.cli.loss_flags import NAMES, require_loss
from verify.cli.page import Page

if TYPE_CHECKING:
    from verify.comparison.cosine_curve import CosineCurve

_CURVE = ("points", "loss", "lambda_H", "lambda_W")  # flags of the paper's curves
_DIAGRAM = ("x", "y", "colour", "at")
_NEEDED = {"phase-diagram": "a table, such as table.parquet, which ufm sweep writes"}
_SOLUTION = "a solution, such as solution.safetensors, which ufm solve --save writes"


@dataclass(frozen=True)
class Figure:
    """Draw Figure 3(c), 60, 61 or 62 of the paper, a sweep's phase diagram, or views of a saved solution."""

    page: ClassVar[Page] = Page(
        takes="seconds",
        writes="a file in each --format, and of a curve a .csv, in the folder of --output",
        status="0: every point is certified and on the line; 1: otherwise; 2: bad input",
        examples=(
            ("ufm figure 3c", "Figure 3(c): the cosine between heads as tasks become correlated."),
            ("ufm figure 61 --points 5 --output pictures", "Three classes, fewer points."),
            ("ufm figure heads solution.safetensors --format pdf", "Heads of a saved solution."),
            ("ufm figure phase-diagram table.parquet --x n_same --y lambda_W", "Two axes of a sweep's table."),
        ),
        groups=(("A figure of the paper", _CURVE), ("The phase diagram of a sweep", _DIAGRAM)),
    )

    name: Annotated[
        Literal["3c", "60", "61", "62", "phase-diagram", "heads", "history", "spectrum"], Told(positional=True)
    ]
    """Figure of the paper: 3c and 60 have two classes, 61 three, 62 ten. Or phase-diagram of a table; heads, history or
    spectrum of a solution."""
    file: Annotated[Path | None, Told(positional=True, read=True)] = None
    """For phase-diagram: a table from ufm sweep. For heads, history and spectrum: a solution from ufm solve --save."""
    format: Annotated[tuple[str, ...], Told(shown="pdf|svg|png …", choices=("pdf", "svg", "png"))] = ("png", "svg")
    """Files to write, one or more of pdf, svg, png. Default: png svg."""
    points: int = 9
    """Problems solved and certified along the line. Default: 9."""
    loss: Annotated[str, Told(shown="LOSS", choices=NAMES)] = DEFAULT
    """Loss of both tasks, cross-entropy or squared-error. Default: cross-entropy, the paper's."""
    lambda_H: float = 5e-4
    """λ_H, beside the sum of losses. Default: 5e-4."""
    lambda_W: float = 5e-4
    """λ_W. Default: 5e-4."""
    x: str | None = None
    """Axis of the table, such as lambda_W. Default: its first."""
    y: str | None = None
    """Another axis. Default: the table's second."""
    colour: str = "rank"
    """Column of the table to colour by. Default: rank."""
    at: Annotated[tuple[str, ...], Told(again=True)] = ()
    """AXIS=VALUE; repeat it for every other axis of the table with several values. Default: none."""
    output: Path = Path("figures")
    """Folder for figure-NAME in each format and .csv; another loss than cross-entropy stands in their names. Default:
    figures."""

    def run(self) -> int:
        """0 if everything drawn is certified and a curve's points lie on its rising line; 1 otherwise."""
        curve, diagram = self.name in ("3c", "60", "61", "62"), self.name == "phase-diagram"
        wrong = (() if curve else _CURVE) + (() if diagram else _DIAGRAM) + (("file",) if curve else ())
        given = [field for field in wrong if getattr(self, field) != getattr(type(self), field)]
        if given:
            flags = ", ".join("FILE" if field == "file" else f"--{field.replace('_', '-')}" for field in given)
            raise ValueError(f"{flags}: not of {self.name}; leave it out")
        from verify.cli.drawn_files import require_formats

        require_formats(self.format)
        if curve:
            return self._curve()
        if self.file is None:
            raise ValueError(f"ufm figure {self.name} needs {_NEEDED.get(self.name, _SOLUTION)}")
        if diagram:
            from verify.cli.phase_diagram import draw_phase_diagram

            return draw_phase_diagram(self.file, self.x, self.y, self.colour, self.at, self.format, self.output)
        from verify.cli.solution_figure import draw_solution

        return draw_solution(self.name, self.file, self.format, self.output)

    def _curve(self) -> int:
        from verify.cli.drawn_files import open_for, written
        from verify.cli.terminal import Terminal
        from verify.comparison.cosine_curve import FIGURES, cosine_curve
        from verify.comparison.curve_figure import curve_caption
        from verify.plot._cosine_curve import cosine_curve as draw_curve
        from verify.plot.style import require_matplotlib

        if self.points < 2:
            raise ValueError(f"--points must be at least 2, got {self.points}")
        loss = require_loss(self.loss)
        require_matplotlib()
        name = f"figure-{self.name}" + f"-{loss}" * (loss != DEFAULT)
        folder = open_for(self.output, name, self.format, f"{name}.csv")
        terminal = Terminal()
        classes, samples = FIGURES["3(c)" if self.name == "3c" else self.name]
        with terminal.status(f"solving {self.points} problems"):
            curve = cosine_curve(classes, samples, self.points, self.lambda_H, self.lambda_W, loss)
        figure = draw_curve(curve).get_figure()
        written(terminal, folder, name, figure, curve_caption(curve), self.format, {f"{name}.csv": _csv(curve)})
        return 0 if curve.passed else 1


def _csv(curve: CosineCurve) -> str:
    """The line and the points."""
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["series", "n_same", "cosine", "relative_gap"])
    rows.writerows(["closed form", n, c, ""] for n, c in zip(curve.n_same, curve.cosine, strict=True))
    solved = zip(curve.solved_n_same, curve.solved_cosine, curve.relative_gap, strict=True)
    rows.writerows(["certified minimum", n, c, gap] for n, c, gap in solved)
    return table.getvalue()
