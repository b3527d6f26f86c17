"""The colours of a column: one for each word or whole number if there are few, else a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEVERAL = 12  # distinct whole numbers that get a colour each
DECADES = 1e3  # from the least to the largest: beyond, a scale of logarithms


@dataclass(frozen=True)
class Colours:
    """The colours of a column's entries.

    numbers  stand for the entries
    ticks    of the colour bar, labelled with ``words``; words without ticks are a legend's, and with neither the
             colour bar has its default ticks
    """

    numbers: NDArray[np.float64]
    cmap: Any
    norm: Any
    ticks: Sequence[float] | None = None
    words: Sequence[str] | None = None


def colours(column: Any) -> Colours:
    """Of a column of a pandas.DataFrame."""
    if column.dtype.kind not in "iuf":
        return _of_words(column)
    numbers = column.astype(float).to_numpy()
    finite = np.unique(numbers[np.isfinite(numbers)])
    if 0 < len(finite) <= SEVERAL and (finite == np.round(finite)).all():
        return _of_few(numbers, finite)
    return _of_many(numbers, finite)


def _of_words(column: Any) -> Colours:
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, ListedColormap

    words = sorted({str(word) for word in column.dropna()})
    at = {word: float(k) for k, word in enumerate(words)}
    numbers = np.array([np.nan if word is None or word != word else at[str(word)] for word in column])
    palette = colormaps["viridis"](np.linspace(0.08, 0.98, max(1, len(words))))  # told apart by lightness too
    norm = BoundaryNorm(np.arange(len(palette) + 1) - 0.5, len(palette))
    return Colours(numbers, ListedColormap(palette), norm, None, words)


def _of_few(numbers: NDArray[np.float64], finite: NDArray[np.float64]) -> Colours:
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, ListedColormap

    edges = np.concatenate([[finite[0] - 0.5], (finite[1:] + finite[:-1]) / 2, [finite[-1] + 0.5]])
    palette = colormaps["viridis"](np.linspace(0.08, 0.98, len(finite)))
    norm = BoundaryNorm(edges, len(finite))
    return Colours(numbers, ListedColormap(palette), norm, finite.tolist(), [f"{value:g}" for value in finite])


def _of_many(numbers: NDArray[np.float64], finite: NDArray[np.float64]) -> Colours:
    from matplotlib.colors import LogNorm, Normalize

    low, high = (float(finite[0]), float(finite[-1])) if len(finite) else (0.0, 1.0)
    return Colours(numbers, "viridis", (LogNorm if 0 < low * DECADES < high else Normalize)(low, high))
