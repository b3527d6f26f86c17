"""The hypotheses of a theorem as rows that say what was asked, what was found, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from theory.reading import Reading, Source


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis checked against one problem.

    name       short, e.g. "label-balanced"
    statement  what the theorem asks, e.g. "every label tuple has the same number of samples"
    found      the value found, in words
    """

    name: str
    statement: str
    found: str
    holds: bool

    def __str__(self) -> str:
        return f"{self.name} {self.verdict}"

    @property
    def verdict(self) -> str:
        """ "holds: …" or "fails: …", with what was found."""
        return f"{'holds' if self.holds else 'fails'}: {self.found}"


def source_is(reading: Reading, wanted: Source) -> Hypothesis:
    """Problem (3) ("single"), Problem (4) ("multi") or pick-all-label ("multilabel")."""
    match wanted:
        case "single":
            name, statement = "single source", "Problem (3): every sample has a label in every task"
        case "multi":
            name, statement = "multi source", "Problem (4): every task has samples and features of its own"
        case "multilabel":
            name, statement = "label sets", "pick-all-label: every sample has a set of labels of one task"
        case _:
            assert_never(wanted)
    return Hypothesis(name, statement, f"source {reading.source!r}", reading.source == wanted)


def labels_are(reading: Reading) -> Hypothesis:
    """Hard or smoothed: every closed form here has both, but the theorems are about one-hot labels."""
    epsilon = reading.label_smoothing
    name, statement = ("hard labels", "label_smoothing = 0") if epsilon == 0 else ("smoothed labels", "ε < 1")
    return Hypothesis(name, statement, f"label_smoothing = {epsilon:g}", True)


def smoothed(theorem: str, reading: Reading) -> str:
    """The theorem's name for these labels: the theorems are about one-hot labels, and smoothing goes beyond them."""
    if reading.label_smoothing == 0:
        return theorem
    return f"{theorem} {'and' if ' with ' in theorem else 'with'} label smoothing"


def spread(counts: NDArray[np.int64], possible: int, what: str) -> str:
    """How the counts lie: "counts range 3 to 26 over 9 of 9 tuples"."""
    low, high = int(counts.min()), int(counts.max())
    numbers = f"every count is {low:,}" if low == high else f"counts range {low:,} to {high:,}"
    return f"{numbers} over {int(np.count_nonzero(counts)):,} of {possible:,} {what}"
