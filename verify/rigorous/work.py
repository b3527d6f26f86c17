"""What ball arithmetic costs and needs, before any of it."""

from __future__ import annotations

from collections.abc import Iterable

from verify.form import Form, Problem, forms
from verify.rigorous.balls import flint

ENTRIES = 10_000_000  # of H, of the logits and of q: about a minute, and a gigabyte where m is large
PRODUCTS = 50_000_000_000  # multiplications in matrices: about a minute


def require_feasible_solution(problem: Problem, dim: int | None = None, *, every_sample: bool = False) -> None:
    """``require_feasible`` before the problem is solved: at d = dim, by default what Theorems 3.1 and 3.2 need.

    every_sample  whether each of the N samples has a column of H, as method="gradient" has, or each label
    """
    parts = forms(problem)
    default = max(sum(form.classes) - len(form.classes) for form in parts)
    d = default if dim is None else dim
    require_feasible(parts, [(d, int(form.counts.sum()) if every_sample else len(form.counts)) for form in parts])


def require_feasible(forms: tuple[Form, ...], shapes: Iterable[tuple[int, ...]]) -> None:
    """Of H's shape (d, columns) form by form.

    Raises ModuleNotFoundError without python-flint; ValueError where the work is too large, and how large may be.
    """
    flint()
    sizes = list(shapes)
    entries = products = 0
    for form, (d, columns) in zip(forms, sizes, strict=True):
        R, m = form.targets.shape
        small, large = min(R, m), max(R, m)
        entries += (R + d) * columns + 3 * R * m
        products += R * d * columns + small * small * (2 * large + small)
    if entries > ENTRIES or products > PRODUCTS:
        R, m = (sum(form.targets.shape[axis] for form in forms) for axis in (0, 1))
        d, n = sizes[0][0], sum(columns for _, columns in sizes)
        raise ValueError(
            f"rigorous=True is too large here: R = {R:,} rows, m = {m:,} labels, d = {d:,} and {n:,} columns "
            f"of H need {entries:,} numbers and {products:,} multiplications in ball arithmetic; at most "
            f"{ENTRIES:,} and {PRODUCTS:,} are possible; "
            + ("the mean of the columns of each label has no larger objective" if n > m else "leave rigorous=False")
        )
