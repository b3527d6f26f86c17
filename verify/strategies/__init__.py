"""Families of problems as Hypothesis strategies, for ``verify.falsify`` and for your own tests.

    balanced            every label tuple n times (Theorems 3.1, B.2), or every class of every source (Theorem 3.2)
    pairwise_uniform    orthogonal arrays, and sums of relabelled ones: every pair of tasks is uniform, counts are not
    task_balanced       two tasks, every class of either equally frequent (Section 5.2)
    correlated          two tasks, n_same samples where the labels agree and n_different elsewhere (Section 5.2)
    long_tailed         counts that fall geometrically along the classes
    arbitrary           any counts, zeros among them
    multi_label         pick-all-label problems
    mixed_losses        any counts, each task with its own loss

Every family takes ``classes=`` (an integer K, a tuple (K_1, …, K_T) as everywhere, or ``range(2, 5)`` to draw each K_t)
and keywords for what the problems share:

    lambdas          λ_H, λ_W, λ_b: a number, a range (low, high) of powers of two, or a dict by name of either; by
                     default 2^-6 to 2^3, on both sides of the thresholds
    task_weights     c^t: a number or a range (low, high) of powers of two; 1 by default
    label_smoothing  ε: a number or a range (low, high); 0 by default
    reduction        "sum" (default) or "mean", or a tuple of both to draw one
    loss             "cross-entropy" (default) or another, or a tuple of names to draw one for all tasks; with
                     ``mixed=True`` every task draws its own
    bias             "penalized" (default, λ_b as ``lambdas`` says), "free" (λ_b = 0), "none", or a tuple to draw one

Families of label tuples also take

    missing          how many labels are left out, an integer or a range (low, high); 0 by default. Each is one label
                     tuple's in one task, for all its samples; no tuple loses its last label, no class its last sample

A number of samples is an integer or a range (low, high), ends included. Draws shrink to few tasks, few classes, low
counts, λ = 1/16 and c = 1,
and to what a tuple names first. Bad arguments raise ValueError or TypeError that name them, before anything is drawn.
Needs the extra ``falsify`` (Hypothesis). Beyond the paper: docs/howto/falsify-a-claim.md.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ufm.support.nearest_name import require_name

try:
    from hypothesis.strategies import SearchStrategy
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "families of problems need hypothesis: pip install 'ufm-toolkit[falsify]'", name=error.name
    ) from error

from verify.strategies.counted import arbitrary, balanced, long_tailed, mixed_losses
from verify.strategies.label_sets import multi_label
from verify.strategies.two_tasks import correlated, task_balanced
from verify.strategies.uniform import pairwise_uniform

__all__ = [
    "FAMILIES",
    "SearchStrategy",
    "arbitrary",
    "balanced",
    "correlated",
    "family",
    "long_tailed",
    "mixed_losses",
    "multi_label",
    "pairwise_uniform",
    "task_balanced",
]

FAMILIES: dict[str, Callable[..., Any]] = {
    "balanced": balanced,
    "pairwise-uniform": pairwise_uniform,
    "task-balanced": task_balanced,
    "correlated": correlated,
    "long-tailed": long_tailed,
    "arbitrary": arbitrary,
    "multi-label": multi_label,
    "mixed-losses": mixed_losses,
}


def family(name: str) -> Callable[..., Any]:
    """The family of that name, "task-balanced" or "task_balanced"; raises ValueError naming the nearest."""
    return FAMILIES[require_name("family", str(name).replace("_", "-"), FAMILIES)]
