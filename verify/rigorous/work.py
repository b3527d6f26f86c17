"""What ball arithmetic costs, before any of it."""

from __future__ import annotations

from verify.form import Form
from verify.point import Point

ENTRIES = 10_000_000  # of logits and of q: about a minute, and a gigabyte
PRODUCTS = 50_000_000_000  # multiplications in matrices: about a minute


def require_feasible(form: Form, point: Point) -> None:
    """Raises ValueError where the work is too large, saying how large is possible."""
    R, m = form.targets.shape
    d, columns = point.H.shape
    entries = (R + d) * columns + 3 * R * m
    small, large = min(R, m), max(R, m)
    products = R * d * columns + small * small * (2 * large + small)
    if entries > ENTRIES or products > PRODUCTS:
        raise ValueError(
            f"rigorous=True is too large here: R = {R:,} rows, m = {m:,} labels, d = {d:,} and {columns:,} columns "
            f"of H need {entries:,} logits and {products:,} multiplications in ball arithmetic; at most {ENTRIES:,} and "
            f"{PRODUCTS:,} are possible. One column per label (their mean has no larger objective) or "
            "rigorous=False will do"
        )
