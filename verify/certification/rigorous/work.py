"""The cost and needs of ball arithmetic, computed beforehand from the problem's sizes alone."""

from __future__ import annotations

from collections.abc import Iterable

from ufm.support.public_fields import task_losses
from verify.losses import LOSSES
from verify.losses.balls import flint
from verify.reading.form import Problem
from verify.reading.sources import own_features

ENTRIES = 10_000_000  # of H, of the logits and of q: about a minute, and a gigabyte where m is large
PRODUCTS = 50_000_000_000  # multiplications in matrices: about a minute


def require_feasible_solution(problem: Problem, dim: int | None = None, *, every_sample: bool = False) -> None:
    """``require_feasible`` before the problem is solved: at d = dim, by default what suffices for any counts.

    every_sample  whether each of the N samples has a column of H, as method="gradient" has, or each label
    """
    multi = own_features(problem)
    counts = problem.counts if multi else (problem.counts,)
    losses = task_losses(problem, LOSSES, "rigorous=True")
    each = [k - LOSSES[loss].shift_blind for k, loss in zip(problem.classes, losses, strict=True)]
    d = dim if dim is not None else max(each) if multi else sum(each)
    require_feasible(problem, [(d, int(n.sum()) if every_sample else len(n)) for n in counts])


def require_feasible(problem: Problem, shapes: Iterable[tuple[int, ...]]) -> None:
    """Of H's shape (d, columns) form by form.

    Raises ModuleNotFoundError without python-flint; ValueError, with the limits, if the work is too large.
    """
    flint()
    shapes = list(shapes)
    sizes = _sizes(problem)
    entries = products = 0
    for (R, m), (d, columns) in zip(sizes, shapes, strict=True):
        small, large = min(R, m), max(R, m)
        entries += (R + d) * columns + 3 * R * m
        products += R * d * columns + small * small * (2 * large + small)
    if entries > ENTRIES or products > PRODUCTS:
        R, m = map(sum, zip(*sizes, strict=True))
        d, n = shapes[0][0], sum(columns for _, columns in shapes)
        raise ValueError(
            f"rigorous=True is too large here: R = {R:,} rows, m = {m:,} labels, d = {d:,} and {n:,} columns "
            f"of H need {entries:,} numbers and {products:,} multiplications in ball arithmetic; at most "
            f"{ENTRIES:,} and {PRODUCTS:,} are possible; "
            + ("the mean of the columns of each label has no larger objective" if n > m else "leave rigorous=False")
        )


def _sizes(problem: Problem) -> list[tuple[int, int]]:
    """(R, m) of each form: of the one of Problem (3) or pick-all-label, or of each task of Problem (4)."""
    if own_features(problem):
        return [(k, len(n)) for k, n in zip(problem.classes, problem.counts, strict=True)]
    return [(sum(problem.classes), len(problem.counts))]
