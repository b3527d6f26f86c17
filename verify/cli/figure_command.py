"""``ufm figure``: a figure of the paper, or of a sweep, drawn from closed forms and certified minima."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from rich.console import Console

from ufm.losses import DEFAULT
from ufm.support.whole_file import write_together
from ufm.support.writable import open_folder
from verify.cli.loss_flags import require_loss
from verify.cli.phase_diagram import draw_phase_diagram
from verify.comparison.cosine_curve import FIGURES, cosine_curve
from verify.comparison.curve_figure import curve_file
from verify.report.figure_files import require_matplotlib

_CURVE = ("points", "loss", "lambda_H", "lambda_W")  # flags of the paper's curves
_DIAGRAM = ("table", "x", "y", "colour", "at")


@dataclass(frozen=True)
class Figure:
    """Draw Figure 3(c), 60, 61 or 62 of the paper, closed form as a line, certified minima as points; or the phase
    diagram of a sweep."""

    number: Annotated[Literal["3c", "60", "61", "62", "phase-diagram"], tyro.conf.Positional]
    """Figure of the paper: 3c and 60 have two classes, 61 three, 62 ten. Or phase-diagram, of a table."""
    table: Annotated[Path | None, tyro.conf.Positional] = None
    """Of phase-diagram: what ufm sweep has written."""
    points: int = 9
    """Problems solved and certified along the line."""
    loss: Annotated[str, tyro.conf.arg(metavar="{cross-entropy,squared-error}")] = DEFAULT
    """Loss of both tasks; the paper's is cross-entropy."""
    lambda_H: float = 5e-4
    """λ_H, beside the sum of losses."""
    lambda_W: float = 5e-4
    """λ_W."""
    x: str | None = None
    """Of phase-diagram: axis of the table, such as lambda_W; by default its first."""
    y: str | None = None
    """Of phase-diagram: another axis; by default the table's second."""
    colour: str = "rank"
    """Of phase-diagram: column of the table."""
    at: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Of phase-diagram: AXIS=VALUE; again for every other axis that has several values."""
    output: Path = Path("figures")
    """Folder for figure-NUMBER.png, .svg and .csv; another loss than cross-entropy stands in their names."""

    def run(self) -> int:
        """0 where every point is certified, on the line, and the cosine rises; 1 otherwise."""
        wrong = _CURVE if self.number == "phase-diagram" else _DIAGRAM
        given = [name for name in wrong if getattr(self, name) != getattr(type(self), name)]
        if given:
            flags = ", ".join("TABLE" if name == "table" else f"--{name.replace('_', '-')}" for name in given)
            raise ValueError(f"{flags}: not of {self.number}; leave it out")
        return self._diagram() if self.number == "phase-diagram" else self._curve()

    def _diagram(self) -> int:
        if self.table is None:
            raise ValueError("ufm figure phase-diagram needs a table, such as table.parquet, which ufm sweep writes")
        return draw_phase_diagram(self.table, self.x, self.y, self.colour, self.at, self.output)

    def _curve(self) -> int:
        if self.points < 2:
            raise ValueError(f"--points must be at least 2, got {self.points}")
        loss = require_loss(self.loss)
        require_matplotlib()
        name = f"figure-{self.number}" + f"-{loss}" * (loss != DEFAULT)
        folder = open_folder(self.output, f"{name}.csv", f"{name}.svg", f"{name}.png", what="--output")
        console = Console()
        classes, samples = FIGURES["3(c)" if self.number == "3c" else self.number]
        with console.status(f"solving {self.points} problems"):
            curve = cosine_curve(classes, samples, self.points, self.lambda_H, self.lambda_W, loss)
        file = curve_file(curve, name)
        table = io.StringIO()
        rows = csv.writer(table, lineterminator="\n")
        rows.writerow(["series", "n_same", "cosine", "relative_gap"])
        rows.writerows(["closed form", n, c, ""] for n, c in zip(curve.n_same, curve.cosine, strict=True))
        solved = zip(curve.solved_n_same, curve.solved_cosine, curve.relative_gap, strict=True)
        rows.writerows(["certified minimum", n, c, gap] for n, c, gap in solved)
        contents: dict[str, bytes | str] = {
            f"{name}.csv": table.getvalue(),
            f"{name}.svg": file.svg,
            f"{name}.png": file.png,
        }
        write_together(folder, contents)
        console.print(file.caption, markup=False, highlight=False, soft_wrap=True)
        for written in contents:
            console.print(f"written: {folder / written}", markup=False, highlight=False, soft_wrap=True)
        return 0 if curve.passed else 1
