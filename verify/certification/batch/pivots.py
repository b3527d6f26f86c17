"""Σ_l V_tl = 0 exactly at many points: ``verify.certification.free_bias`` with the problem last.

Of the bound e_k of |Σ_l a_l g_kl| there, the part of tops is taken over all columns of the task instead of those that
row k is the top of, which is more, and sums run one by one: within (m + 10) u.
"""

from __future__ import annotations

import numpy as np

from verify.certification.batch.stacked import Stacked
from verify.losses.rounding import gamma
from verify.reading.form import Bool, Float


def movable(at: Stacked, deviation: Float) -> tuple[Float, Bool]:
    """What entries of the deviation (R, m B) are moved by at most, 0 but at pivots; (B,) whether these have room."""
    form, a, (m, problems) = at.wide, at.loss_weight, at.loss_weight.shape
    apart = at.apart(deviation)
    size = np.abs(apart)
    e = np.abs((apart * a).sum(axis=1)) + gamma(m + 12) * (size * a).sum(axis=1)
    moved, possible = np.zeros_like(apart), np.ones(problems, dtype=bool)
    every = np.arange(problems)
    for group in form.groups:
        room = at.apart(group.loss.room(group.at, deviation[group.rows]))
        score = np.where(np.isinf(room), 1.0, room) * a
        if group.at.row_labelled is not None:
            score *= at.apart(group.at.row_labelled.astype(np.float64))
        for block in group.at.blocks:
            rows = slice(group.rows.start + block.start, group.rows.start + block.stop)
            if group.loss.shift_blind:
                e[rows] += gamma(block.stop - block.start + 8) * (size[rows].sum(axis=0) * a).sum(axis=0)
            own = e[rows] * (1.0 + gamma(m + 16))
            beside = np.where(own[:, None] > 0.0, score[block] / np.maximum(own, 1e-300)[:, None], np.inf)
            pivots = beside.min(axis=0).argmax(axis=0)[None] if group.loss.shift_blind else beside.argmax(axis=1)
            pivots = np.broadcast_to(pivots, own.shape)
            by = own / a[pivots, every] * (1.0 + gamma(8))
            here = np.arange(len(own))[:, None]
            possible &= (by <= room[block][here, pivots, every]).all(axis=0)
            moved[rows][here, pivots, every] = by
    return moved.reshape(deviation.shape), possible
