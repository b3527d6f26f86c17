"""Compositions: tasks made from the images of a source."""

from ufm_networks.datasets.compose._attributes import attributes
from ufm_networks.datasets.compose._cross import cross
from ufm_networks.datasets.compose._multi import multi
from ufm_networks.datasets.compose._multi_label import multi_label
from ufm_networks.datasets.compose._split import split
from ufm_networks.datasets.compose.finish import Normalization

__all__ = ["Normalization", "attributes", "cross", "multi", "multi_label", "split"]
