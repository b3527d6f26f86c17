"""Multi: two images on one canvas; the class of each is a task."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation
from ufm_networks.datasets.compose.finish import Normalization, finish
from ufm_networks.datasets.draw import draw, generator, pools_of
from ufm_networks.datasets.images import PastedImages
from ufm_networks.datasets.source import Source
from ufm_networks.datasets.supply import Request, Supply, choose_counts, joint_tail
from ufm_networks.datasets.task_data import TaskData

TOP_LEFT, BOTTOM_RIGHT = 0, 3  # cells of a canvas of 2 × 2
PLACES = 1000  # looked through at a time for an exchange; the first will nearly always do


def multi(
    source: Source,
    p: int,
    q: int,
    *,
    seed: int = 0,
    normalization: Normalization | None = None,
    **request: Any,
) -> TaskData:
    """Pairs of images on a canvas of twice their height and width, zeros elsewhere (Appendix C.1, Figure 5).

    An image of the first P classes stands top-left and is task 0; one of the first Q classes stands bottom-right and
    is task 1. ``request`` holds the fields of ``Request``; counts has shape (P, Q). Without any of them, P·Q labels
    are balanced with as many pairs as the images allow; with balanced=False, images are paired at random.
    Unless replacement=True, an image stands at most once on each side. No image stands beside itself.

    Raises ValueError if the source has too few classes or images.
    """
    labels = source.class_labels("multi")
    p, q = validation.whole_number("p", p, 2), validation.whole_number("q", q, 2)
    for field, classes in (("p", p), ("q", q)):
        if classes > source.classes:
            raise ValueError(f"{field}={classes} is more than the {source.classes} classes of {source.name}")
    name = f"multi-{source.name}-{p}-{q}"
    if request.get("counts") is None and request.get("long_tailed") is None:
        request.setdefault("balanced", True)
    wanted, rng = Request(**request), generator(seed)
    pools = pools_of(labels, max(p, q))
    sizes = np.array([len(pool) for pool in pools], dtype=np.int64)
    if wanted.any_label:
        left, right = _at_random(name, pools[:p], pools[:q], wanted, rng)
    else:
        supply = Supply(
            pools=np.concatenate([sizes[:p], sizes[:q]]),
            usage=lambda counts: np.concatenate([counts.sum(axis=1), counts.sum(axis=0)]),
            names=lambda i: f"{name}: class {i} top-left" if i < p else f"{name}: class {i - p} bottom-right",
        )
        proportions = np.ones((p, q)) if wanted.long_tailed is None else joint_tail(wanted.long_tailed, (p, q))
        left, right = _with_counts(pools, choose_counts(wanted, supply, proportions), rng)
    right = _apart(name, left, right, labels)
    order = rng.permutation(len(left))
    pieces = np.full((len(left), 4), -1, dtype=np.int64)
    pieces[:, TOP_LEFT], pieces[:, BOTTOM_RIGHT] = left[order], right[order]
    pairs = np.stack([labels[left[order]], labels[right[order]]], axis=1)
    return finish(name, PastedImages(source.images, pieces), pairs, (p, q), "single", normalization or Normalization())


def _with_counts(
    pools: list[NDArray[np.int64]], counts: NDArray[np.int64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Images for the left and for the right of n_ij pairs, label by label in lexicographic order."""
    p, q = counts.shape
    rows = [draw(pools[i], int(counts[i].sum()), rng) for i in range(p)]
    columns = [draw(pools[j], int(counts[:, j].sum()), rng) for j in range(q)]
    left = np.concatenate(rows)
    # column j holds its images in the order of i; they are wanted in the order of (i, j)
    parts = [np.split(columns[j], np.cumsum(counts[:-1, j])) for j in range(q)]
    right = np.concatenate([parts[j][i] for i in range(p) for j in range(q)])
    return left, right


def _at_random(
    name: str,
    left: list[NDArray[np.int64]],
    right: list[NDArray[np.int64]],
    request: Request,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    sides = np.sort(np.concatenate(left)), np.sort(np.concatenate(right))
    most = min(len(side) for side in sides)
    samples = most if request.samples is None else request.samples
    if most == 0 or (samples > most and not request.replacement):
        raise ValueError(f"{name}: samples={samples:,} are more than {most:,} images; replacement=True uses them again")
    first, second = (draw(side, samples, rng) for side in sides)
    return first, second


def _apart(
    name: str, left: NDArray[np.int64], right: NDArray[np.int64], labels: NDArray[np.int64]
) -> NDArray[np.int64]:
    """The right images, exchanged within their class so that none stands beside itself; counts stay as they are."""
    right = right.copy()
    places: dict[int, NDArray[np.int64]] = {}  # of each class on the right, which exchanges leave
    for sample in np.flatnonzero(left == right):
        image = right[sample]
        if left[sample] != image:  # an earlier exchange has moved it
            continue
        label = int(labels[image])
        if label not in places:
            places[label] = np.flatnonzero(labels[right] == label)
        of_class = places[label]
        for start in range(0, len(of_class), PLACES):
            near = of_class[start : start + PLACES]
            others = near[(right[near] != image) & (left[near] != image)]
            if len(others):
                right[sample], right[others[0]] = right[others[0]], image
                break
        else:
            raise ValueError(
                f"{name}: image {image} of class {labels[image]} would stand beside itself, and no other image of its "
                "class is in use; ask for more samples of that class"
            )
    return right
