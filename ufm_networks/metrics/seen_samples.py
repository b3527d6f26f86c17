"""The record of one pass over batches: the samples seen, and a sketch of each one's features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.support import validation

DIRECTIONS = 4  # a sketch shows less than a tenth of a change once in 5,000 times
SEED = 0
COARSER = (torch.bfloat16, torch.float16, torch.float32)  # formats that the values of a wider one may come from
TF32 = 2.0**-10  # ε of what a GPU computes convolutions in, unless told otherwise, though it gives float32


def rounding_of(h: Tensor) -> float:
    """ε of the coarsest format that holds all values of h."""
    held = next((kind for kind in COARSER if torch.equal(h.to(kind).to(h.dtype), h)), h.dtype)
    single = h.device.type == "cuda" and held == torch.float32
    return max(torch.finfo(held).eps, TF32 if single else 0.0)


class Gather(Protocol):
    """The communication between processes; ``ufm_networks.training.processes`` implements it."""

    def gather(self, tensor: Tensor) -> list[Tensor]:
        """The tensor of every process, in order."""
        ...


class SeenSamples:
    """One pass over N samples, in any order and any batches.

        count_i   how often sample i came
        sketch_i  R h_i with R (4, d) of independent N(0, 1/4), so that E ‖R(h − h')‖² = ‖h − h'‖²

    count (N,), sketch (N, 4), rounding: ε of the coarsest format that holds the features, by their first batch
    """

    def __init__(self, name: str, samples: int, dim: int, device: torch.device, *, sketched: bool) -> None:
        self.name = name
        directions = DIRECTIONS if sketched else 0
        own = torch.Generator().manual_seed(SEED)
        self.R = torch.randn(dim, directions, generator=own, dtype=torch.float64).to(device) / DIRECTIONS**0.5
        self.count = torch.zeros(samples, dtype=torch.int32, device=device)
        self.sketch = self.R.new_zeros(samples, directions)
        self.rounding = 0.0

    @torch.no_grad()
    def read(self, batches: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Tensor, NDArray[np.int64]]]:
        """The batches as (n, d) float64 apart from any graph, with sample numbers (n,); empty ones are left out.

        Ends early after more than N samples. Raises ValueError or TypeError for a batch that does not belong to N
        samples.
        """
        left = len(self.count)
        for features, samples in batches:
            h, numbers = self._batch(features, samples)
            if not len(numbers):
                continue
            place = torch.from_numpy(numbers).to(h.device)
            self.count.index_add_(0, place, torch.ones_like(place, dtype=torch.int32))
            self.sketch.index_copy_(0, place, h @ self.R)
            yield h, numbers
            left -= len(numbers)
            if left < 0:  # an endless loader would not end by itself
                return

    def _batch(self, features: Any, samples: Any) -> tuple[Tensor, NDArray[np.int64]]:
        numbers = validation.to_numpy(samples)
        h = torch.as_tensor(features).detach()
        if not numbers.size and not len(h):
            return h, np.zeros(0, dtype=np.int64)
        if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
            raise TypeError(
                f"a batch of the {self.name} pass numbers its samples by {numbers.dtype} {numbers.shape}; it must hold "
                "integers (n,), a sample's row in labels"
            )
        total, dim = len(self.count), len(self.R)
        if not h.is_floating_point() or h.shape != (len(numbers), dim):
            raise ValueError(
                f"a batch of the {self.name} pass has features {h.dtype} {tuple(h.shape)} for {len(numbers)} samples; "
                f"it must hold real numbers ({len(numbers)}, d) with the heads' d = {dim}"
            )
        if numbers.min() < 0 or numbers.max() >= total:
            wrong = numbers.min() if numbers.min() < 0 else numbers.max()
            raise ValueError(f"a batch of the {self.name} pass has sample {wrong}; labels number them 0 to {total - 1}")
        if not self.rounding:
            self.rounding = rounding_of(h)
        return h.to(device=self.count.device, dtype=torch.float64), numbers.astype(np.int64)

    def gather(self, processes: Gather | None) -> None:
        """Merges the passes of all processes."""
        if processes is not None:
            self.count = torch.stack(processes.gather(self.count)).sum(dim=0)
            self.sketch = torch.stack(processes.gather(self.sketch)).sum(dim=0)
            self.rounding = max(float(of) for of in processes.gather(self.R.new_tensor(self.rounding)))

    def require_each_once(self) -> None:
        """Raises ValueError naming a sample that is missing or occurs again."""
        wrong = torch.nonzero(self.count != 1)[:, 0]
        if len(wrong):
            sample = int(wrong[0])
            times = int(self.count[sample])
            raise ValueError(
                f"the {self.name} pass over batches() does not give each sample once: {len(wrong):,} of "
                f"{len(self.count):,} are missing or come again; sample {sample} "
                f"{'is missing' if not times else f'came {times} times'}. Every call must go through all samples from "
                "the beginning: make a new iterator in each, without drop_last, padding or drawing with replacement"
            )

    def require_features_of(self, first: SeenSamples, size: Tensor) -> None:
        """Raises ValueError if a sample's features are not those of the first pass, to half the digits of their format.

        ‖R(h − h')‖ ≤ √ε max(size, ‖R h‖): sums in another order, as in other batches or on a GPU, change fewer digits.

        size  (N,) what rounding is relative to: the root mean square of ‖h‖ over the sample's label
        """
        allowed = max(first.rounding, self.rounding) ** 0.5
        change = torch.linalg.vector_norm(self.sketch - first.sketch, dim=1)
        scale = torch.maximum(size, torch.linalg.vector_norm(first.sketch, dim=1))
        unlike = torch.nonzero(~(change <= allowed * scale))[:, 0]
        if len(unlike):
            i = int(unlike[0])
            raise ValueError(
                f"the {self.name} pass over batches() has other features than the {first.name} for {len(unlike):,} of "
                f"{len(self.count):,} samples: those of sample {i} differ by about {float(change[i] / scale[i]):.2g} "
                f"of their size, and rounding explains {allowed:.2g}. Every call must give a sample the same "
                "features, beside its own number: no augmentation, no dropout, the network in evaluation mode"
            )
