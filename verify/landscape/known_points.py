"""Points of a problem that are critical by construction, the global minimum first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

import ufm
from ufm.support.validation import to_numpy
from verify.landscape.restricted import exchange_projection, refined, restricted_minimizer, zero_projection
from verify.reading.form import Float, Form, Problem, forms
from verify.reading.point import Point, read_point
from verify.reading.sources import label_tuples, own_features
from verify.solved import solved

SEVERAL = 4  # tasks up to which every subset of them is listed; of more, only one task alone, and all but one
VANISHES = 1e-6  # logits below are zero; and of the largest singular value, what is zero beside it


@dataclass(frozen=True)
class NamedPoint:
    """Why the point is critical, and the point, form by form, with one column of H per label."""

    name: str
    parts: tuple[Point, ...]

    def arrays(self, problem: Problem) -> dict[str, Any]:
        """W=, H=, b= as ``verify.certify`` takes them."""
        heads = [(part.W, part.b, form.blocks) for part, form in zip(self.parts, forms(problem), strict=True)]
        features = [part.H for part in self.parts]
        return {
            "W": [W[rows] for W, _, blocks in heads for rows in blocks],
            "H": features if own_features(problem) else features[0],
            "b": [b[rows] for _, b, blocks in heads for rows in blocks],
        }


def known_points(problem: Any, dim: int | None, seed: int) -> Iterator[NamedPoint]:
    """The solver's minimum, zero, subsets of the tasks, the exchange-symmetric points, and every smaller rank."""
    solution = solved(problem, dim=dim, seed=seed)
    form_list = forms(problem)  # after the solver has refused what does not fit in memory
    d = solution.dim
    minimum = _refined(problem, form_list, solution)
    most = max(rank(form, part) for form, part in zip(form_list, minimum, strict=True))
    enough = d >= max(form.sufficient_dim for form in form_list)
    yield NamedPoint(f"{'minimum' if enough else 'solver’s point'}, rank {most}", minimum)
    zero = tuple(_widened(restricted_minimizer(form, 1, zero_projection, seed), d) for form in form_list)
    yield NamedPoint("zero", zero)
    for tasks in _task_subsets(len(problem.classes)):
        parts = _tasks_alone(problem, form_list, minimum, zero, tasks, d, seed)
        if parts is not None:
            yield NamedPoint(f"task{'s' if len(tasks) > 1 else ''} {', '.join(str(t + 1) for t in tasks)} alone", parts)
    for sign, name in ((1, "heads of the tasks equal"), (-1, "heads of the tasks opposite")):
        projection = exchange_projection(form_list[0], sign)
        if len(form_list) == 1 and projection is not None:
            form = form_list[0]
            half = min(
                d, form.classes[0] - form.loss_of[0].shift_blind
            )  # what W^1 has of rank, centred where it may be
            yield NamedPoint(name, (_widened(restricted_minimizer(form_list[0], half, projection, seed), d),))
    for r in range(1, most):
        narrow = _refined(problem, form_list, solved(problem, dim=r, seed=seed))
        yield NamedPoint(f"rank {r}", tuple(_widened(part, d) for part in narrow))


def _refined(problem: Problem, form_list: tuple[Form, ...], solution: Any) -> tuple[Point, ...]:
    points = read_point(problem, solution, None, None, None, None)
    return tuple(refined(form, point) for form, point in zip(form_list, points, strict=True))


def rank(form: Form, point: Point) -> int:
    """The rank of √c W: singular values below 1e-6 of the largest are zero, and all are where every logit W h is.

    Not beside √(2F): under small λ's the heads' penalty is below any fraction of F.
    """
    if not np.any(np.abs(point.W @ point.H) > VANISHES):
        return 0
    singular = np.linalg.svd(np.sqrt(form.rows_c)[:, None] * point.W, compute_uv=False)
    return int(np.sum(singular > VANISHES * singular[0]))


def _task_subsets(tasks: int) -> Iterator[tuple[int, ...]]:
    """Nonempty proper subsets."""
    for size in range(1, tasks):
        if tasks <= SEVERAL or size in (1, tasks - 1):
            yield from combinations(range(tasks), size)


def _tasks_alone(
    problem: Any,
    form_list: tuple[Form, ...],
    minimum: tuple[Point, ...],
    zero: tuple[Point, ...],
    tasks: tuple[int, ...],
    dim: int,
    seed: int,
) -> tuple[Point, ...] | None:
    """The given tasks at the minimum of their own problem, the other heads zero, their biases the best for that; None
    if that is not critical.

    Problem (4): tasks share nothing, so it always is. Problem (3): where every pair of tasks has uniform joint counts,
    and the residuals of the others at their best bias sum to zero, as those of losses blind to shifts do, and all under
    a free bias: the features of the given tasks then pair with the residual of the others to zero.
    """
    if own_features(problem):
        return tuple(minimum[t] if t in tasks else zero[t] for t in range(len(form_list)))
    form = form_list[0]
    if not label_tuples(problem) or not pairwise_uniform(form):
        return None
    if form.lambda_b != 0.0 and not all(loss.shift_blind for loss in form.loss_of):
        return None
    own = list(tasks)
    counts = np.zeros([form.classes[t] for t in own], dtype=np.int64)
    np.add.at(counts, tuple(form.labels[:, own].T), form.counts)
    part = ufm.SingleSource(
        counts,
        lambda_H=problem.lambda_H,
        lambda_W=problem.lambda_W,
        lambda_b=problem.lambda_b,
        task_weights=problem.task_weights[own],
        reduction=problem.reduction,
        label_smoothing=problem.label_smoothing,
        loss=[problem.losses[t] for t in own],
    )
    needed = sum(part.classes) - sum(form.loss_of[t].shift_blind for t in own)
    if needed > dim:
        return None
    solution = solved(part, dim=dim, seed=seed)
    W, b = np.zeros_like(minimum[0].W), zero[0].b.copy()
    for t, head, bias in zip(own, solution.W, solution.b, strict=True):
        W[form.blocks[t]], b[form.blocks[t]] = to_numpy(head), to_numpy(bias)
    column = np.full(part.classes, -1)
    column[tuple(part.labels.T)] = np.arange(len(part.counts))
    H = to_numpy(solution.H)[:, column[tuple(form.labels[:, own].T)]]
    return (Point(W, b, H, minimum[0].index, minimum[0].share),)


def pairwise_uniform(form: Form) -> bool:
    """Whether Σ n_l over the labels with k_s = i, k_t = j is N/(K_s K_t) for every pair of tasks and of classes.

    Not where labels are missing.
    """
    if form.labelled is not None:
        return False
    total = int(form.counts.sum())
    for s, t in combinations(range(len(form.classes)), 2):
        joint = np.zeros((form.classes[s], form.classes[t]), dtype=np.int64)
        np.add.at(joint, (form.labels[:, s], form.labels[:, t]), form.counts)
        if np.any(joint * joint.size != total):
            return False
    return len(form.classes) > 1


def _widened(point: Point, dim: int) -> Point:
    """The same point in R^dim, the new coordinates zero."""
    extra = dim - point.W.shape[1]
    W: Float = np.pad(point.W, ((0, 0), (0, extra)))
    return Point(W, point.b, np.pad(point.H, ((0, extra), (0, 0))), point.index, point.share)
