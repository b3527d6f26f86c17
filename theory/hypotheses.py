"""The hypotheses of a theorem as rows: what is required, what was found, and whether it holds."""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as short
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from theory.public_fields import CROSS_ENTROPY
from theory.reading import Reading, Source


@dataclass(frozen=True)
class Hypothesis:
    """One hypothesis checked against one problem.

    name       short, e.g. "label-balanced"
    statement  what the theorem requires, e.g. "every label tuple has the same number of samples"
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
    """Problem (3) ("single"), Problem (4) ("multi"), pick-all-label ("multilabel"), soft labels or regression."""
    match wanted:
        case "single":
            name, statement = "single source", "Problem (3): every sample has a label in every task"
        case "multi":
            name, statement = "multi source", "Problem (4): every task has samples and features of its own"
        case "multilabel":
            name, statement = "label sets", "pick-all-label: every sample has a set of labels of one task"
        case "soft":
            name, statement = "soft labels", "Problem (3) to distributions over classes"
        case "regression":
            name, statement = "regression", "Problem (3) to real targets"
        case _:
            assert_never(wanted)
    return Hypothesis(name, statement, f"source {reading.source!r}", reading.source == wanted)


def loss_is(reading: Reading, wanted: str) -> Hypothesis:
    """One loss for every task."""
    losses = reading.losses
    kinds = set(losses)
    found = f"loss={short(losses[0] if len(kinds) == 1 else losses)}"
    return Hypothesis(wanted, f"the loss of every task is {wanted}", found, kinds == {wanted})


def all_labelled(reading: Reading) -> Hypothesis:
    """No label is missing."""
    name, statement = "all labelled", "every sample has a label in every task it is of"
    if not reading.missing:
        return Hypothesis(name, statement, "none is missing", True)
    without = sum(int(part.counts[(part.labels < 0).any(axis=1)].sum()) for part in reading.parts)
    return Hypothesis(name, statement, f"{without:,} samples miss one", False)


def unbiased(reading: Reading) -> tuple[Hypothesis, ...]:
    """No row if λ_b > 0; else a row saying that a theorem with b = 0 for every λ_b > 0 holds for this bias too.

    Then min F is the same for all λ_b > 0, and at b = 0 that without bias. A free bias is the limit λ_b → 0 at every
    point, so that no point has less. Softmax is blind to a common shift of a task's logits: all else is unique.
    """
    found = {None: "no bias", 0.0: "λ_b = 0: free, zero up to a shift of all classes of a task"}.get(reading.lambda_b)
    statement = "the minimizer has b = 0 for every λ_b > 0, so without bias and with a free one"
    return () if found is None else (Hypothesis("zero bias", statement, found, True),)


def cross_entropy_of(reading: Reading, source: Source) -> tuple[Hypothesis, ...]:
    """The first rows of every theorem of the paper: source, loss, labels and bias."""
    of_source = source_is(reading, source)
    if not of_source.holds:
        return (of_source,)
    rows = (of_source, loss_is(reading, CROSS_ENTROPY), all_labelled(reading))
    return (*rows, labels_are(reading), *unbiased(reading)) if holding(rows) else rows


def holding(rows: tuple[Hypothesis, ...]) -> bool:
    """Whether all of them hold."""
    return all(row.holds for row in rows)


def labels_are(reading: Reading) -> Hypothesis:
    """Hard or smoothed: every closed form here has both, but the theorems are about one-hot labels."""
    epsilon = reading.label_smoothing
    name, statement = ("hard labels", "label_smoothing = 0") if epsilon == 0 else ("smoothed labels", "ε < 1")
    return Hypothesis(name, statement, f"label_smoothing = {epsilon:g}", True)


def smoothed(theorem: str, reading: Reading) -> str:
    """The theorem's name for these labels: the theorems are about one-hot labels; smoothing goes beyond them."""
    if reading.label_smoothing == 0:
        return theorem
    return f"{theorem} {'and' if ' with ' in theorem else 'with'} label smoothing"


def spread(counts: NDArray[np.int64], possible: int, what: str) -> str:
    """The spread of the counts in words: "counts range 3 to 26 over 9 of 9 tuples"."""
    low, high = int(counts.min()), int(counts.max())
    numbers = f"every count is {low:,}" if low == high else f"counts range {low:,} to {high:,}"
    return f"{numbers} over {int(np.count_nonzero(counts)):,} of {possible:,} {what}"
