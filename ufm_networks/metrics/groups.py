"""The form and label of a problem that each sample carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.reading.form import Form, forms
from verify.reading.label_index import label_index
from verify.reading.sources import label_sets, own_features


@dataclass(frozen=True)
class Forms:
    """The labels of all forms numbered through: group g of form f is its label g − start of block f.

    forms  of the problem; blocks, the groups of each
    """

    forms: tuple[Form, ...]
    blocks: tuple[slice, ...]

    @property
    def total(self) -> int:
        """The number of groups."""
        return self.blocks[-1].stop if self.blocks else 0


@dataclass(frozen=True)
class Groups(Forms):
    """With ``of_sample`` (N,), the group of every sample."""

    of_sample: NDArray[np.int64]


def numbered_forms(problem: Any) -> Forms:
    """The forms of a problem with their blocks."""
    parts = forms(problem)
    ends = np.cumsum([len(form.counts) for form in parts]).tolist()
    return Forms(parts, tuple(slice(end - len(form.counts), end) for end, form in zip(ends, parts, strict=True)))


def label_groups(problem: Any, labels: NDArray[np.int64]) -> Groups:
    """Groups of the samples of a data set.

    labels  (N, T); MultiSource: −1 where a sample is not of that task; MultiLabel: (N, K) indicators

    Raises ValueError if a label has no samples in the problem, or another number of them there than here.
    """
    whole = numbered_forms(problem)
    parts, blocks = whole.forms, whole.blocks
    of_sample = np.full(len(labels), -1, dtype=np.int64)
    for t, (form, block) in enumerate(zip(parts, blocks, strict=True)):
        rows = np.flatnonzero(labels[:, t] >= 0) if own_features(problem) else np.arange(len(labels))
        own = labels[rows, t : t + 1] if own_features(problem) else labels
        indicators = label_sets(problem)
        of_sample[rows] = block.start + label_index(
            "labels", own, form.labels, form.label_sizes, "features", len(rows), default=False, indicators=indicators
        )
    if np.any(of_sample < 0):
        raise ValueError(f"labels[{int(np.argmin(of_sample))}] is of no task; every sample needs one")
    counted = np.concatenate([form.counts for form in parts])
    here = np.bincount(of_sample, minlength=len(counted))
    if np.any(here != counted):
        g = int(np.argmax(here != counted))
        label = tuple(np.concatenate([form.labels for form in parts])[g].tolist())
        raise ValueError(
            f"labels hold {here[g]:,} samples of {label}, the problem counts {counted[g]:,}; "
            "state the problem of these labels, as from_labels does"
        )
    return Groups(parts, blocks, of_sample)
