"""Grad-CAM++ maps beside the images: an example of each label a row, a task a column (Figure 4)."""

from __future__ import annotations

from textwrap import fill
from typing import Any

import numpy as np

from ufm_networks.measuring.saliency import Saliency
from verify.plot.layout import tidy
from verify.plot.style import PAGE, in_style, new_figure
from verify.report.figure_files import FigureFile, figure_file

MOST_OPAQUE = 0.9
DARKEST = 120  # what black becomes below the maps, so that blue is seen on it
BLUE = "#08519c"
WIDE = 11  # letters of a title that stand above a picture; more go on in the next line
FEWEST = 4  # pictures in a row are no larger than if there were as many


def saliency_figure(shown: Saliency) -> Any:
    """Examples side by side, so that a wide page holds eight."""
    from matplotlib.colors import ListedColormap  # an extra

    blue = ListedColormap([BLUE])
    examples, tasks = shown.maps.shape[:2]
    side = (PAGE - 0.4) / max(examples, FEWEST)
    height, width = shown.images.shape[-2:]
    figure = new_figure(PAGE, (side * height / width + 0.1) * (1 + tasks) + 0.5)
    with in_style():
        grid = figure.subplots(1 + tasks, examples, squeeze=False)
        for i in range(examples):
            picture = _picture(shown.images[i])
            for row in range(1 + tasks):
                axes = grid[row, i]
                faded = picture if row == 0 else DARKEST + picture * (1 - DARKEST / 255)
                axes.imshow(faded.round().astype(np.uint8), cmap="gray", vmin=0, vmax=255, interpolation="nearest")
                if row > 0:
                    heat = shown.maps[i, row - 1]
                    opaque = MOST_OPAQUE * heat
                    axes.imshow(np.ones_like(heat), cmap=blue, vmin=0, vmax=1, alpha=opaque, interpolation="nearest")
                tidy(axes, fill(_title(shown, i), WIDE) if row == 0 else "")
                axes.set_xticks([])
                axes.set_yticks([])
                if i == 0:
                    axes.set_ylabel("image" if row == 0 else f"task {row}")
    return figure


def saliency_file(shown: Saliency, name: str) -> FigureFile:
    """Captioned with how far the maps of two tasks coincide."""
    height, width = shown.resolution
    caption = (
        f"Grad-CAM++ of every task's logit at the sample's own class, one sample per label (k_1, …, k_T); maps of "
        f"{height} × {width} enlarged, each over its own maximum. The bluer, the more a region speaks for the class."
    )
    pairs = [(t, s) for t in range(len(shown.overlap)) for s in range(t + 1, len(shown.overlap))]
    if shown.resolution == (1, 1):
        caption += " Maps of a single pixel cannot tell where a task looks: larger images leave larger maps."
    elif pairs:
        numbers = ", ".join(f"tasks {t + 1} and {s + 1}: {_told(shown.overlap[t, s])}" for t, s in pairs)
        caption += f" Cosine between the maps of two tasks, mean over {shown.compared} samples: {numbers}."
    return figure_file(name, saliency_figure(shown), caption, caption)


def _told(overlap: float) -> str:
    return "none, for one of them is always zero" if np.isnan(overlap) else f"{overlap:.3f}"


def _title(shown: Saliency, example: int) -> str:
    """The classes of the tasks whose maps are shown; an ellipsis stands for those of the others."""
    label, tasks = shown.labels[example], shown.maps.shape[1]
    rest = ["…"] if len(label) > tasks else []
    return f"({', '.join([*(str(k + 1) for k in label[:tasks]), *rest])})"


def _picture(image: Any) -> Any:
    """(H, W) of one channel, (H, W, 3) of three; the mean of any other number."""
    if image.shape[0] == 3:
        return image.transpose(1, 2, 0).astype(np.float64)
    return np.asarray(image, dtype=np.float64).mean(axis=0)
