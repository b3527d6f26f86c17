"""Heads and mean features of a network, for the view in space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ufm_networks.measuring.point import NetworkPoint
from verify.reading.label_reading import shown
from verify.report.space import Space, space


def point_space(point: NetworkPoint, tasks: Sequence[str] = ()) -> Space | None:
    """A feature is the mean μ_l of the samples with the same labels l, less the mean of all: heads see no offset."""
    samples = sum(counts.sum() for counts in point.counts)
    offset = sum(means @ counts for means, counts in zip(point.means, point.counts, strict=True)) / samples
    sets = len(point.labels) == 1 and point.labels[0].shape[1] != len(point.W)
    labels = [[_label(row, sets) for row in part] for part in point.labels]
    return space(point.W, [means - offset[:, None] for means in point.means], labels, [shown(task) for task in tasks])


def _label(row: Any, sets: bool) -> str:
    """Counted from one."""
    if sets:
        return "{" + ", ".join(str(k + 1) for k in np.flatnonzero(row)) + "}"
    names = ["no label" if k < 0 else str(int(k) + 1) for k in row]
    return "label " + ", ".join(names) if len(names) == 1 else "labels " + ", ".join(names)
