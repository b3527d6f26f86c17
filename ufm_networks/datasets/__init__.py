"""Data of several tasks: published sources, and tasks composed of their images."""

from ufm_networks.datasets.compose import Normalization, attributes, cross, multi, multi_label, split
from ufm_networks.datasets.config import build_data
from ufm_networks.datasets.images import ArrayImages, Images
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.sources import SOURCES, load_source
from ufm_networks.datasets.task_data import TaskData

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
