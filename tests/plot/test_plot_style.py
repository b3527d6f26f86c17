"""Lines are told apart by readers of every colour vision, and of none."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from verify.plot.layout import legend_below, panel_grid
from verify.plot.style import COLOURS, DASHES, MARKERS, in_style, series

# Machado, Oliveira and Fernandes 2009, severity 1: linear RGB as it is seen without one kind of cone
DEFICIENT = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
FEW = 4  # lines that most figures have at most


def linear(colour: str) -> Any:
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def test_lines_differ_in_marker_and_dashes_too() -> None:
    looks = [series(number) for number in range(64)]
    assert len({(look["color"], look["marker"], str(look["linestyle"])) for look in looks}) == 64
    for one, other in combinations(looks[:8], 2):
        assert all(one[name] != other[name] for name in one)
    assert len(COLOURS) == len(MARKERS) == len(DASHES) == 8


def test_colours_stay_apart_in_every_colour_vision() -> None:
    for matrix in DEFICIENT.values():
        seen = [np.array(matrix) @ linear(colour) for colour in COLOURS[:FEW]]
        assert min(np.linalg.norm(a - b) for a, b in combinations(seen, 2)) > 0.1


def test_colours_are_seen_on_white() -> None:
    """Contrast as WCAG 2.2 has it; thin lines need less than text, and shapes have their markers."""
    for colour in COLOURS:
        luminance = linear(colour) @ [0.2126, 0.7152, 0.0722]
        assert 1.05 / (luminance + 0.05) > 2.0, colour


def test_long_names_leave_the_axes_their_room() -> None:
    for names in (["a law of many classes under another loss, beyond the paper"] * 3, ["short"] * 9, ["x" * 200]):
        figure = Figure(figsize=(3.25, 4), layout="constrained")
        axes = figure.add_subplot()
        with in_style():
            for number, name in enumerate(names):
                axes.plot([0, 1], [0, number], label=name)
            axes.set_xlabel("n")
            legend_below(axes)
        figure.draw_without_rendering()
        assert axes.get_window_extent().width > 0.6 * figure.bbox.width
        assert axes.get_legend().get_window_extent().x1 <= figure.bbox.x1 + 1


def test_panels_stand_two_or_three_in_a_row() -> None:
    for panels in (1, 4, 5):
        figure, every = panel_grid(panels, ("a", "b"))
        figure.draw_without_rendering()
        assert len(every) == 2 * panels
        boxes = [axes.get_window_extent() for axes in every]
        assert len({round(box.x0, -1) for box in boxes[:panels]}) == min(panels, 2 if panels == 4 else 3)
        assert all(not one.overlaps(other) for one, other in combinations(boxes, 2))
