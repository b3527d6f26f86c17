"""``ufm figure phase-diagram TABLE``: two axes of a sweep's table, with theory's boundaries on top."""

from __future__ import annotations

from pathlib import Path

from verify.cli.drawn_files import open_for, written
from verify.cli.terminal import Terminal
from verify.plot.style import require_matplotlib


def draw_phase_diagram(
    table: Path, x: str | None, y: str | None, colour: str, at: tuple[str, ...], formats: tuple[str, ...], output: Path
) -> int:
    """Writes phase-diagram-X-Y-COLOUR in each format; returns 0 if every problem drawn is certified, else 1."""
    from verify.sweeping.diagram_figure import phase_diagram_figure
    from verify.sweeping.plane import read_plane
    from verify.sweeping.run import require_libraries

    require_libraries()
    require_matplotlib()
    held = {}
    for text in at:
        key, equals, value = text.partition("=")
        if not equals or key in held:
            raise ValueError(f"--at takes AXIS=VALUE, each axis once, such as loss=cross-entropy; got {text!r}")
        held[key] = value
    plane = read_plane(table, x, y, colour, held)
    name = f"phase-diagram-{plane.x.key}-{plane.y.key}-{colour}"
    folder = open_for(output, name, formats)
    terminal = Terminal()
    with terminal.status("asking theory"):
        figure, caption = phase_diagram_figure(plane)
    written(terminal, folder, name, figure, caption, formats)
    return 0 if plane.frame["certified"].all() else 1
