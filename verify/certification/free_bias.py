"""Dual points of a problem with a free bias: Σ_l V_tl = 0 exactly, of numbers that are rounded.

Per row k of task t, Σ_l a_l g_kl = 0 over the columns l that have a label there. First every deviation is made to be
what the best bias leaves, as far as floating point does (``Loss.tilt``). What is left over, d_k = Σ_l a_l g_kl, is then
taken off exactly in one entry of the row, the pivot p:

    ĝ_kp = g_kp − d_k / a_p.

Nobody computes ĝ: d_k is bounded by its value as computed and that value's rounding,

    |d_k| ≤ |fl(d_k)| + γ_{w + m/w + 10} Σ_l a_l |g_kl| + γ_{K+4} Σ_{l: k is top} a_l Σ_j |g_jl|  =: e_k

(m/w blocks of w terms; a 2u; a top is off by K u of its block), and everything else allows for entries ``moved`` by up
to e_k / a_p. Where a task's loss is blind to shifts, blocks of a column sum to 0, and so do the d_k of a task: with one
pivot column for all its rows its blocks still do. Elsewhere each row has a pivot of its own. The pivot is where
e_k / a_p is least beside ``Loss.room``; where it is more than that, the deviation is mixed with that of the best bias
alone, z = 0, which is far inside. Multiplying all of g by θ ≤ 1 keeps all this.
"""

from __future__ import annotations

from math import isqrt

import numpy as np

from verify.losses.rounding import gamma
from verify.losses.tasks import stacked
from verify.reading.form import Float, Form, Group

MIXTURES = (0.0, 2.0**-44, 2.0**-34, 2.0**-20, 2.0**-10, 1.0)


def clipped(form: Form, wanted: Float) -> Float:
    """(R, m) a copy of wanted with each entry in its domain."""
    return stacked([group.loss.clip(group.at, wanted[group.rows]) for group in form.groups])


def tilted(form: Form, deviation: Float) -> Float:
    """(R, m) with Σ_l a_l g_l = 0 but for rounding."""
    return stacked([group.loss.tilt(group.at, deviation[group.rows], form.loss_weight) for group in form.groups])


def movable(form: Form, deviation: Float) -> tuple[Float, Float] | None:
    """(R, m) a tilted deviation, or a mixture with z = 0's, and what its entries are ``moved`` by at most, 0 but at
    pivots; None if the pivots have no room for it.
    """
    zero = None
    for share in MIXTURES:
        mixed = deviation
        if share:
            zero = _at_zero(form) if zero is None else zero
            mixed = complete(form, tilted(form, (1.0 - share) * deviation + share * zero))
        moved = _moved(form, mixed)
        if moved is not None:
            return mixed, moved
    return None


def complete(form: Form, deviation: Float) -> Float:
    """In place: tops of tasks blind to shifts become minus the sum of the others in their block."""
    for group in form.groups:
        if group.loss.shift_blind:
            part = deviation[group.rows]
            part[group.at.at_tops] = 0.0
            part[group.at.at_tops] = -group.at.block_sums(part)
    return deviation


def drift(form: Form, deviation: Float) -> tuple[Float, int]:
    """(R,) Σ_l a_l g_l in blocks of columns, and how many operations its rounding counts."""
    m = len(form.counts)
    width = min(m, max(64, isqrt(m)))
    if width == m:
        return deviation @ form.loss_weight, m + 1
    total = np.zeros(len(deviation))
    for start in range(0, m, width):
        total += deviation[:, start : start + width] @ form.loss_weight[start : start + width]
    return total, width + m // width


def _at_zero(form: Form) -> Float:
    """(R, m) (Σ_l a_l y_l / Σ_l a_l s_l) s_l − y_l, in the domain: of today's losses the residual at z = 0 and its
    best bias; of others what such a bias makes of it.
    """
    weights = form.masses * form.loss_weight
    share = weights.sum(axis=1)[:, None]
    means = (form.targets @ form.loss_weight)[:, None] / np.repeat(share, form.classes, axis=0)
    at = means * np.repeat(form.masses, form.classes, axis=0) - form.targets
    return complete(form, tilted(form, complete(form, clipped(form, at))))


def _moved(form: Form, deviation: Float) -> Float | None:
    """(R, m) e_k / a_p at the pivots; None if that is more than their room."""
    a, (left, operations) = form.loss_weight, drift(form, deviation)
    size = np.abs(deviation)
    e = np.abs(left) + gamma(operations + 12) * (size @ a)
    moved = np.zeros_like(deviation)
    for group in form.groups:
        rows, at = group.rows, group.at
        if group.loss.shift_blind:
            at_tops = np.bincount(
                at.tops.ravel(), weights=(at.block_sums(size[rows]) * a).ravel(), minlength=len(e[rows])
            )
            e[rows] += gamma(max(at.classes) + 8) * at_tops
        e[rows] *= 1.0 + gamma(len(a) + 16)
        room, score = scores(group, deviation[rows], a, e[rows])
        for block in at.blocks:
            own = score[block]
            if group.loss.shift_blind:
                pivots = np.full(len(own), int(np.argmax(own.min(axis=0))))
            else:
                pivots = np.argmax(own, axis=1)
            by = e[rows][block] / a[pivots] * (1.0 + gamma(8))
            here = np.arange(block.start, block.stop)
            if not np.all(by <= room[here, pivots]):
                return None
            moved[rows.start + here, pivots] = by
    return moved


def scores(group: Group, deviation: Float, a: Float, e: Float) -> tuple[Float, Float]:
    """(R', m) ``Loss.room`` of a group's entries, and how often e_k / a_l goes into it; 0 times without a label."""
    room = group.loss.room(group.at, deviation)
    score = np.where(np.isinf(room), 1.0, room) * a
    if group.at.row_labelled is not None:
        score = np.where(group.at.row_labelled, score, 0.0)
    return room, np.where(e[:, None] > 0.0, score / np.maximum(e, 1e-300)[:, None], np.inf)
