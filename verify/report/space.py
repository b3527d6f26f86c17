"""Heads and features in space, along their first three principal axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
FEATURES = 200  # more would hide each other


@dataclass(frozen=True)
class Space:
    """Rows of heads and columns of features, each kind scaled to its longest, in their first three principal axes.

    tasks     name of each task
    heads     (R, 3), task_of their tasks from 0, head_names
    features  (m, 3); own, their tasks if each task has its own features, else −1; feature_names
    share     of all squared lengths, as scaled, the part along the three axes
    left_out  the number of features not shown; those shown are evenly chosen
    """

    tasks: tuple[str, ...]
    heads: Float
    task_of: tuple[int, ...]
    head_names: tuple[str, ...]
    features: Float
    own: tuple[int, ...]
    feature_names: tuple[str, ...]
    share: float
    left_out: int = 0

    @property
    def told(self) -> str:
        """A description of the view, for readers who cannot see it."""
        rest = f" {self.left_out:,} more features are left out." if self.left_out else ""
        return (
            f"{len(self.heads)} rows of heads and {len(self.features)} features along their first three principal "
            f"axes, which hold {self.share:.0%} of the squared lengths; heads and features are each scaled to their "
            "longest."
            f"{rest}"
        )

    def data(self) -> dict[str, Any]:
        """JSON-ready, rounded to three digits of the longest."""
        return {
            "heads": _rounded(self.heads),
            "task": self.task_of,
            "names": self.head_names,
            "features": _rounded(self.features),
            "own": self.own if set(self.own) != {-1} else [],
            "labels": self.feature_names,
        }


def space(
    W: Sequence[Float],
    H: Sequence[Float],
    labels: Sequence[Sequence[str]],
    tasks: Sequence[str] = (),
    classes: Sequence[Sequence[str]] = (),
) -> Space | None:
    """Principal axes are the leading right singular vectors of both kinds stacked, from the origin, not the mean.

    W        T heads (K_t, d)
    H        features (d, m), one array for all tasks or one per task where each has its own
    labels   of every feature in each array
    tasks    their names, and those of their classes; numbers where there are none

    None if all heads and features are zero, or one is not finite.
    """
    heads, features = np.concatenate(W), np.concatenate([part.T for part in H])
    if not (np.isfinite(heads).all() and np.isfinite(features).all()):
        return None
    sizes = [np.linalg.norm(part, axis=1).max(initial=0.0) for part in (heads, features)]
    if max(sizes) == 0.0:
        return None
    scaled = [part / (size or 1.0) for part, size in zip((heads, features), sizes, strict=True)]
    _, values, axes = np.linalg.svd(np.concatenate(scaled), full_matrices=False)
    axes = axes[:3] * np.sign(axes[:3][np.arange(len(axes[:3])), np.abs(axes[:3]).argmax(axis=1)])[:, None]
    placed = [np.pad(part @ axes.T, ((0, 0), (0, 3 - len(axes)))) for part in scaled]
    chosen = np.unique(np.linspace(0, len(features) - 1, min(len(features), FEATURES)).round().astype(int))
    names = [name for part in labels for name in part]
    own = np.repeat(np.arange(len(H)), [part.shape[1] for part in H]) if len(H) > 1 else np.full(len(features), -1)
    return Space(
        tasks=tuple(tasks) or tuple(f"task {t}" for t in range(1, len(W) + 1)),
        heads=placed[0],
        task_of=tuple(t for t, head in enumerate(W) for _ in head),
        head_names=tuple(_head_names(W, classes)),
        features=placed[1][chosen],
        own=tuple(int(t) for t in own[chosen]),
        feature_names=tuple(names[i] for i in chosen),
        share=float((values[:3] ** 2).sum() / (values**2).sum()),
        left_out=len(features) - len(chosen),
    )


def _head_names(W: Sequence[Float], classes: Sequence[Sequence[str]]) -> list[str]:
    if classes:
        return [name for part in classes for name in part]
    return [f"w_{k}^{t}" for t, head in enumerate(W, start=1) for k in range(1, len(head) + 1)]


def _rounded(points: Float) -> list[list[float]]:
    return [[round(float(v), 3) + 0.0 for v in point] for point in points]
