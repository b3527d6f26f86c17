"""What ball arithmetic costs and needs, before any of it."""

from __future__ import annotations

from verify.form import Form
from verify.point import Point
from verify.rigorous.balls import flint

ENTRIES = 10_000_000  # of H, of the logits and of q: about a minute, and a gigabyte where m is large
PRODUCTS = 50_000_000_000  # multiplications in matrices: about a minute


def require_feasible(forms: tuple[Form, ...], points: tuple[Point, ...]) -> None:
    """Raises ModuleNotFoundError without python-flint; ValueError where the work is too large, and how large may be."""
    flint()
    entries = products = 0
    for form, point in zip(forms, points, strict=True):
        (R, m), (d, columns) = form.targets.shape, point.H.shape
        small, large = min(R, m), max(R, m)
        entries += (R + d) * columns + 3 * R * m
        products += R * d * columns + small * small * (2 * large + small)
    if entries > ENTRIES or products > PRODUCTS:
        R, m = (sum(form.targets.shape[axis] for form in forms) for axis in (0, 1))
        d, n = len(points[0].H), sum(point.H.shape[1] for point in points)
        raise ValueError(
            f"rigorous=True is too large here: R = {R:,} rows, m = {m:,} labels, d = {d:,} and {n:,} columns "
            f"of H need {entries:,} numbers and {products:,} multiplications in ball arithmetic; at most "
            f"{ENTRIES:,} and {PRODUCTS:,} are possible; "
            + ("the mean of the columns of each label has no larger objective" if n > m else "leave rigorous=False")
        )
