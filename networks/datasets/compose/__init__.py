"""Compositions: tasks made of the images of a source."""

from networks.datasets.compose.attributes import attributes
from networks.datasets.compose.cross import cross
from networks.datasets.compose.finish import Normalization
from networks.datasets.compose.multi import multi
from networks.datasets.compose.multi_label import multi_label
from networks.datasets.compose.split import split

__all__ = ["Normalization", "attributes", "cross", "multi", "multi_label", "split"]
