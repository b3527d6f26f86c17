"""``ufm figure phase-diagram TABLE``: two axes of a sweep's table, with theory's boundaries on top."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from ufm.support.whole_file import write_together
from ufm.support.writable import open_folder
from verify.plot.style import require_matplotlib


def draw_phase_diagram(
    table: Path, x: str | None, y: str | None, colour: str, at: tuple[str, ...], output: Path
) -> int:
    """Writes phase-diagram-X-Y-COLOUR.png and .svg; 0 where every problem drawn is certified, 1 otherwise."""
    from verify.sweeping.diagram_figure import phase_diagram_file
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
    folder = open_folder(output, f"{name}.svg", f"{name}.png", what="--output")
    console = Console()
    with console.status("asking theory"):
        file = phase_diagram_file(plane, name)
    contents: dict[str, bytes | str] = {f"{name}.svg": file.svg, f"{name}.png": file.png}
    write_together(folder, contents)
    console.print(file.caption, markup=False, highlight=False, soft_wrap=True)
    for written in contents:
        console.print(f"written: {folder / written}", markup=False, highlight=False, soft_wrap=True)
    return 0 if plane.frame["certified"].all() else 1
