"""Checks whether data are pairs of images on a canvas, with one task each."""

from __future__ import annotations

from ufm_networks.datasets.images import PastedImages
from ufm_networks.datasets.task_data import TaskData


def can_be_halved(data: TaskData) -> bool:
    """Whether either image of a pair can be blanked."""
    return data.kind == "single" and len(data.classes) == 2 and isinstance(data.images, PastedImages)


def require_pairs(data: TaskData, asked: str = "") -> None:
    """Raises ValueError, after what asked for them, where the data are no pairs."""
    if not can_be_halved(data):
        raise ValueError(f"{asked}{data.name} are not pairs of images with a task each, as compose='multi' makes")
