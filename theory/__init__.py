"""The theorems of neural collapse in multi-task learning: hypotheses checked, minimizers in closed form.

    theory.predict(problem)                                                  Prediction, or NotCovered
    theory.unchecked("3.1", problem)                                         its formulas, hypotheses unasked
    theory.objective_in_balls(problem)                                       its minimum, enclosed
    theory.task_correlation_cosine(n_same, n_different, lambda_H, lambda_W)  Theorem 5.1, over arrays
    theory.class_correlation_cosine(classes, n_same, …)                      the same with K classes
    theory.vanishing_regularization(problem)                                 the heads' geometry as λ → 0, any counts
    theory.derivations.derive("5.1")                                         a theorem derived with sympy

The package knows no solver and no objective: it reads a problem through its public fields.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from theory.balls.in_balls import objective_in_balls
from theory.coverage import NotCovered, predict
from theory.hypotheses import Hypothesis
from theory.margins.class_correlation import class_correlation_cosine
from theory.margins.task_correlation import task_correlation_cosine
from theory.margins.threshold import Threshold
from theory.prediction import Prediction
from theory.theorems.vanishing_regularization import VanishingRegularization, vanishing_regularization
from theory.unchecked import Unchecked, unchecked

if TYPE_CHECKING:
    from theory import derivations as derivations

__all__ = [
    "Hypothesis",
    "NotCovered",
    "Prediction",
    "Threshold",
    "Unchecked",
    "VanishingRegularization",
    "class_correlation_cosine",
    "objective_in_balls",
    "predict",
    "task_correlation_cosine",
    "unchecked",
    "vanishing_regularization",
]


def __getattr__(name: str) -> Any:
    if name == "derivations":  # needs sympy, which nothing else does
        return import_module("theory.derivations")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
