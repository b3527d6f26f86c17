"""D(q) ≤ min F in ball arithmetic, at a q whose feasibility is proven and whose choice needs no proof.

The deviation q − y is given in doubles. In every task block one entry, the top, is replaced by minus the exact sum of
the others, so blocks of q sum to s exactly; entries of q are proven ≥ 0; σ̄ ≥ ‖diag(1/√c) V diag(1/√w)‖_2 is proven,
and the deviation multiplied by an exact number θ ≤ min(1, τ/σ̄). Then, with V and q those of the deviation θ (q − y),

    D = Σ_t c^t Σ_l a_l Σ_k −q_tlk log(q_tlk/s_tl) − Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t)   ≤   min F.
"""

from __future__ import annotations

import numpy as np

from verify.certification.rigorous.ball_form import BallForm
from verify.certification.rigorous.balls import Ball, flint
from verify.certification.rigorous.spectral import norm_bound
from verify.reading.form import Float, Form

INSIDE = 1.0 - 2.0**-40  # a negative deviation is at most this fraction of its target, which is a rounded double here


def dual_value(form: BallForm, rounded: Form, deviation: Float) -> Ball | None:
    """D at the nearest feasible deviation (R, m), or None where feasibility is not proven at this precision."""
    exact = _exact(form, rounded, deviation)
    if exact is None:
        return None
    arb = flint().arb
    a, w = form.loss_weights(), form.feature_weights()
    column = [x / y.sqrt() for x, y in zip(a, w, strict=True)]
    root = [arb(c).sqrt() for c, rows in zip(form.task_weights, form.blocks, strict=True) for _ in rows]
    sigma = norm_bound(
        flint().arb_mat(
            [[r * x * e for x, e in zip(column, row, strict=True)] for r, row in zip(root, exact, strict=True)]
        )
    )
    if not sigma.is_finite():
        return None
    theta = arb(1) if sigma <= form.tau else (form.tau / sigma).lower()
    if theta < 0:  # at so few bits that τ may be zero
        return None
    gain = loss = arb(0)
    for c, rows in zip(form.task_weights, form.blocks, strict=True):
        gain += c * sum((x * _entropy(form, rows, exact, label, theta) for label, x in enumerate(a)), arb(0))
        drift = (sum((x * e for x, e in zip(a, exact[k], strict=True)), arb(0)) for k in rows)
        loss += c * sum((x * x for x in drift), arb(0)) / (4 * arb(form.lambda_b))
    return gain - theta * theta * loss


def _exact(form: BallForm, rounded: Form, deviation: Float) -> list[list[Ball]] | None:
    """(R, m) with q ≥ 0 proven and blocks of sum zero: doubles, but for the top of each block."""
    arb = flint().arb
    inside = np.maximum(deviation, -INSIDE * rounded.targets)
    result = [[arb(0)] * len(form.counts) for _ in inside]
    for rows in form.blocks:
        tops = (rows.start + np.argmax((rounded.targets + inside)[rows.start : rows.stop], axis=0)).tolist()
        for label, top in enumerate(tops):
            members = form.members[rows.start : rows.stop, label].tolist()
            targets = form.targets(len(rows), sum(members))
            total = arb(0)
            for k, member in zip(rows, members, strict=True):
                if k == top:
                    continue
                result[k][label] = entry = arb(float(inside[k, label]))
                if not targets[member] + entry >= 0:
                    return None
                total += entry
            if not targets[members[top - rows.start]] - total >= 0:
                return None
            result[top][label] = -total
    return result


def _entropy(form: BallForm, rows: range, exact: list[list[Ball]], label: int, theta: Ball) -> Ball:
    """Σ_k −q_k log(q_k/s), 0 ≤ q ≤ s; at least that sum where a ball for q touches zero, whose term is ≥ 0."""
    members = form.members[rows.start : rows.stop, label].tolist()
    mass = sum(members)
    targets = form.targets(len(rows), mass)
    total = flint().arb(0)
    for k, member in zip(rows, members, strict=True):
        q = targets[member] + theta * exact[k][label]
        if q > 0:
            total -= q * (q / mass).log()
    return total
