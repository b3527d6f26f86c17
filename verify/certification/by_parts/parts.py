"""The columns of a large form in parts, with a point's residuals there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np

from ufm.support.memory import require_memory
from verify.certification.objective import Summed, losses_and_residual
from verify.reading.form import Columns, Float, Form, Int
from verify.reading.label_sums import BLOCK, add_by_label
from verify.reading.point import Point

LARGE = 2**25  # numbers of R × m: a certificate that holds ten such arrays takes 2.5 GiB
WORK = 16, 12  # arrays of a part and R × R matrices in memory at once, at most


@dataclass(frozen=True)
class Part:
    """Columns ``at`` of a form, as a form."""

    at: slice
    form: Form


Deviation = Callable[[Part], Float]  # (R, n) of the n columns of a part, which it may not change later


class Repeated:
    """A deviation that several passes compute, and that what is proven takes for one: each time checked to be.

    Raises FloatingPointError where a part's is not the same to the last bit as it was.
    """

    def __init__(self, of: Deviation) -> None:
        self._of = of
        self._digests: dict[int, bytes] = {}

    def __call__(self, part: Part) -> Float:
        """(R, n)."""
        deviation = np.ascontiguousarray(self._of(part))
        digest = blake2b(deviation.data, digest_size=16).digest()
        if self._digests.setdefault(part.at.start, digest) != digest:
            raise FloatingPointError(
                "matrix products differ from one time to the next, and the certificate of a large problem needs them "
                "again; set OMP_NUM_THREADS=1"
            )
        return deviation


def is_large(columns: Columns) -> bool:
    """Whether a form is for this folder: many numbers, and V Vᵀ no larger than V."""
    R, m = sum(columns.outline.classes), len(columns.counts)
    return m >= R and R * m > LARGE


class Parts:
    """Iterates over the parts: about as many columns each as ``evaluate`` has in a block.

    Raises MemoryError, before any work, where a part does not fit.
    """

    def __init__(self, columns: Columns, point: Point) -> None:
        self.columns, self.outline, self.point = columns, columns.outline, point
        R = len(point.W)
        self.width = 1 << (max(1, BLOCK // R).bit_length() - 1)  # halves of it are products of full width
        require_memory(
            8 * (WORK[0] * R * self.width + WORK[1] * R * R),
            "cpu",
            f"the certificate of {R:,} × {len(columns.counts):,} logits",
            "use a machine with more memory",
        )

    def __iter__(self) -> Iterator[Part]:
        m = len(self.outline.counts)
        for start in range(0, m, self.width):
            at = slice(start, min(start + self.width, m))
            yield Part(at, self.columns.form(at))

    def __len__(self) -> int:
        return -(-len(self.outline.counts) // self.width)

    def residual(self, part: Part) -> Float:
        """(R, n) ∂ℓ, averaged over the columns of H of each label, as in ``evaluate``."""
        return self._averaged(part, lambda block, labels, _: self._residual_of(part.form, block, labels))

    def residual_of_sum(self, part: Part, summed: Summed) -> Float:
        """The same, and adds the losses there to F."""
        return self._averaged(part, lambda block, labels, weight: summed.add(part.form, block, labels, weight))

    def _residual_of(self, form: Form, block: Int | slice, labels: Int | slice) -> Float:
        with np.errstate(over="ignore", invalid="ignore"):
            u = self.point.W @ self.point.H[:, block]
            u += self.point.b[:, None]
            return losses_and_residual(form, u, labels)[1]

    def _averaged(self, part: Part, of: Callable[[Int | slice, Int | slice, Float], Float]) -> Float:
        """The mean over each label's columns of what ``of`` gives for columns of H, their labels and weights."""
        form, point = part.form, self.point
        if point.collapsed:
            return of(part.at, slice(None), form.loss_weight)
        share = point.share[part.at]
        total = np.zeros_like(form.targets)
        first, last = self._ends[[part.at.start, part.at.stop]].tolist()
        for start in range(first, last, self.width):
            here = slice(start, min(start + self.width, last))
            block = here if self._order is None else self._order[here]
            labels = point.index[block] - part.at.start
            add_by_label(total, of(block, labels, (form.loss_weight / share)[labels]), labels)
        total /= share
        return total

    @cached_property
    def _order(self) -> Int | None:
        """(n,) the columns of H in the order of their labels; None if they are."""
        index = self.point.index
        return None if bool((index[1:] >= index[:-1]).all()) else np.argsort(index, kind="stable")

    @cached_property
    def _ends(self) -> Int:
        """(m + 1,) where the columns of each label begin, in that order, and the end."""
        return np.concatenate([[0], np.cumsum(self.point.share)])
