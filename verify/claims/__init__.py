"""Claims about every global minimum, for ``verify.falsify``: each property of each theorem, and what replaces it.

A claim is a function (problem, solution) → violation ≥ 0, with a name, a statement, a source and a margin; the
violation is NaN if the claim says nothing, for instance because a head is zero. ``LIBRARY`` holds the claims by name.

    nc1                        samples of one label have one feature (method="gradient")
    nc2, nc2_angles, nc2_norms the rows of each head form a simplex ETF
    orthogonal_rows            the rows of each head are orthogonal
    nc3                        heads of different tasks are orthogonal
    nc4, nc4_weighted          features along the sum of their heads; weights √(c^t K_t)
    nc5, nc5_everywhere        the heads decide for the nearest class centre: on training features, for every h
    nc5_by_task                the same with the class centres of each task
    self_duality               class means along their heads (Theorem 3.2)
    zero_bias                  every bias is zero
    smaller_dim                one dimension less than Theorem 3.1 asks for is enough
    theorem_3_1, …_gram        the minimum, and the heads, in closed form; …_any_lambda: without the threshold
    theorem_3_2                the minimum of Problem (4) in closed form
    theorem_5_1_cosine         eq. 31
    closed_form                the minimum, by whichever theorem covers the problem
    vanishing_regularization   the limit of the logits as λ → 0
    tag_wise_sum               multi-label features along the sum of their heads

Claims about angles, lengths and directions apply to every loss and bias; those about classes do not apply to soft and
real targets, and the paper's closed forms and limit only to cross-entropy without missing labels.

Any function will do as well: ``verify.falsify(lambda problem, solution: …, …)``.
"""

from verify.claims._claim import LIBRARY, Claim, as_claim, claim, find
from verify.claims.closed_forms import (
    closed_form,
    theorem_3_1,
    theorem_3_1_any_lambda,
    theorem_3_1_gram,
    theorem_3_2,
    theorem_5_1_cosine,
)
from verify.claims.decisions import nc5, nc5_by_task, nc5_everywhere
from verify.claims.features import nc1, nc4, nc4_weighted, self_duality, tag_wise_sum
from verify.claims.heads import nc2, nc2_angles, nc2_norms, nc3, orthogonal_rows, smaller_dim, zero_bias
from verify.claims.limit import vanishing_regularization

__all__ = [
    "LIBRARY",
    "Claim",
    "as_claim",
    "claim",
    "closed_form",
    "find",
    "nc1",
    "nc2",
    "nc2_angles",
    "nc2_norms",
    "nc3",
    "nc4",
    "nc4_weighted",
    "nc5",
    "nc5_by_task",
    "nc5_everywhere",
    "orthogonal_rows",
    "self_duality",
    "smaller_dim",
    "tag_wise_sum",
    "theorem_3_1",
    "theorem_3_1_any_lambda",
    "theorem_3_1_gram",
    "theorem_3_2",
    "theorem_5_1_cosine",
    "vanishing_regularization",
    "zero_bias",
]
