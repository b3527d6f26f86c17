"""The claims that are put to the test, each with the family of problems searched for a counterexample.

What is known here is only what to ask; every answer is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BELOW = (2.0**-8, 2.0**-3)  # λ's of problems below every threshold
VANISHING = 2.0**-16


@dataclass(frozen=True)
class Investigation:
    """One search: a claim of ``verify.claims`` over a family of ``verify.strategies`` with arguments.

    group      under which heading it stands
    arguments  keywords of the family; they say which hypotheses hold and which are dropped
    """

    group: str
    claim: str
    family: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def searched(self) -> str:
        """The family as Python: ``task_balanced(classes=3)``."""
        keywords = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.family.replace('-', '_')}({keywords})"


_PAIRS = "Two correlated tasks (Section 5.2, Theorem 5.1, Appendix D.6)"
_DROPPED = "Theorem 3.1 with one hypothesis dropped"
_UNIFORM = "Theorem 3.1 with full balance weakened to pairwise uniformity"
_OTHER = "Other claims"
_LIMIT = "Vanishing regularization"

INVESTIGATIONS: tuple[Investigation, ...] = (
    Investigation(_PAIRS, "nc4", "task-balanced", {"classes": 3}),
    Investigation(_PAIRS, "nc4", "task-balanced", {"classes": 2}),
    Investigation(_PAIRS, "nc4", "correlated", {"classes": range(3, 6)}),
    Investigation(_PAIRS, "nc2", "task-balanced", {"classes": 3}),
    Investigation(_PAIRS, "nc2", "correlated", {"classes": range(2, 6)}),
    Investigation(_PAIRS, "theorem_5_1_cosine", "task-balanced", {"classes": 2}),
    Investigation(_PAIRS, "theorem_5_1_cosine", "arbitrary", {"classes": 2, "tasks": 2}),
    Investigation(_PAIRS, "nc5", "correlated", {"classes": 2, "lambdas": BELOW}),
    Investigation(_PAIRS, "nc5_everywhere", "correlated", {"classes": 2, "lambdas": BELOW}),
    Investigation(_DROPPED, "theorem_3_1", "balanced", {}),
    Investigation(_DROPPED, "theorem_3_1", "arbitrary", {"tasks": 2, "n": (1, 9)}),
    Investigation(_DROPPED, "nc2", "arbitrary", {"tasks": 2, "n": (1, 9)}),
    Investigation(_DROPPED, "nc3", "arbitrary", {"tasks": 2, "n": (1, 9)}),
    Investigation(_DROPPED, "smaller_dim", "balanced", {"tasks": 2, "lambdas": BELOW}),
    Investigation(_DROPPED, "nc4", "balanced", {"classes": 3, "tasks": 2}),
    Investigation(_DROPPED, "nc4", "balanced", {"tasks": 2}),
    Investigation(_DROPPED, "nc4", "balanced", {"classes": 3, "tasks": 2, "task_weights": (0.25, 4.0)}),
    Investigation(_DROPPED, "nc4_weighted", "balanced", {"tasks": 2, "task_weights": (0.25, 4.0)}),
    Investigation(_DROPPED, "theorem_3_1_any_lambda", "balanced", {"tasks": 2}),
    Investigation(_DROPPED, "nc5_everywhere", "balanced", {"tasks": 2, "lambdas": BELOW}),
    Investigation(_UNIFORM, "theorem_3_1", "pairwise-uniform", {}),
    Investigation(_UNIFORM, "theorem_3_1_gram", "pairwise-uniform", {}),
    Investigation(_UNIFORM, "nc2", "pairwise-uniform", {}),
    Investigation(_UNIFORM, "nc3", "pairwise-uniform", {}),
    Investigation(_UNIFORM, "nc4", "pairwise-uniform", {}),
    Investigation(_UNIFORM, "nc5", "pairwise-uniform", {}),
    Investigation(_UNIFORM, "nc5_everywhere", "pairwise-uniform", {"lambdas": BELOW}),
    Investigation(_UNIFORM, "nc5_by_task", "pairwise-uniform", {"lambdas": BELOW}),
    Investigation(_OTHER, "theorem_3_2", "balanced", {"source": "multi"}),
    Investigation(_OTHER, "theorem_3_2", "long-tailed", {"source": "multi"}),
    Investigation(_OTHER, "self_duality", "long-tailed", {"tasks": 1}),
    Investigation(_OTHER, "zero_bias", "arbitrary", {}),
    Investigation(_OTHER, "tag_wise_sum", "multi-label", {}),
    Investigation(_OTHER, "tag_wise_sum", "multi-label", {"balanced": False}),
    Investigation(_LIMIT, "vanishing_regularization", "long-tailed", {"tasks": 1, "lambdas": VANISHING}),
    Investigation(_LIMIT, "vanishing_regularization", "task-balanced", {"lambdas": VANISHING}),
    Investigation(_LIMIT, "vanishing_regularization", "arbitrary", {"tasks": 2, "lambdas": VANISHING}),
)
