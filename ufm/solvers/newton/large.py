"""Which problems are large: of these decompositions cost less than the products that they save."""

from __future__ import annotations

from ufm.losses import LOSSES
from ufm.problems.standard_form import StandardForm

LARGE = 10_000  # entries R m


def large(form: StandardForm) -> bool:
    """Whether R m is at least LARGE, and no loss is a parabola: these have starts and metrics of their own."""
    return form.rows * form.columns >= LARGE and not any(LOSSES[loss].quadratic for loss in form.losses)
