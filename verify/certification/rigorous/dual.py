"""D(g) ≤ min F in ball arithmetic, at a deviation g whose feasibility is proven and whose choice needs no proof.

g is given in doubles, and meets its equations exactly because some entries are defined by the others:

    tasks blind to shifts     Σ_k g_kl = 0: in each block the top, a largest q = y + g, is minus the sum of the others
    λ_b = 0, a free bias      Σ_l n_l g_kl = 0: in each row the pivot is − Σ_{l ≠ p} n_l g_kl / n_p. The rows of a task
                              blind to shifts share a pivot column, whose block then has sum 0 as the others have

The balls of such entries contain them, and what is proven of all points of the balls is proven of them: that φ g lies
in the domains of the losses' conjugates, at φ = 1 or an exact φ < 1, and that σ̄ ≥ ‖diag(1/√c) V diag(1/√w)‖_2. With an
exact number θ ≤ min(φ, τ/σ̄), θ g is in the domains, which are convex and contain 0, keeps the equations, and

    D = − Σ_t c^t Σ_l a_l ℓ_t*(θ g_tl; y_tl) − θ² Σ_t c^t ‖Σ_l a_l g_tl‖² / (4 λ_b)   ≤   min F,

the last sum 0 under a free bias and without one.
"""

from __future__ import annotations

import numpy as np

from verify.certification.free_bias import clipped
from verify.certification.rigorous.ball_form import BallForm, Target
from verify.certification.rigorous.spectral import norm_bound
from verify.losses.balls import Ball, flint
from verify.reading.form import Float, Form, Int

Balls = list[list[Ball]]  # (R, m)


def dual_value(form: BallForm, rounded: Form, deviation: Float) -> Ball | None:
    """D at the nearest feasible deviation (R, m), or None if feasibility is not proven at this precision."""
    arb = flint().arb
    targets = form.targets()
    exact = completed(form, rounded, clipped(rounded, deviation))
    theta = _reach(form, rounded, targets, exact)
    if theta is None:
        return None
    a, w = form.loss_weights(), form.feature_weights()
    column = [x / y.sqrt() for x, y in zip(a, w, strict=True)]
    root = [arb(c).sqrt() for c, rows in zip(form.task_weights, form.blocks, strict=True) for _ in rows]
    scaled = [[r * x * e for x, e in zip(column, row, strict=True)] for r, row in zip(root, exact, strict=True)]
    sigma = norm_bound(flint().arb_mat(scaled))
    if not sigma.is_finite():
        return None
    if not theta * sigma <= form.tau:
        allowed = (form.tau / sigma).lower()
        theta = allowed if allowed <= theta else theta
    if not theta >= 0:  # at so few bits that τ may be zero
        return None
    return _gain(form, targets, exact, theta) - _drift(form, exact, theta)


def zero_value(form: BallForm) -> Ball:
    """D at g = 0, which is feasible: what the losses are at the best logits, each column its own."""
    zero = [[flint().arb(0)] * len(form.counts)] * sum(form.classes)
    return _gain(form, form.targets(), zero, flint().arb(0))


def completed(form: BallForm, rounded: Form, deviation: Float) -> Balls:
    """(R, m) with the equations of blocks and rows: doubles, but for tops and pivots."""
    arb = flint().arb
    result = [[arb(0)] * len(form.counts) for _ in deviation]
    pivots = _pivots(form, rounded, deviation).tolist() if form.lambda_b == 0 else [None] * len(deviation)
    for t, (loss, rows) in enumerate(zip(form.losses, form.blocks, strict=True)):
        tops = (rows.start + np.argmax((rounded.targets + deviation)[rows.start : rows.stop], axis=0)).tolist()
        entries = [deviation[k].tolist() for k in rows]
        for label in np.flatnonzero(form.labelled[t]).tolist():
            top = tops[label] if loss.shift_blind else None
            total = arb(0)
            for k, row in zip(rows, entries, strict=True):
                if k != top:
                    result[k][label] = entry = arb(row[label])
                    total += entry
            if top is not None:
                result[top][label] = -total
    for row, pivot in zip(result, pivots, strict=True):
        if pivot is not None:
            row[pivot] = arb(0)
            row[pivot] = -sum((n * e for n, e in zip(form.counts, row, strict=True)), arb(0)) / form.counts[pivot]
    return result


def _pivots(form: BallForm, rounded: Form, deviation: Float) -> Int:
    """(R,) columns where an entry can best be moved: n_l times its room is largest, of a whole block's least room."""
    pivots = np.empty(len(deviation), dtype=np.int64)
    for group in rounded.groups:
        room = np.minimum(group.loss.room(group.at, deviation[group.rows]), 1.0) * np.array(form.counts, dtype=float)
        if group.at.row_labelled is not None:
            room = np.where(group.at.row_labelled, room, -1.0)
        for block in group.at.blocks:
            own = room[block]
            shared = np.broadcast_to(own.min(axis=0), own.shape) if group.loss.shift_blind else own
            pivots[group.rows][block] = np.argmax(shared, axis=1)
    return pivots


def _reach(form: BallForm, rounded: Form, targets: list[list[Target | None]], exact: Balls) -> Ball | None:
    """An exact φ ≤ 1 with φ g proven to be in the domains: 1, or what the doubles say; None if neither is."""
    arb = flint().arb
    if _contained(form, targets, exact):
        return arb(1)
    deviation = np.array([[float(x) for x in row] for row in exact])
    zero = np.zeros_like(deviation)
    shares = [group.loss.share(group.at, zero[group.rows], deviation[group.rows]) for group in rounded.groups]
    reach = arb(min(shares) * (1.0 - 2.0**-30))
    return reach if _contained(form, targets, [[reach * x for x in row] for row in exact]) else None


def _contained(form: BallForm, targets: list[list[Target | None]], exact: Balls) -> bool:
    """Whether all blocks are proven to be in the domains of the conjugates."""
    for loss, rows, columns in zip(form.losses, form.blocks, targets, strict=True):
        for label, target in enumerate(columns):
            if target is not None and not loss.contains([exact[k][label] for k in rows], target.y):
                return False
    return True


def _gain(form: BallForm, targets: list[list[Target | None]], exact: Balls, theta: Ball) -> Ball:
    """− Σ_t c^t Σ_l a_l ℓ_t*(θ g_tl; y_tl), from below."""
    arb, a = flint().arb, form.loss_weights()
    total = arb(0)
    for c, loss, rows, columns in zip(form.task_weights, form.losses, form.blocks, targets, strict=True):
        part = arb(0)
        for label, (weight, target) in enumerate(zip(a, columns, strict=True)):
            if target is not None:
                part += weight * loss.gain([theta * exact[k][label] for k in rows], *target)
        total += c * part
    return total


def _drift(form: BallForm, exact: Balls, theta: Ball) -> Ball:
    """θ² Σ_t c^t ‖Σ_l a_l g_tl‖² / (4 λ_b)."""
    arb, a = flint().arb, form.loss_weights()
    total = arb(0)
    if form.lambda_b:
        for c, rows in zip(form.task_weights, form.blocks, strict=True):
            sums = (sum((x * e for x, e in zip(a, exact[k], strict=True)), arb(0)) for k in rows)
            total += c * sum((x * x for x in sums), arb(0))
        total = theta * theta * total / (4 * arb(form.lambda_b))
    return total
