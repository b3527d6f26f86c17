"""A source: published images with one class each, or with attributes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ufm_networks.datasets.images import Images


@dataclass(frozen=True)
class Source:
    """Labelled images of one published data set.

    labels       (N,) int64 classes from 0, or None if images have attributes instead
    class_names  one name a class
    attributes   (N, A) of 0 and 1, or None; attribute_names (A,)
    coarse_labels  (N,) int64 of CIFAR-100's superclasses, or None; coarse_names one name each
    """

    name: str
    images: Images
    labels: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()
    attributes: NDArray[np.int64] | None = None
    attribute_names: tuple[str, ...] = ()
    coarse_labels: NDArray[np.int64] | None = None
    coarse_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not len(self.images):
            raise ValueError(f"{self.name} has no images")
        if (self.labels is None) == (self.attributes is None):
            raise ValueError(f"{self.name} must have either labels or attributes")
        fields = (
            ("labels", self.labels, len(self.class_names)),
            ("coarse_labels", self.coarse_labels, len(self.coarse_names)),
            ("attributes", self.attributes, 2),
        )
        for field, values, classes in fields:
            if values is None:
                continue
            if len(values) != len(self.images):
                raise ValueError(f"{self.name} has {len(self.images):,} images and {len(values):,} {field}")
            outside = (values < 0) | (values >= classes)
            if outside.any():
                row = int(np.argwhere(outside)[0, 0])
                raise ValueError(
                    f"{self.name}: {field}[{row}] = {values[row]} is outside 0 … {classes - 1}; the file is damaged"
                )

    def __len__(self) -> int:
        return len(self.images)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def class_labels(self, needed_by: str) -> NDArray[np.int64]:
        """The labels; raises ValueError for a source with attributes."""
        if self.labels is None:
            raise ValueError(f"{needed_by} needs classes; {self.name} has attributes: use compose='attributes'")
        return self.labels
