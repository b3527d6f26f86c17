"""Data of several tasks: published sources, and tasks composed of their images."""

from networks.datasets.compose import Normalization, attributes, cross, multi, multi_label, split
from networks.datasets.config import build_data
from networks.datasets.images import ArrayImages, Images
from networks.datasets.source import Source
from networks.datasets.sources import SOURCES, load_source
from networks.datasets.task_data import TaskData

__all__ = [
    "SOURCES",
    "ArrayImages",
    "Images",
    "Normalization",
    "Source",
    "TaskData",
    "attributes",
    "build_data",
    "cross",
    "load_source",
    "multi",
    "multi_label",
    "split",
]
