"""Σ_l V_tl = 0 exactly, of a deviation given part by part: ``verify.certification.free_bias``.

The best bias b is found by Newton's method, each step a pass that adds up Σ_l a_l g_l and its derivative by b; a
deviation is then tilted by all of b at once. Pivots are the best ones among the parts'.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from verify.certification.by_parts.parts import Deviation, Part, Parts, Repeated
from verify.certification.free_bias import MIXTURES, clipped, complete, drift, scores
from verify.losses.rounding import UNIT, gamma
from verify.losses.tasks import stacked
from verify.reading.form import Bool, Float, Form, Int

STEPS = 60


@dataclass(frozen=True)
class Placed:
    """A tilted deviation whose entries (k, pivots_k) are moved by at most ``by`` (R,), and no others."""

    deviation: Deviation
    pivots: Int
    by: Float

    def moved(self, part: Part) -> Float:
        """(R, n) by how much, at most."""
        moved = np.zeros((len(self.by), part.at.stop - part.at.start))
        here = np.flatnonzero((self.pivots >= part.at.start) & (self.pivots < part.at.stop))
        moved[here, self.pivots[here] - part.at.start] = self.by[here]
        return moved


class FreeBias:
    """What all deviations of a form with a free bias share."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def placed(self, wanted: Deviation) -> Placed:
        """The wanted deviation tilted, or a mixture with z = 0's; 0 if pivots have no room in any."""
        tilted = self.tilted(wanted)
        for share in MIXTURES:
            found = self._placed(Repeated(tilted if not share else self.tilted(self._mixed(tilted, share))))
            if found is not None:
                return found
        none = np.zeros(len(self.parts.point.W))
        return Placed(lambda part: np.zeros_like(part.form.targets), np.zeros(len(none), dtype=np.int64), none)

    @cached_property
    def centre(self) -> Float:
        """(R,) the mean target of each row where there is a label: ``Tasks.centre``."""
        total, columns = self._target_sums[:2]
        return np.asarray(total / columns)

    def tilted(self, wanted: Deviation) -> Deviation:
        """With Σ_l a_l g_l = 0 but for rounding."""
        R = len(self.parts.point.W)

        def feasible(part: Part) -> Float:
            deviation = complete(part.form, clipped(part.form, wanted(part)))
            deviation[~self._pulled] = 0.0
            return complete(part.form, deviation)

        b, kept, best = np.zeros(R), np.zeros(R), np.full(R, np.inf)
        for _ in range(STEPS):
            left, size, curvatures = self._sums(feasible, b)
            missed = np.abs(left)
            blocks = zip(self.parts.outline.blocks, curvatures, strict=True)
            coupled = [rows for rows, curvature in blocks if curvature.ndim == 2]
            for rows in coupled:
                missed[rows], size[rows] = missed[rows].sum(), size[rows].sum()
            better = missed < best
            kept, best = np.where(better, b, kept), np.where(better, missed, best)
            going = better & (missed > UNIT * size)
            if not going.any():
                break
            steps = [
                loss.tilt_step(curvature, left[rows])
                for loss, rows, curvature in zip(
                    self.parts.outline.loss_of, self.parts.outline.blocks, curvatures, strict=True
                )
            ]
            b = np.where(going, kept + np.concatenate(steps), kept)
        return lambda part: _tilted_by(part.form, feasible(part), kept)

    def _sums(self, feasible: Deviation, b: Float) -> tuple[Float, Float, list[Float]]:
        """(R,) Σ_l a_l g_l and Σ_l a_l |g_l|, and of each task the derivative of the first by b."""
        R = len(b)
        left, size, curvatures = np.zeros(R), np.zeros(R), [np.zeros(1) for _ in self.parts.outline.classes]
        for part in self.parts:
            g = _tilted_by(part.form, feasible(part), b)
            left += drift(part.form, g)[0]
            size += np.abs(g) @ part.form.loss_weight
            own = [
                c
                for group in part.form.groups
                for c in group.loss.tilt_curvature(group.at, g[group.rows], part.form.loss_weight)
            ]
            curvatures = [np.asarray(total + c) for total, c in zip(curvatures, own, strict=True)]
        return left, size, curvatures

    def _placed(self, deviation: Deviation) -> Placed | None:
        """The deviation with its best pivots; None if one has no room."""
        e = self._drift(deviation)
        R = len(e)
        best, room, a, pivots = np.full(R, -np.inf), np.zeros(R), np.ones(R), np.zeros(R, dtype=np.int64)
        for part in self.parts:
            g, weight = deviation(part), part.form.loss_weight
            for group in part.form.groups:
                own_room, score = scores(group, g[group.rows], weight, e[group.rows])
                for block in group.at.blocks:
                    if group.loss.shift_blind:
                        least = score[block].min(axis=0)
                        column = np.full(block.stop - block.start, int(np.argmax(least)))
                        value = np.full(len(column), least[column[0]])
                    else:
                        column = np.argmax(score[block], axis=1)
                        value = score[block][np.arange(len(column)), column]
                    rows = np.arange(block.start, block.stop)
                    better = value > best[group.rows][rows]
                    rows, column = rows[better], column[better]
                    to = group.rows.start + rows
                    best[to], room[to] = value[better], own_room[rows, column]
                    a[to], pivots[to] = weight[column], part.at.start + column
        by = e / a * (1.0 + gamma(8))
        return Placed(deviation, pivots, by) if np.all(by <= room) else None

    def _drift(self, deviation: Deviation) -> Float:
        """(R,) the e_k of ``verify.certification.free_bias``; sums over P parts are P more operations."""
        form = self.parts.outline
        R, most = sum(form.classes), 0
        left, size, at_tops = np.zeros(R), np.zeros(R), np.zeros(R)
        for part in self.parts:
            g = deviation(part)
            own, operations = drift(part.form, g)
            left += own
            most = max(most, operations)
            sizes = np.abs(g, out=g)
            size += sizes @ part.form.loss_weight
            blocks = part.form.block_sums(sizes) * part.form.loss_weight
            at_tops += np.bincount(part.form.tops.ravel(), weights=blocks.ravel(), minlength=R)
        e = np.abs(left) + gamma(most + len(self.parts) + 12) * size
        e += np.where(form.shift_blind_rows, gamma(max(form.classes) + 8) * at_tops, 0.0)
        return np.asarray(e * (1.0 + gamma(len(form.counts) + 16)))

    def _mixed(self, tilted: Deviation, share: float) -> Deviation:
        """With a share of (Σ_l a_l y_l / Σ_l a_l s_l) s_l − y_l."""
        form = self.parts.outline
        _, _, means, masses = self._target_sums
        means = means / np.repeat(masses, form.classes)

        def mixed(part: Part) -> Float:
            at = means[:, None] * np.repeat(part.form.masses, form.classes, axis=0) - part.form.targets
            return (1.0 - share) * tilted(part) + share * complete(part.form, clipped(part.form, at))

        return mixed

    @cached_property
    def _target_sums(self) -> tuple[Float, Float, Float, Float]:
        """(R,) Σ_l y_l and the number of labels, (R,) Σ_l a_l y_l and (T,) Σ_l a_l s_l."""
        R, T = len(self.parts.point.W), len(self.parts.outline.classes)
        total, columns, means, masses = np.zeros(R), np.zeros(R), np.zeros(R), np.zeros(T)
        for part in self.parts:
            form = part.form
            total += form.targets.sum(axis=1)
            columns += len(form.counts) if form.row_labelled is None else form.row_labelled.sum(axis=1)
            means += form.targets @ form.loss_weight
            masses += form.masses @ form.loss_weight
        return total, columns, means, masses

    @cached_property
    def _pulled(self) -> Bool:
        """(R,) whether the bias of a row is finite: where it is not, g is 0."""
        pulls = np.zeros((len(self.parts.point.W), 2), dtype=bool)
        for part in self.parts:
            pulls |= np.concatenate([group.loss.pulls(group.at) for group in part.form.groups])
        return np.asarray(pulls.all(axis=1))


def _tilted_by(form: Form, deviation: Float, b: Float) -> Float:
    """What the bias b makes of it, each entry in its domain, which the rounding of a large b could leave."""
    parts = [group.loss.tilt_by(group.at, deviation[group.rows], b[group.rows]) for group in form.groups]
    return complete(form, clipped(form, stacked(parts)))
