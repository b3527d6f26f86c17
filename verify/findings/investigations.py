"""The claims to test, each with the family of problems searched for a counterexample.

This module only states the questions; every answer is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ufm.losses import LOSSES

BELOW = (2.0**-8, 2.0**-3)  # λ's of problems below every threshold
VANISHING = 2.0**-16
WEIGHTS = (0.25, 4.0)
LIMIT = "vanishing_regularization"


@dataclass(frozen=True)
class Investigation:
    """One search: a claim of ``verify.claims`` over a family of ``verify.strategies`` with arguments.

    group      the heading on the page
    premise    the hypotheses that the family keeps or drops, in words
    arguments  keywords of the family
    method     solver: "gradient" frees every sample's feature, which ``nc1`` needs
    """

    group: str
    premise: str
    claim: str
    family: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    method: str = "newton"

    @property
    def searched(self) -> str:
        """The family as Python: ``task_balanced(classes=3)``."""
        keywords = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.family.replace('-', '_')}({keywords})"

    @property
    def name(self) -> str:
        """The name of its file: ``nc4-task-balanced-classes-3``."""
        words = [f"{name}-{_brief(value)}" for name, value in self.arguments.items()]
        return "-".join([self.claim, self.family, *words]).replace("_", "-")


def _brief(value: Any) -> str:
    if isinstance(value, range):
        value = (value[0], value[-1])
    parts = value if isinstance(value, tuple) else (value,)
    return ("-or-" if isinstance(parts[0], str) else "-to-").join(
        f"{part:g}" if isinstance(part, float) else str(part) for part in parts
    )


_PAIRS = "Two correlated tasks (Section 5.2, Theorem 5.1, Appendix D.6)"
_DROPPED = "Theorem 3.1 with one hypothesis dropped"
_UNIFORM = "Theorem 3.1 with full balance weakened to pairwise uniformity"
_OTHER = "Other claims"
_LIMIT = "Vanishing regularization"

INVESTIGATIONS: tuple[Investigation, ...] = (
    Investigation(_PAIRS, "task-balanced, K = 3", "nc4", "task-balanced", {"classes": 3}),
    Investigation(_PAIRS, "task-balanced, K = 2", "nc4", "task-balanced", {"classes": 2}),
    Investigation(_PAIRS, "two counts, K ≥ 3", "nc4", "correlated", {"classes": range(3, 6)}),
    Investigation(_PAIRS, "task-balanced, K = 3", "nc2", "task-balanced", {"classes": 3}),
    Investigation(_PAIRS, "two counts", "nc2", "correlated", {"classes": range(2, 6)}),
    Investigation(_PAIRS, "Theorem 5.1", "theorem_5_1_cosine", "task-balanced", {"classes": 2}),
    Investigation(_PAIRS, "not task-balanced", "theorem_5_1_cosine", "arbitrary", {"classes": 2, "tasks": 2}),
    Investigation(_PAIRS, "Theorem 5.1, training features", "nc5", "correlated", {"classes": 2, "lambdas": BELOW}),
    Investigation(_PAIRS, "Theorem 5.1, every h", "nc5_everywhere", "correlated", {"classes": 2, "lambdas": BELOW}),
    Investigation(_DROPPED, "none dropped", "theorem_3_1", "balanced"),
    Investigation(
        _DROPPED,
        "none dropped, features free",
        "nc1",
        "balanced",
        {"n": (2, 4), "tasks": 2, "lambdas": BELOW},
        "gradient",
    ),
    Investigation(_DROPPED, "none dropped", "nc2", "balanced"),
    Investigation(_DROPPED, "none dropped", "nc3", "balanced", {"tasks": (2, 3)}),
    Investigation(_DROPPED, "label balance dropped", "theorem_3_1", "arbitrary", {"tasks": 2, "n": (1, 9)}),
    Investigation(_DROPPED, "label balance dropped", "nc2", "arbitrary", {"tasks": 2, "n": (1, 9)}),
    Investigation(_DROPPED, "label balance dropped", "nc3", "arbitrary", {"tasks": 2, "n": (1, 9)}),
    Investigation(_DROPPED, "d ≥ Σ K_t − T dropped", "smaller_dim", "balanced", {"tasks": 2, "lambdas": BELOW}),
    Investigation(_DROPPED, "none dropped", "nc4", "balanced", {"classes": 3, "tasks": 2}),
    Investigation(_DROPPED, "K_t = K dropped", "nc4", "balanced", {"tasks": 2}),
    Investigation(_DROPPED, "c^t = 1 dropped", "nc4", "balanced", {"classes": 3, "tasks": 2, "task_weights": WEIGHTS}),
    Investigation(
        _DROPPED, "both dropped, as in B.2", "nc4_weighted", "balanced", {"tasks": 2, "task_weights": WEIGHTS}
    ),
    Investigation(_DROPPED, "threshold dropped", "theorem_3_1_any_lambda", "balanced", {"tasks": 2}),
    Investigation(_DROPPED, "none dropped, every h", "nc5_everywhere", "balanced", {"tasks": 2, "lambdas": BELOW}),
    Investigation(_UNIFORM, "pairs uniform", "theorem_3_1", "pairwise-uniform"),
    Investigation(_UNIFORM, "pairs uniform", "theorem_3_1_gram", "pairwise-uniform"),
    Investigation(_UNIFORM, "pairs uniform", "nc2", "pairwise-uniform"),
    Investigation(_UNIFORM, "pairs uniform", "nc3", "pairwise-uniform"),
    Investigation(_UNIFORM, "pairs uniform", "nc4", "pairwise-uniform"),
    Investigation(_UNIFORM, "pairs uniform, training features", "nc5", "pairwise-uniform"),
    Investigation(_UNIFORM, "pairs uniform, every h", "nc5_everywhere", "pairwise-uniform", {"lambdas": BELOW}),
    Investigation(_UNIFORM, "pairs uniform, task by task", "nc5_by_task", "pairwise-uniform", {"lambdas": BELOW}),
    Investigation(_OTHER, "Theorem 3.2", "theorem_3_2", "balanced", {"source": "multi"}),
    Investigation(_OTHER, "Theorem 3.2", "nc2", "balanced", {"source": "multi"}),
    Investigation(_OTHER, "Theorem 3.2", "self_duality", "balanced", {"source": "multi"}),
    Investigation(_OTHER, "Theorem 3.2, every h", "nc5_everywhere", "balanced", {"source": "multi", "lambdas": BELOW}),
    Investigation(_OTHER, "class balance dropped", "theorem_3_2", "long-tailed", {"source": "multi"}),
    Investigation(_OTHER, "class balance dropped", "self_duality", "long-tailed", {"tasks": 1}),
    Investigation(_OTHER, "any counts", "zero_bias", "arbitrary"),
    Investigation(
        _OTHER,
        "any loss, any bias, wherever a theorem applies",
        "closed_form",
        "balanced",
        {"loss": tuple(LOSSES), "bias": ("penalized", "free", "none")},
    ),
    Investigation(_OTHER, "balanced within each size", "tag_wise_sum", "multi-label"),
    Investigation(_OTHER, "that balance dropped", "tag_wise_sum", "multi-label", {"balanced": False}),
    Investigation(_LIMIT, "one task", LIMIT, "long-tailed", {"tasks": 1, "lambdas": VANISHING}),
    Investigation(_LIMIT, "two tasks, task-balanced", LIMIT, "task-balanced", {"lambdas": VANISHING}),
    Investigation(_LIMIT, "two tasks, any counts", LIMIT, "arbitrary", {"tasks": 2, "lambdas": VANISHING}),
)
