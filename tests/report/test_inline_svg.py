"""Figures inside a page draw what they draw by themselves, and share what they have in common."""

from __future__ import annotations

import base64
import io
import re
from xml.etree import ElementTree

import numpy as np
from PIL import Image
from reported_results import case, curve

from verify.comparison.curve_figure import curve_file
from verify.main_job.cosine_figure import cosine_file
from verify.plot.cosine_matrix import cosine_panels
from verify.report.figure_files import FigureFile, figure_file
from verify.report.inline_svg import InlineFigures
from verify.report.small_picture import START, small_picture

SVG = "{http://www.w3.org/2000/svg}"


def figures() -> list[FigureFile]:
    return [curve_file(curve()), *(cosine_file(name, case(name)) for name in ("balanced", "thirty rows"))]


def covered(inline: InlineFigures, svg: str, fill: str) -> float:
    """The area of the cells of one colour, by the shoelace formula over closed paths of M, L, h, v."""
    looks = dict(re.findall(r"\.(l\d+)\{([^}]*)\}", inline.shared))
    area = 0.0
    for d, look in re.findall(r'<path d="([^"]*)"[^>]*class="([^"]*)"', svg):
        style = looks[look]
        if not style.startswith(f"fill:{fill}"):
            continue
        for _, _, across, down in re.findall(r"M(-?[\d.]+)[ ]?(-?[\d.]+)h(-?[\d.]+)v(-?[\d.]+)h-?[\d.]+z", d):
            area += abs(float(across) * float(down))
    return area


def test_it_is_small_and_refers_to_what_is_there() -> None:
    inline, files = InlineFigures(), figures()
    made = [inline.add(file.svg) for file in files]
    for file, svg in zip(files, made, strict=True):
        ElementTree.fromstring(svg)
        assert len(svg) < 0.4 * len(file.svg)
        assert "metadata" not in svg
        assert " id=" not in svg
    names = set(re.findall(r' id="([^"]*)"', inline.shared))
    used = set(re.findall(r'(?:href="|url\()#(g\d+)', "".join(made) + inline.shared))
    assert used == names
    ElementTree.fromstring(inline.shared)


def test_a_figure_drawn_twice_costs_its_letters_once() -> None:
    inline, (file, *_) = InlineFigures(), figures()
    first = inline.add(file.svg)
    shared = inline.shared
    assert inline.add(file.svg) == first
    assert inline.shared == shared


def test_cells_of_one_colour_cover_what_they_covered() -> None:
    """Eight rows, the most that are drawn as shapes; more are a picture."""
    cosines = np.round(np.cos(np.add.outer(np.arange(8), np.arange(8))), 0)
    file = figure_file("eight", cosine_panels([("", cosines)], (4, 4)), "", "")
    root = ElementTree.fromstring(file.svg)
    drawn: dict[str, float] = {}
    for path in root.iter(f"{SVG}path"):
        corners = re.findall(r"[ML] (\S+) (\S+)", path.attrib.get("d", ""))
        fill = re.match("fill: (#[0-9a-f]{6}); stroke: \\1", path.attrib.get("style", ""))
        if fill is None or len(corners) != 5:
            continue
        x, y = np.array(corners, dtype=np.float64).T
        drawn[fill[1]] = drawn.get(fill[1], 0.0) + np.ptp(x) * np.ptp(y)
    inline = InlineFigures()
    svg = inline.add(file.svg)
    assert len(drawn) == 3
    for fill, area in drawn.items():
        assert np.isclose(covered(inline, svg, fill), area, rtol=0.03)


def test_no_figure_no_shared_parts() -> None:
    assert InlineFigures().shared == ""


def test_a_palette_changes_no_pixel() -> None:
    rng = np.random.default_rng(0)
    for colours, alpha in ((5, 255), (256, 255), (257, 255), (4, 128)):
        palette = np.arange(colours) * 65537 % (1 << 24)
        numbers = np.concatenate([np.arange(colours), rng.integers(0, colours, 6400 - colours)]).reshape(80, 80)
        pixels = np.stack([palette[numbers] >> shift & 255 for shift in (16, 8, 0)] + [0 * numbers + alpha], axis=-1)
        written = io.BytesIO()
        Image.fromarray(pixels.astype(np.uint8)).save(written, "png")
        address = START + base64.b64encode(written.getvalue()).decode()
        small = small_picture(f"{address[:40]}\n{address[40:]}")
        assert (len(small) < len(address)) == (colours <= 256 and alpha == 255)
        with Image.open(io.BytesIO(base64.b64decode(small.removeprefix(START)))) as shown:
            np.testing.assert_array_equal(np.asarray(shown.convert("RGBA")), pixels)
