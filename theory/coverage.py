"""Which theorem covers a problem, and if none does, why not."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from theory.hypotheses import Hypothesis
from theory.prediction import Prediction
from theory.public_fields import CROSS_ENTROPY
from theory.reading import Reading, read
from theory.theorems import (
    binary_cross_entropy,
    correlated_classes,
    independent_labels,
    multi_label,
    pairwise_uniform,
    squared_error,
    theorem_3_1,
    theorem_3_2,
    theorem_5_1,
)

# in order of precedence: equal counts satisfy the others too, and 3.1 says more of them
_THEOREMS: tuple[ModuleType, ...] = (
    theorem_3_1,
    pairwise_uniform,
    theorem_3_2,
    theorem_5_1,
    correlated_classes,
    multi_label,
    squared_error,
    binary_cross_entropy,
    independent_labels,
)


class NotCovered(ValueError):  # noqa: N818 - an answer, not a mistake
    """No theorem covers the problem.

    failures  theorem → the hypotheses that fail, each with the value found ("Theorem 3.1" stands for B.2 too), for
              the theorems about the problem's loss, or for all of them if none is about it
    """

    def __init__(self, failures: Mapping[str, tuple[Hypothesis, ...]]) -> None:
        self.failures = dict(failures)
        lines = [f"{theorem}: {'; '.join(map(str, rows))}" for theorem, rows in self.failures.items()]
        super().__init__("\n".join(["no theorem covers this problem", *lines]))

    def __reduce__(self) -> tuple[type[NotCovered], tuple[dict[str, tuple[Hypothesis, ...]]]]:
        return NotCovered, (self.failures,)


def _about(reading: Reading) -> tuple[ModuleType, ...]:
    """The theorems about the tasks' common loss."""
    losses = set(reading.losses)
    return tuple(theorem for theorem in _THEOREMS if losses == {getattr(theorem, "LOSS", CROSS_ENTROPY)})


def predict(problem: Any) -> Prediction:
    """The global minimum by the first theorem or law that applies.

    Tried in order: for cross-entropy Theorems 3.1 and B.2, their form for pairwise-uniform counts, Theorem 3.2, Theorem
    5.1, its law for K classes, and Li et al.'s Theorem 1 for label sets; squared error with any targets; binary
    cross-entropy of balanced tasks; each with label smoothing too. Last, binary cross-entropy of uncorrelated labels.
    docs/theory.md derives them.

    problem  any object with the fields ``source``, ``classes``, ``labels``, ``counts``, ``task_weights``,
             ``lambda_H``, ``lambda_W``, ``lambda_b`` (0: a free bias, None: no bias), ``reduction``, ``loss``,
             ``label_smoothing`` and, of soft labels and regression, ``targets``; with reduction "sum" the λ's multiply
             beside the SUM of losses, with "mean" beside their mean

    Thresholds do not decide coverage: past one, the prediction describes the collapsed regime, with ``within_theorem``
    False. Raises NotCovered with the hypotheses that fail, theorem by theorem; TypeError naming a missing field.
    """
    reading = read(problem)
    failures = {}
    for theorem in _about(reading) or _THEOREMS:
        checked = theorem.hypotheses(reading)
        failing = tuple(row for row in checked if not row.holds)
        if not failing:
            prediction: Prediction = theorem.predict(reading, checked)
            return prediction
        failures[theorem.NAME] = failing
    raise NotCovered(failures)
