"""The prediction of a theorem for one problem."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory import as_data, presentation
from theory.feature_space import FeatureSpace, Float, direct_sum
from theory.hypotheses import Hypothesis
from theory.margins.threshold import Threshold


@dataclass(frozen=True, eq=False, repr=False)
class Prediction:
    """The global minimum of a problem in closed form, and its minimizers up to a rotation of R^d.

    theorem         "Theorem 3.1", "Theorem B.2", "Theorem 3.2", "Theorem 5.1", "Li et al. 2024, Theorem 1", or a law
                    that generalizes one: "Theorem 3.1 for pairwise-uniform counts", "Theorem 5.1 with K classes", "…
                    with label smoothing"
    citation        where the minimizers come from
    regime          in words: "all tasks below threshold", "zero", "rank one: heads parallel", …
    within_theorem  whether the theorem's own hypotheses hold, thresholds included. Past a threshold, and for laws, the
                    prediction is the convex program's solution by symmetry, which no paper states: docs/theory.md
    thresholds      λ_Hλ_W compared with each of them
    hypotheses      the other hypotheses; all of them hold
    properties      those that hold for nonzero heads and features, by the paper's names: SNC1 … SNC5 of
                    Problem (3) (SNC4 with the feature weights below), MNC1 … MNC4 of Problem (4), and NC1, NC2, NC_m
                    (sums of heads, tag by tag) of label sets; without SNC3 for Theorem 5.1, where ``cosines`` says
                    more
    objective       min F, in the problem's reduction
    every_feature   whether the nearest centre (SNC5, MNC4) decides as the heads do for every h, not just for
                    training features
    required_dim    the feature dimension the theorem requires: Σ K_t − T, for Problem (4) max K_t − 1, for
                    squared error the rank of the targets
    multi_source    whether each task has its own features (Problem (4)): then ``logits``, ``feature_weights`` and
                    ``H`` are lists over tasks, and ``gram_W`` and ``cosines`` are NaN between tasks, whose relative
                    rotation is free
    biases          (R,) for each feature space, its tasks stacked; None: every bias is zero
    """

    theorem: str
    citation: str
    regime: str
    within_theorem: bool
    thresholds: tuple[Threshold, ...]
    hypotheses: tuple[Hypothesis, ...]
    properties: tuple[str, ...]
    objective: float
    required_dim: int
    multi_source: bool
    every_feature: bool
    spaces: tuple[FeatureSpace, ...]
    biases: tuple[Float, ...] | None = None

    @property
    def past_threshold(self) -> bool:
        """Whether λ_Hλ_W is at or above a threshold."""
        return not all(row.below for row in self.thresholds)

    @property
    def gram_W(self) -> Float:
        """(R, R) W Wᵀ of the stacked heads."""
        return direct_sum([space.gram for space in self.spaces], np.nan)

    @property
    def cosines(self) -> Float:
        """(R, R) cosines between rows of the stacked heads, NaN where a head is zero."""
        return direct_sum([space.cosines for space in self.spaces], np.nan)

    @property
    def logits(self) -> Float | list[Float]:
        """(R, columns) W H in the order of the problem's labels; a list of (K_t, columns_t) for Problem (4)."""
        return self._per_space([space.make_logits() for space in self.spaces])

    @property
    def feature_weights(self) -> Float | list[Float] | None:
        """(T, columns) g with h_l = Σ_t g[t, l] w_{k_t}^t (eqs. 14, 17, 29); a list of (1, columns_t), eq. 23.

        None if features are not weighted sums of their own heads.
        """
        weights = [space.feature_weights for space in self.spaces]
        present = [g for g in weights if g is not None]
        return self._per_space(present) if len(present) == len(weights) else None

    @property
    def b(self) -> list[Float]:
        """T arrays (K_t,) of biases."""
        heads = [[len(head) for head in space.heads] for space in self.spaces]
        biases = self.biases or [np.zeros(sum(sizes)) for sizes in heads]
        blocks = [np.split(b, np.cumsum(sizes)[:-1]) for b, sizes in zip(biases, heads, strict=True)]
        return [block for of_space in blocks for block in of_space]

    @property
    def rank(self) -> int:
        """Rank of the heads, the least feature dimension that holds these minimizers; 0 where they are zero."""
        return max(space.rank for space in self.spaces)

    def W(self, dim: int | None = None) -> list[Float]:
        """Heads of one minimizer, T arrays (K_t, dim); ``dim`` is ``required_dim`` by default.

        Raises ValueError if dim is below ``rank``.
        """
        size = self._dim(dim)
        return [head for space in self.spaces for head in space.padded_heads(size)]

    def H(self, dim: int | None = None) -> Float | list[Float]:
        """Features of the same minimizer as ``W(dim)``: (dim, columns), or a list of (dim, columns_t)."""
        size = self._dim(dim)
        return self._per_space([space.padded_features(size) for space in self.spaces])

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, None for NaN: everything but W, H and logits, which are as large as the problem."""
        return as_data.to_dict(self)

    def to_frame(self) -> Any:
        """A pandas.DataFrame with a row for each hypothesis and each threshold."""
        return as_data.to_frame(as_data.to_rows(self))

    def _per_space(self, arrays: list[Float]) -> Float | list[Float]:
        return arrays if self.multi_source else arrays[0]

    def _dim(self, dim: int | None) -> int:
        if dim is None:
            return self.required_dim
        try:
            size = operator.index(dim)
        except TypeError:
            raise TypeError(f"dim must be an integer ≥ {max(1, self.rank)}, got {dim!r}") from None
        if size < max(1, self.rank):
            raise ValueError(f"dim={size} is too small: the heads of this minimizer need dim ≥ {max(1, self.rank)}")
        return size

    def _title(self) -> str:
        past = ", past its threshold" if self.past_threshold else ""
        return self.theorem if self.within_theorem else f"{self.theorem}{past} (beyond the paper)"

    def _rows(self) -> list[tuple[str, str]]:
        shown = self.thresholds[:6]
        more = [("", f"… and {len(self.thresholds) - 6} more")] if len(self.thresholds) > 6 else []
        return [
            ("source", self.citation),
            ("regime", self.regime),
            *((row.what, str(row)) for row in shown),
            *more,
            ("objective", f"{self.objective:.15g}"),
            ("properties", ", ".join(self.properties)),
            ("feature dimension d", f"at least {self.required_dim}; rank of the heads {self.rank}"),
            *((row.name, row.verdict) for row in self.hypotheses),
        ]

    def __repr__(self) -> str:
        return f"Prediction({self._title()!r}, {self.regime!r}, objective={self.objective:.15g})"

    def __str__(self) -> str:
        return presentation.text(self._title(), self._rows())

    def _repr_html_(self) -> str:
        return presentation.table(self._title(), self._rows())
