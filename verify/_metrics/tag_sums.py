"""NC_m: whether the mean of a label set lies along the sum of its labels' single-label means."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np

from verify._metrics.directions import largest_norm, unit_columns
from verify._metrics.measured import Undefined
from verify.reading.form import Float, Int
from verify.reading.label_sums import BLOCK
from verify.reading.samples import Samples

NEEDED = "a set of labels that also occur alone, others to tell it from, and at most 10^8 pairs of both"
MOST_PAIRS = 10**8  # angles averaged in one multiplicity's denominator: seconds


def tag_sum_angle(samples: Samples) -> float:
    """Ave_m [ Ave_S ∠(μ_S, Σ_{k∈S} μ_k) / Ave_{S, S'} ∠(μ_S, Σ_{k∈S'} μ_k) ], |S| = |S'| = m ≥ 2 (NC_m).

    S runs over the label sets that occur, S' over all label sets of that size; both only of classes that have samples
    of multiplicity 1, whose means μ_k are. Means are not centred. Undefined where no multiplicity can be measured:
    without two label sets S' to tell apart (m = K), with more than 10^8 pairs (S, S'). NaN where a mean or a sum is
    zero, or all of them lie along one direction.
    """
    labels = samples.form.labels
    sizes = labels.sum(axis=1)
    classes = np.flatnonzero((labels[sizes == 1]).any(axis=0))
    singles = np.full((len(samples.means), labels.shape[1]), np.nan)
    singles[:, np.argmax(labels[sizes == 1], axis=1)] = samples.means[:, sizes == 1]
    known = ~np.delete(labels, classes, axis=1).any(axis=1)
    size = largest_norm(samples.means)
    ratios = []
    for m in np.unique(sizes[sizes > 1]).tolist():
        own = np.flatnonzero((sizes == m) & known)
        sets = math.comb(len(classes), m)
        if len(own) and sets > 1 and sets * len(own) <= MOST_PAIRS:
            ratios.append(_ratio(samples.means[:, own], labels[own], singles, classes, m, size))
    if not ratios:
        raise Undefined(f"no size of label sets has {NEEDED}")
    return float(np.mean(ratios))


def _ratio(means: Float, labels: Int, singles: Float, classes: Int, m: int, size: float) -> float:
    """Mean angle to the own sum over the mean angle to the sum of any m of the classes."""
    directions = unit_columns(means, size)
    own = unit_columns(np.stack([singles[:, row == 1].sum(axis=1) for row in labels], axis=1), m * size)
    total, pairs = 0.0, 0
    for sets in _blocks(classes, m, max(len(singles) * m, means.shape[1])):
        cosines = directions.T @ unit_columns(singles[:, sets].sum(axis=2), m * size)
        total += float(np.arccos(np.clip(cosines, -1.0, 1.0)).sum())
        pairs += cosines.size
    return float(_angles(directions, own).mean()) * pairs / total if total > 0 else np.nan


def _blocks(classes: Int, m: int, height: int) -> Iterator[Int]:
    """All m-element subsets (n, m) of the classes, in blocks whose arrays of the given height hold about BLOCK."""
    subsets = itertools.combinations(classes.tolist(), m)
    while block := list(itertools.islice(subsets, max(1, BLOCK // height))):
        yield np.array(block)


def _angles(u: Float, v: Float) -> Float:
    """Between unit columns, without the arc cosine's loss of half the digits near 0."""
    return np.asarray(2.0 * np.arctan2(np.linalg.norm(u - v, axis=0), np.linalg.norm(u + v, axis=0)))
