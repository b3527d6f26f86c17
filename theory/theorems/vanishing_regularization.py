"""The geometry of the heads as all λ's tend to zero in proportion, for any counts: is it that of the labels?

Let Ẑ have the stacked centred labels as columns, block t of column l being e_{k_t} − 1/K_t, and let
Z̃ = diag(√c) Ẑ diag(√n).
As λ → 0 the minimizer's logits, over their size, tend to the solutions of

    minimize ‖diag(√c) Z diag(√n)‖_*   subject to  every label's logit at least 1 above each other class's,

where Ẑ meets every constraint with equality. It is a solution exactly if some subgradient of the nuclear norm at Z̃,

    G = U Vᵀ + M,   Z̃ = U S Vᵀ,   UᵀM = 0,  M V = 0,  ‖M‖_2 ≤ 1,  blocks of columns of M centred,

is ≤ 0 at every class that is not the label, and the only one if it is < 0 there: then

    W Wᵀ / a  →  √(λ_H/λ_W) diag(1/√c) (Z̃ Z̃ᵀ)^{1/2} diag(1/√c),   logits ~ a Ẑ,  a → ∞.

M = 0 is the only choice where Z̃ has full rank min(R − T, columns): there one positive entry proves that Ẑ is not the
limit. With one label per sample and one task the signs always hold.

With label smoothing the logits, biases included, tend to log y. Biases are then as cheap as heads, and take no part of
log y exactly if some G has Σ_l √n_l G_l = 0. Without bias that is no condition, and with a free bias it is one
without smoothing too: V has to be orthogonal to √n.

Source: beyond the paper, docs/theory.md; Thrampoulidis et al. 2022 have T = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from theory import presentation
from theory.feature_space import Float, centred_labels, direct_sum
from theory.hypotheses import all_labelled, loss_is
from theory.margins.free_subgradient import negative_subgradient
from theory.public_fields import CROSS_ENTROPY
from theory.reading import SumProblem, read

PROVEN, FAILS, UNPROVEN = "proven", "fails", "unproven"
ROUNDING = 256 * float(np.finfo(np.float64).eps)  # times the condition number: entries of U Vᵀ below this have no sign


@dataclass(frozen=True, eq=False)
class VanishingRegularization:
    """The labels' own geometry, and whether it is the limit of the minimizers as λ → 0.

    gram     (R, R) W Wᵀ of the candidate, per unit of the margin a; with label smoothing, of the limit itself. NaN
             between tasks of Problem (4)
    cosines  (R, R) between its rows, NaN where a head is zero
    verdict  "proven": the limit; "fails": proven not to be the limit; "unproven": no proof either way
    reason   in words
    signs    (R, columns) of −1, 0, 1: the subgradient's signs, 0 within rounding; a list of (K_t, columns_t) for
             Problem (4). A proof needs −1 at every class that is not the label
    """

    gram: Float
    cosines: Float
    verdict: str
    reason: str
    signs: NDArray[np.int64] | list[NDArray[np.int64]]

    def __str__(self) -> str:
        return presentation.text("Vanishing regularization (beyond the paper)", self._rows())

    def _repr_html_(self) -> str:
        return presentation.table("Vanishing regularization (beyond the paper)", self._rows())

    def _rows(self) -> list[tuple[str, str]]:
        return [("verdict", self.verdict), ("reason", self.reason)]


def vanishing_regularization(problem: Any) -> VanishingRegularization:
    """The candidate limit of the heads as λ_H, λ_W, λ_b → 0 in proportion, and the verdict on it.

    problem  as for ``theory.predict``; of its λ's only λ_H/λ_W matters

    Raises TypeError and ValueError as ``theory.predict``, and ValueError for an unknown source.
    """
    reading = read(problem)
    for row in (loss_is(reading, CROSS_ENTROPY), all_labelled(reading)):
        if reading.parts and not row.holds:
            raise ValueError(f"{row.statement}, as far as the limit is known here, got {row.found}")
    match reading.source:
        case "single":
            return _part(reading.parts[0], label_sets=False)
        case "multilabel":
            return _part(reading.parts[0], label_sets=True)
        case "multi":
            parts = [_part(task, label_sets=False) for task in reading.parts]
        case _:
            raise ValueError(f"source must be 'single', 'multi' or 'multilabel', got {reading.source!r}")
    order = (FAILS, UNPROVEN, PROVEN)
    worst = min(parts, key=lambda part: order.index(part.verdict))
    return VanishingRegularization(
        direct_sum([part.gram for part in parts], np.nan),
        direct_sum([part.cosines for part in parts], np.nan),
        worst.verdict,
        worst.reason,
        [np.asarray(part.signs) for part in parts],
    )


def _part(problem: SumProblem, label_sets: bool) -> VanishingRegularization:
    owned, centred = _labels(problem, label_sets)
    root_c = np.sqrt(np.repeat(problem.task_weights, problem.classes))
    scaled = root_c[:, None] * centred * np.sqrt(problem.counts)
    U, S, Vt = np.linalg.svd(scaled, full_matrices=False)
    rank = int(np.count_nonzero(ROUNDING * max(scaled.shape) * S[0] < S)) if S[0] > 0 else 0
    U, S, Vt = U[:, :rank], S[:rank], Vt[:rank]
    gram = (U * S) @ U.T * problem.balance() / np.outer(root_c, root_c)
    condition = S[0] / S[-1] if rank > 0 else 1.0
    subgradient = U @ Vt
    verdict, reason, subgradient = _verdict(problem, label_sets, owned, subgradient, (U, Vt), ROUNDING * condition)
    signs = np.where(np.abs(subgradient) > ROUNDING * condition, np.sign(subgradient), 0).astype(np.int64)
    return VanishingRegularization(gram, _cosines(gram), verdict, reason, signs)


def _labels(problem: SumProblem, label_sets: bool) -> tuple[NDArray[np.bool_], Float]:
    """(R, columns) which rows are the label's own, and the centred logits that the loss asks for as λ → 0.

    Without smoothing those of margin 1. With it log y, centred: log(1 + (1 − ε) K/(ε m)) (1_S − m/K), m = |S|.
    """
    if label_sets:
        owned = problem.labels.T > 0
        centred = owned - owned.mean(axis=0)
    else:
        blocks = [centred_labels(k, column) for k, column in zip(problem.classes, problem.labels.T, strict=True)]
        centred = np.concatenate(blocks)
        owned = centred > 0
    if problem.label_smoothing > 0:
        K, epsilon = np.repeat(problem.classes, problem.classes)[:, None], problem.label_smoothing
        members = owned.sum(axis=0) if label_sets else np.ones(len(problem.counts))
        centred = np.log1p((1 - epsilon) * K / (epsilon * members)) * centred
    return owned, centred


def _verdict(
    problem: SumProblem,
    label_sets: bool,
    owned: NDArray[np.bool_],
    subgradient: Float,
    factors: tuple[Float, Float],
    rounding: float,
) -> tuple[str, str, Float]:
    """Verdict, reason, and the subgradient that it rests on."""
    present = problem.counts > 0
    rank, most = len(factors[1]), min(sum(problem.classes) - len(problem.classes), int(present.sum()))
    if problem.label_smoothing > 0 and problem.lambda_b is None:
        return PROVEN, "logits tend to log y, and there is no bias", subgradient
    drift = _drift(problem, subgradient)
    if problem.label_smoothing == 0 and problem.lambda_b == 0 and drift > rounding:
        return FAILS, f"a free bias takes part of the margins: Σ √n_l (U Vᵀ)_l is {drift:.3g} √N", subgradient
    if problem.label_smoothing > 0:
        if drift <= rounding:
            return PROVEN, "logits tend to log y, and Σ √n_l (U Vᵀ)_l = 0: biases take no part of them", subgradient
        if rank == most:
            return FAILS, f"biases take part of log y: Σ √n_l (U Vᵀ)_l is {drift:.3g} √N at full rank", subgradient
        return UNPROVEN, f"rank {rank} < {most}, and Σ √n_l (U Vᵀ)_l is not zero", subgradient
    if len(problem.classes) == 1 and not label_sets:
        return PROVEN, "one task, one label per sample: U Vᵀ is negative off the labels for any counts", subgradient
    watched = ~owned & present
    worst = float(subgradient[watched].max(initial=-1.0))
    if worst < -rounding:
        return PROVEN, f"U Vᵀ is at most {worst:.3g} off the labels", subgradient
    if rank == most and worst > rounding:
        return FAILS, f"U Vᵀ, the only subgradient at full rank {rank}, is {worst:.3g} off a label", subgradient
    if rank < most:
        better = negative_subgradient(problem.classes, subgradient, factors, watched, rounding)
        if better is not None and (problem.lambda_b != 0 or _drift(problem, better) <= rounding):
            largest = float(better[watched].max())
            return PROVEN, f"a subgradient U Vᵀ + M is at most {largest:.3g} off the labels", better
        return UNPROVEN, f"rank {rank} < {most}, and no subgradient found that is negative off the labels", subgradient
    return UNPROVEN, "an entry of U Vᵀ off the labels is zero to rounding", subgradient


def _drift(problem: SumProblem, subgradient: Float) -> float:
    """The largest |Σ_l √(n_l/N) G_l|: what a bias could take."""
    return float(np.abs(subgradient @ np.sqrt(problem.counts / problem.samples)).max())


def _cosines(gram: Float) -> Float:
    norms = np.sqrt(np.maximum(np.diagonal(gram), 0.0))
    norms = np.where(norms > np.sqrt(ROUNDING) * norms.max(initial=0.0), norms, np.nan)
    return np.asarray(gram / np.outer(norms, norms))
