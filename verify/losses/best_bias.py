"""What the best bias leaves of a deviation, Σ_l a_l g_l = 0, from q = y + g alone: Newton's method without logits.

A bias b multiplies odds by e^b. Steps end where the sums no longer fall: at rounding. Small entries are multiplied,
never formed as differences, so that they keep their digits.
"""

from __future__ import annotations

import numpy as np

from verify.losses.rounding import UNIT
from verify.losses.tasks import Float, Int, Tasks

STEPS = 100
SOFTMAX, SIGMOID = 0.5, 1.0  # what a step may add to a bias: the curvature is then about the same at both its ends


def softmax_tilt(at: Tasks, deviation: Float, weight: Float) -> Float:
    """(R', m) s q_k e^{b_k} / Σ_j q_j e^{b_j} − y, with a b of each task."""
    tilted = deviation.copy()
    for t, rows in enumerate(at.blocks):
        _tilt_block(tilted[rows], at.targets[rows], at.masses[t], weight, at.tops[t] - rows.start)
    return tilted


def sigmoid_tilt(at: Tasks, deviation: Float, weight: Float) -> Float:
    """(R', m) q e^b / (q e^b + 1 − q) − y, with a b of each row."""
    y, no = at.targets, 1.0 - at.targets
    weights = np.broadcast_to(weight, y.shape)
    if at.row_labelled is not None:
        weights = weights * at.row_labelled
    # a class of every sample, or of none, has no finite best bias: q → y
    possible = np.any(weights * y > 0.0, axis=1) & np.any(weights * no > 0.0, axis=1)
    tilted = np.where(possible[:, None], deviation, 0.0)
    best = np.full(len(tilted), np.inf)
    kept = tilted
    for _ in range(STEPS):
        drift = (weights * tilted).sum(axis=1)
        size = np.abs(drift)
        better = size < best
        kept = np.where(better[:, None], tilted, kept)
        best = np.where(better, size, best)
        open_rows = better & (size > UNIT * (weights * np.abs(tilted)).sum(axis=1))
        if not open_rows.any():
            return kept
        q, other = np.maximum(y + tilted, 0.0), np.maximum(no - tilted, 0.0)
        slope = (weights * q * other).sum(axis=1)
        step = -drift / np.where(slope > 0.0, slope, 1.0)
        step = np.where(open_rows & (slope > 0.0), np.clip(step, -SIGMOID, SIGMOID), 0.0)
        tilted = sigmoid_by(q, other, y, no, step)
    return kept


def _tilt_block(delta: Float, y: Float, s: Float, weight: Float, top: Int) -> None:
    """In place. J, the Laplacian with weights a q_k q_j / s, is tiny where all is fitted: no entry of it cancels."""
    columns = np.arange(delta.shape[1])
    never = ~(y > 0.0).any(axis=1)  # a class without any target has no finite best bias: q → 0
    delta[never] = 0.0
    best, kept = np.inf, delta.copy()
    for _ in range(STEPS):
        delta[top, columns] = 0.0
        delta[top, columns] = -delta.sum(axis=0)
        drift = delta @ weight
        size = float(np.abs(drift).sum())
        if not size < best:
            delta[:] = kept
            return
        best, kept = size, delta.copy()
        if size <= UNIT * float(np.abs(delta).sum(axis=0) @ weight):
            return
        q = np.maximum(y + delta, 0.0)
        step = softmax_step(softmax_curvature(q, s, weight), drift)
        if step is None:
            return
        step[never] = 0.0
        delta[:] = softmax_by(delta, q, y, s, damped(step))
    delta[:] = kept


def softmax_curvature(q: Float, s: Float, weight: Float) -> Float:
    """(K, K) Σ_l a_l (diag(q_l) − q_l q_lᵀ / s_l) of q (K, n); no diagonal entry cancels."""
    J = -(q * np.divide(weight, s, where=s > 0.0, out=np.zeros_like(s))) @ q.T
    np.fill_diagonal(J, 0.0)
    np.fill_diagonal(J, -J.sum(axis=1))
    return np.asarray(J)


def softmax_step(J: Float, drift: Float) -> Float | None:
    """(K,) Newton's step for sums that are off by the drift (K,); None if there is none."""
    live = np.flatnonzero(np.diag(J) > 0.0)
    if len(live) < 2:
        return None
    ground = live[int(np.argmax(np.diag(J)[live]))]
    solved = live[live != ground]
    step = np.zeros(len(drift))
    try:
        step[solved] = np.linalg.solve(J[np.ix_(solved, solved)], -drift[solved])
    except np.linalg.LinAlgError:
        return None
    step -= 0.5 * (step[live].max() + step[live].min())
    return step


def damped(step: Float) -> Float:
    """In place: no longer than SOFTMAX in any entry."""
    step *= SOFTMAX / max(float(np.abs(step).max()), SOFTMAX)
    return step


def softmax_by(delta: Float, q: Float, y: Float, s: Float, b: Float) -> Float:
    """(K, n) δ = q − y with q multiplied by e^b (K,) and brought back to its sum s (n,)."""
    grown = np.expm1(b)
    ratio = grown @ np.divide(q, s, where=s > 0.0, out=np.zeros_like(q))
    soft = delta + q * (grown[:, None] - ratio) / (1.0 + ratio)
    return np.where(y > 0.0, soft, q * (1.0 + grown[:, None]) / (1.0 + ratio))


def sigmoid_by(q: Float, other: Float, y: Float, no: Float, b: Float) -> Float:
    """(K, n) q − y with the odds q : 1 − q multiplied by e^b (K,); other = 1 − q, no = 1 − y."""
    grown = np.expm1(b)[:, None]
    total = 1.0 + q * grown
    return np.asarray(no * (q * (1.0 + grown) / total) - y * (other / total))
