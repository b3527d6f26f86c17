"""The claim on vanishing regularization, refuted by explicit logits."""

from __future__ import annotations

import numpy as np

from verify.claims._claim import NOT_APPLICABLE, claim, of_objective
from verify.claims.regime import cross_entropy, hard_labels
from verify.reading.form import Float, Form
from verify.reading.read import At

STEPS = 2.0 ** np.arange(-20, 6)
RANK = 1e-9  # of the largest singular value


@claim(
    "vanishing_regularization",
    statement="as λ → 0 the logits tend to a multiple of the stacked centred labels e_{k_t} − 1/K_t",
    source="conjecture for T ≥ 2 (Thrampoulidis et al. 2022 prove T = 1); beyond the paper: docs/theory.md",
    margin=1e-6,
    resolution=of_objective,
)
def vanishing_regularization(at: At) -> float:
    """max(0, 1 − ν(Z)/ν(Ẑ)) of the best Z found; NaN for other than one-hot labels or cross-entropy,
    labels missing, or a free bias.

        ν(Z) = ‖diag(√c) Z diag(√n)‖_* / min_{t, l, k ≠ k_t} (z_{tl,k_t} − z_{tl,k}),    Ẑ_tl = e_{k_t} − 1/K_t

    With all λ → 0 in proportion, min F / (τ log(1/τ)) tends to the least ν of all Z, and logits whose direction has a
    limit attain it there. So one Z of ν(Z) < ν(Ẑ) proves that Ẑ is not the limit, and no convergence, which is as slow
    as 1/log(1/λ), need be waited for: the λ's and the solution play no part. Z = Ẑ − s M⁺, where M is the gradient of
    the nuclear norm at Ẑ and M⁺ its positive part at wrong classes: lowering a wrong logit keeps every margin, and
    lowers the norm to first order wherever M⁺ is not zero.
    """
    paper = hard_labels(at.problem) and all(map(cross_entropy, at.forms))
    if not paper or at.problem.lambda_b == 0:  # a free bias makes margins at no cost
        return NOT_APPLICABLE
    return max(_best_descent(form) for form in at.forms)


def _best_descent(form: Form) -> float:
    labels = _centred(form, form.indicators)
    least = _nuclear(form, labels)
    wrong = np.where(form.indicators > 0, 0.0, np.maximum(0.0, _gradient(form, labels)))
    lowered = (_nuclear(form, _centred(form, form.indicators - step * wrong)) for step in STEPS)
    return max(0.0, 1.0 - min(lowered) / least) if wrong.any() else 0.0


def _gradient(form: Form, Z: Float) -> Float:
    """Of ‖scaling · Z‖_* by Z, the polar factor's part: rows and columns beyond the rank left out."""
    U, singular, Vt = np.linalg.svd(form.scaling * Z, full_matrices=False)
    rank = int(np.sum(singular > RANK * singular[0]))
    return np.asarray(form.scaling * (U[:, :rank] @ Vt[:rank]))


def _centred(form: Form, Z: Float) -> Float:
    return np.concatenate([Z[rows] - Z[rows].mean(axis=0) for rows in form.blocks])


def _nuclear(form: Form, Z: Float) -> float:
    return float(np.linalg.svd(form.scaling * Z, compute_uv=False).sum())
