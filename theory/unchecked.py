"""The closed forms of Theorems 3.1, B.2 and 3.2, evaluated whether or not the theorems' hypotheses hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, assert_never

from theory.feature_space import Float
from theory.hypotheses import loss_is
from theory.public_fields import CROSS_ENTROPY
from theory.reading import Reading, SumProblem, read
from theory.theorems import theorem_3_1, theorem_3_2

SOURCES = {"3.1": "single", "3.2": "multi"}


@dataclass(frozen=True, eq=False)
class Unchecked:
    """The values of the formulas for a problem that the theorem need not cover.

    margins    (T,) a_t
    objective  "min F" in the problem's reduction; NaN where a margin is not finite
    grams      one (R, R) W Wᵀ of all tasks (Theorem 3.1), or T of (K_t, K_t); meaningless where a margin is negative
    """

    margins: tuple[float, ...]
    objective: float
    grams: tuple[Float, ...]


def unchecked(theorem: Literal["3.1", "3.2"], problem: Any, *, thresholds: bool = True) -> Unchecked:
    """Evaluates the formulas of the theorem at the problem's N, N_t, K_t, c^t and λ's, without checking hypotheses.

    Only N and N_t are read of the counts, n_t being N_t/K_t: for counts that are not balanced the result is what the
    theorem would say, not a minimum. Labels are taken as one-hot, as the paper has them, whatever the problem's ε. For
    theorems that hold see ``theory.predict``.

    theorem     "3.1", the case B.2 included, of Problem (3); "3.2" of Problem (4)
    thresholds  False: a_t is the logarithm past its threshold too, negative there, −∞ where it has no value

    Raises ValueError for another theorem, or a problem of another source; TypeError or ValueError for what is no
    problem. Source: Theorems 3.1, B.2 and 3.2.
    """
    if theorem not in SOURCES:
        raise ValueError(f"theorem must be one of {', '.join(map(repr, SOURCES))}, got {theorem!r}")
    reading = read(problem)
    if reading.source != SOURCES[theorem]:
        raise ValueError(f"Theorem {theorem} has numbers of source {SOURCES[theorem]!r}, got {reading.source!r}")
    if not (loss := loss_is(reading, CROSS_ENTROPY)).holds:
        raise ValueError(f"Theorem {theorem} is of cross-entropy, got {loss.found}")
    parts = _hard(reading)
    match theorem:
        case "3.1":
            margins = _margins(theorem_3_1.margins(parts[0]), thresholds)
            return Unchecked(margins, theorem_3_1.minimum(parts[0], margins), (theorem_3_1.gram(parts[0], margins),))
        case "3.2":
            margins = _margins([theorem_3_2.margin(part) for part in parts], thresholds)
            grams = tuple(theorem_3_2.gram(part, a) for part, a in zip(parts, margins, strict=True))
            return Unchecked(margins, theorem_3_2.minimum(parts, margins), grams)
        case _:
            assert_never(theorem)


def _hard(reading: Reading) -> tuple[SumProblem, ...]:
    """The parts with one-hot labels."""
    return tuple(replace(part, label_smoothing=0.0) for part in reading.parts)


def _margins(formal: Sequence[float], thresholds: bool) -> tuple[float, ...]:
    return tuple(max(0.0, a) if thresholds else a for a in formal)
