"""The modes of a squared-error problem: rational if the counts are balanced, else from a decomposition."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from theory.feature_space import Float
from theory.margins.balanced_targets import (
    class_counts,
    correlated_modes,
    label_pairs,
    mean_mode,
    orthogonal_classes,
    same_and_different,
    set_modes,
    task_modes,
    uniform_tasks,
)
from theory.margins.modes import Mode
from theory.margins.target_columns import mean_target
from theory.margins.target_spectrum import MeanDirection, class_modes, mean_direction, singular_modes
from theory.reading import SumProblem


class Structure(StrEnum):
    """The kinds of balance."""

    CLASSES = "one task of hard labels without bias"
    TASKS = "every pair of tasks uniform"
    CORRELATED = "two correlated tasks of K classes"
    SETS = "every pair of labels alike"
    ANY = "none"


@dataclass(frozen=True, eq=False)
class Targets:
    """The modes of one part.

    modes    those that are not zero
    mean     (R,) ȳ, which a free or a penalized bias sees; zero without bias
    level    where the mean lies; None if balance says it, and no bias is penalized
    """

    structure: Structure
    modes: tuple[Mode, ...]
    mean: Float
    level: MeanDirection | None = None


def target_modes(problem: SumProblem) -> Targets:
    """Of one part without missing labels. A penalized bias has them only where ``level`` is None or apart."""
    centred = problem.lambda_b is not None
    mean = mean_target(problem) if centred else np.zeros(sum(problem.classes))
    penalized = centred and problem.lambda_b != 0
    if (found := _balanced(problem)) is not None:
        structure, modes = found
        if structure in (Structure.TASKS, Structure.CORRELATED) and (penalized or not centred):
            modes.append(mean_mode(problem))
        return Targets(structure, tuple(modes), mean)
    if penalized:
        level = mean_direction(problem, mean)
        return Targets(Structure.ANY, tuple(singular_modes(problem, mean, level)) if level.apart else (), mean, level)
    if centred and _one_hot(problem) and len(problem.classes) == 1:
        return Targets(Structure.ANY, tuple(class_modes(problem, class_counts(problem))), mean)
    return Targets(Structure.ANY, tuple(singular_modes(problem, mean)), mean)


def _one_hot(problem: SumProblem) -> bool:
    return problem.source in ("single", "multi")


def _balanced(problem: SumProblem) -> tuple[Structure, list[Mode]] | None:
    """The structure and its modes, the mean of tasks aside."""
    if problem.source == "multilabel":
        pairs = label_pairs(problem)
        centred = problem.lambda_b is not None
        return None if pairs is None else (Structure.SETS, set_modes(problem, *pairs, centred=centred))
    if not _one_hot(problem):
        return None
    if len(problem.classes) == 1 and problem.lambda_b is None and problem.label_smoothing == 0:
        return Structure.CLASSES, orthogonal_classes(problem)
    if uniform_tasks(problem):
        return Structure.TASKS, task_modes(problem)
    counts = same_and_different(problem)
    return None if counts is None else (Structure.CORRELATED, correlated_modes(problem, *counts))


def mean_stands_apart(problem: SumProblem) -> tuple[bool, str]:
    """Whether a penalized bias leaves the mean target its own singular direction, and how that is known."""
    if _balanced(problem) is not None:
        return True, "the counts are balanced"
    level = mean_direction(problem, mean_target(problem))
    if level.sigma == 0:
        return True, "the mean target is zero"
    return level.apart, f"‖Gȳ − (ȳᵀGȳ/‖ȳ‖²) ȳ‖ is {level.coupling:.3g} of ‖ȳ‖ tr G"
