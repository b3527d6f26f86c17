"""The numbers of samples per label in a composition, given the available images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ufm.support import validation
from ufm.support.memory import require_memory
from ufm_networks.datasets.draw import draw

Counts = NDArray[np.int64]
NUMBERS = 8  # of int64 an image drawn needs on the way: its place, its cell and its labels


@dataclass(frozen=True)
class Request:
    """The request to a composition: one of ``counts``, ``balanced``, ``long_tailed``, or none (all images).

    counts       samples of each label, an integer tensor
    balanced     equally many samples of each label
    long_tailed  imbalance ratio: samples of the rarest label / samples of the most frequent one, in (0, 1)
    samples      N; without it, as many as the images allow
    replacement  an image may be used several times, each as often as the others (give or take one)
    """

    counts: Any = None
    balanced: bool = False
    long_tailed: float | None = None
    samples: int | None = None
    replacement: bool = False

    def __post_init__(self) -> None:
        for name in ("balanced", "replacement"):
            if not isinstance(getattr(self, name), bool):
                raise TypeError(f"{name} must be true or false, got {getattr(self, name)!r}")
        given = [name for name in ("counts", "long_tailed") if getattr(self, name) is not None]
        given += ["balanced"] if self.balanced else []
        if len(given) > 1:
            raise ValueError(f"give one of {' and '.join(given)}, not both")
        if self.counts is not None and self.samples is not None:
            raise ValueError(f"counts say how many samples there are; samples={self.samples} must not be given as well")
        if self.samples is not None:
            object.__setattr__(self, "samples", validation.whole_number("samples", self.samples, 1))
        if self.long_tailed is not None:
            ratio = validation.real_number(self.long_tailed)
            if ratio is None or not 0 < ratio < 1:
                raise ValueError(
                    f"long_tailed must be an imbalance ratio in (0, 1), such as 0.01, got {self.long_tailed!r}"
                )
        if self.replacement and self.samples is None and self.counts is None:
            raise ValueError("replacement=True needs samples or counts: without them there is no largest number")

    @property
    def any_label(self) -> bool:
        """Whether the number of samples per label is unspecified."""
        return self.counts is None and not self.balanced and self.long_tailed is None

    def any_of(self, name: str, images: Counts, rng: np.random.Generator) -> Counts:
        """All images, or the requested number of them, drawn at random."""
        if self.samples is None:
            return images
        if self.samples > len(images) and not self.replacement:
            raise ValueError(f"{name}: samples={self.samples:,} are more than its {len(images):,} images")
        return draw(images, self.samples, rng)


@dataclass(frozen=True)
class Supply:
    """Pools of images, and what a tensor of counts takes from each of them.

    pools  (P,) images in each pool
    usage  counts → images needed of each pool (P,); linear
    names  what a pool is called in an error
    """

    pools: Counts
    usage: Callable[[NDArray[Any]], NDArray[Any]]
    names: Callable[[int], str]

    def largest(self, proportions: NDArray[np.float64]) -> Counts:
        """⌊s·p⌋ with the largest s for which every pool suffices."""
        need = self.usage(proportions)
        scale = float(np.min(self.pools[need > 0] / need[need > 0]))
        # a hair more, so that s·p that is whole in exact arithmetic is not cut to one less
        counts = np.floor(scale * proportions * (1 + 1e-12)).astype(np.int64)
        if np.any(counts[proportions > 0] == 0):
            pool = int(np.argmin(np.where(need > 0, self.pools / np.where(need > 0, need, 1), np.inf)))
            raise ValueError(f"{self.names(pool)} has {self.pools[pool]:,} images, too few for a sample of every label")
        return counts

    def require(self, counts: Counts, replacement: bool) -> None:
        """Raises ValueError, naming a pool, if images do not suffice."""
        need = self.usage(counts)
        total = need.sum(dtype=np.float64)
        require_memory(NUMBERS * 8 * int(total), "cpu", f"{total:,.0f} images", "ask for fewer")
        empty = (self.pools == 0) & (need > 0)
        short = empty if replacement else need > self.pools
        if short.any():
            pool = int(np.argmax(short))
            advice = "" if replacement else "; ask for fewer, or replacement=True to use images several times"
            raise ValueError(
                f"{self.names(pool)} has {self.pools[pool]:,} images, and {int(need[pool]):,} are needed{advice}"
            )


def choose_counts(request: Request, supply: Supply, proportions: NDArray[np.float64]) -> Counts:
    """The counts asked for, checked against the supply.

    ``proportions`` is what balanced or long-tailed counts are proportional to; its shape is the shape of counts.
    """
    if request.counts is not None:
        counts = validation.count_array("counts", request.counts)
        if counts.shape != proportions.shape:
            raise ValueError(f"counts must have shape {proportions.shape}, one number per label, got {counts.shape}")
    elif request.samples is None:
        counts = supply.largest(proportions)
    else:
        counts = _share_out(request, proportions)
    supply.require(counts, request.replacement)
    return counts


def tail(ratio: float, classes: int) -> NDArray[np.float64]:
    """ρ^(k/(K−1)) for k = 0 … K−1: from 1 down to ρ, as long-tailed CIFAR is made (Cui et al. 2019)."""
    exponents: NDArray[np.float64] = np.arange(classes) / (classes - 1)
    return np.power(ratio, exponents)


def joint_tail(ratio: float, classes: tuple[int, ...]) -> NDArray[np.float64]:
    """Π_t ρ^(k_t/(K_t−1)/T): every task long-tailed by ρ^(1/T), tasks independent, extreme label tuples in ratio ρ."""
    joint: NDArray[np.float64] = np.ones(())
    for k in classes:
        joint = np.multiply.outer(joint, tail(ratio ** (1 / len(classes)), k))
    return joint


def _share_out(request: Request, proportions: NDArray[np.float64]) -> Counts:
    """Integers that sum to N, proportional up to one: the largest remainders are rounded up."""
    assert request.samples is not None
    share = np.asarray(request.samples * proportions / proportions.sum(), dtype=np.float64)
    counts: Counts = np.floor(share.round(9)).astype(np.int64)  # a share whole but for rounding stays whole
    left = request.samples - int(counts.sum())
    if left and request.balanced:
        cells = proportions.size
        nearest = max(1, round(request.samples / cells)) * cells
        raise ValueError(f"samples={request.samples} does not divide by {cells} labels; {nearest} would be balanced")
    if left:
        order = np.argsort(-(share - counts).reshape(-1), kind="stable")[:left]
        counts.reshape(-1)[order] += 1
    if np.any(counts[proportions > 0] == 0):
        raise ValueError(f"samples={request.samples} leaves a label without a sample; ask for more, or less imbalance")
    return counts
