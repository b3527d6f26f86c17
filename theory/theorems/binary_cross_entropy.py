"""Binary cross-entropy, a sigmoid for every class: balanced tasks with any bias (beyond the paper: docs/theory.md).

z^t = a_t (e_{k_t} − 1/K_t) + μ_t 1 and b^t = b_t 1; on and off are the logits of the label and of another class:

    min F = Σ_t c^t N [ ℓ(on_t) + (K_t−1) ℓ(off_t) ] + τ Σ_t √(c^t N/K_t) (K_t−1) a_t + τ √N M + λ_b Σ_t c^t K_t b_t²
    on_t = a_t (1 − 1/K_t) + μ_t + b_t,   off_t = −a_t/K_t + μ_t + b_t,   M² = Σ_t c^t K_t μ_t²
    W^s W^tᵀ = √(λ_H/λ_W) [ δ_st √(N/(c^t K_t)) a_t (I − 11ᵀ/K_t) + √N μ_s μ_t 11ᵀ/M ]

a_t leaves zero below λ_Hλ_W = (1 − ε)² c^t N/(4 K_t), as of cross-entropy. ``theory.margins.sigmoid_task`` has the
probabilities, ``theory.margins.shared_mean`` who takes the mean: a bias as long as N Σ_t c^t K_t b_t² ≤ (τN/2λ_b)² (one
task: |b| ≤ τ√(N/(cK))/(2λ_b)), then the heads what is left. With a free bias μ = 0, heads are those of a simplex, and
tasks are orthogonal; otherwise tasks of three classes or more may share the direction of the mean.

Problem (4) is separable, and c^t multiplies the whole of task t. λ's multiply beside the SUM of losses.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from theory.feature_space import Float
from theory.hypotheses import Hypothesis, all_labelled, holding, labels_are, loss_is, smoothed, spread
from theory.margins.balanced_targets import class_counts, uniform_tasks
from theory.margins.sigmoid_tasks import SigmoidTasks, minimum, solve
from theory.margins.threshold import tasks_regime
from theory.prediction import Prediction
from theory.reading import Reading, SumProblem
from theory.theorems.sigmoid_space import sigmoid_space

NAME = "Binary cross-entropy"
LOSS = "binary-cross-entropy"
PREFIX = {"single": "SNC", "multi": "MNC"}


def hypotheses(reading: Reading) -> tuple[Hypothesis, ...]:
    """One label per task and sample, binary cross-entropy, every pair of tasks with uniform joint counts."""
    source = Hypothesis(
        "one label per task",
        "Problem (3), Problem (4), or sets of one label each",
        f"source {reading.source!r}",
        reading.source in ("single", "multi", "multilabel"),
    )
    if not source.holds:
        return (source,)
    rows = (source, loss_is(reading, LOSS), all_labelled(reading))
    if not holding(rows):
        return rows
    sizes = np.concatenate([_sizes(part) for part in reading.parts])
    if (sizes != 1).any():
        found = f"sets of {int(sizes.min())} to {int(sizes.max())} labels"
        return (*rows, Hypothesis("one label per task", source.statement, found, False))
    balanced = [_balanced(t, _one_hot(part)) for t, part in enumerate(reading.parts, 1)]
    return (*rows, labels_are(reading), next((row for row in balanced if not row.holds), balanced[0]))


def _sizes(part: SumProblem) -> Float:
    """Labels of each column that has samples."""
    return np.asarray(part.labels[part.counts > 0].sum(axis=1) if part.source == "multilabel" else [1])


def _one_hot(part: SumProblem) -> SumProblem:
    """Sets of one label each as class numbers."""
    if part.source != "multilabel":
        return part
    return replace(part, source="single", labels=part.labels.argmax(axis=1)[:, None])


def _balanced(t: int, part: SumProblem) -> Hypothesis:
    statement = "every class has as many samples, and so has every pair of classes of two tasks"
    if uniform_tasks(part):
        return Hypothesis("balanced", statement, "every count is N over the number of classes, or of pairs", True)
    for s in range(len(part.classes)):
        n = class_counts(part, s)
        if (n != n[0]).any():
            number = s + 1 if len(part.classes) > 1 else t
            return Hypothesis("balanced", statement, f"task {number}: {spread(n, len(n), 'classes')}", False)
    return Hypothesis("balanced", statement, "classes are, pairs of classes are not", False)


def predict(reading: Reading, checked: tuple[Hypothesis, ...]) -> Prediction:
    """The minimizers of a problem that satisfies ``hypotheses``."""
    parts = [_one_hot(part) for part in reading.parts]
    multi = reading.source == "multi"
    solved = [solve(replace(part, task_weights=(1.0,)) if multi else part, t) for t, part in enumerate(parts, 1)]
    rows = tuple(row for part in solved for row in part.rows)
    outer = [part.task_weights[0] if multi else 1.0 for part in parts]
    spaces = tuple(sigmoid_space(part) for part in solved)
    below = all(row.below for row in rows)
    occurring = len(np.unique(parts[0].labels[parts[0].counts > 0], axis=0))
    return Prediction(
        theorem=smoothed("Binary cross-entropy, balanced tasks", reading),
        citation="beyond the paper: docs/theory.md",
        regime=f"{tasks_regime(rows)}; {_of_means(reading, solved)}",
        within_theorem=False,
        thresholds=rows,
        hypotheses=(*checked, *(_mean_row(part, t) for t, part in enumerate(solved, 1))),
        properties=_properties(reading.source, solved),
        objective=math.fsum(c * minimum(part) for c, part in zip(outer, solved, strict=True)),
        required_dim=max(sum(part.problem.classes) - len(part.tasks) + (part.means.size > 0) for part in solved),
        multi_source=multi,
        every_feature=below and reading.source != "multilabel" and (multi or occurring == math.prod(parts[0].classes)),
        spaces=spaces,
        biases=tuple(np.repeat(part.means.bias, part.problem.classes) for part in solved),
    )


def _of_means(reading: Reading, solved: list[SigmoidTasks]) -> str:
    if any(part.means.size > 0 for part in solved):
        return "heads take " + ("all of the mean" if reading.lambda_b is None else "what the bias leaves of the mean")
    return "no mean in the heads" if reading.lambda_b is None else "the bias takes all of the mean"


def _mean_row(part: SigmoidTasks, t: int) -> Hypothesis:
    """Not asked: on which side of τ the mean's pull is."""
    found = f"pull {part.means.pull:.6g}, τ = {part.problem.tau:.6g}: "
    found += "heads take part of the mean" if part.means.size > 0 else "no mean in the heads"
    name = "the mean" if len(part.tasks) > 1 else f"task {t}, the mean"
    return Hypothesis(name, "while their pull is at most τ, the means stay out of the heads", found, True)


def _properties(source: str, solved: list[SigmoidTasks]) -> tuple[str, ...]:
    """What all heads of a task have in common is seen by no decision, nearest centres included."""
    rows = [row for part in solved for row in part.rows]
    alive, all_alive = any(row.below for row in rows), all(row.below for row in rows)
    level = any(part.means.size > 0 for part in solved)
    if source == "multilabel":
        return ("NC1", "NC2", "NC_m") if alive and not level else ("NC1",)
    last = 5 if source == "single" else 4
    numbers = [1, *(range(2, last) if alive and not level else ()), *((last,) if all_alive else ())]
    return tuple(f"{PREFIX[source]}{i}" for i in numbers)
