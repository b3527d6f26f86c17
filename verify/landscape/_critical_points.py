"""The known critical points of a problem, each classified."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ufm.support.display import html_table
from verify.certification.certificate import GLOBAL, Certificate, certify
from verify.landscape._curvature import STRICT_SADDLE, Curvature, curvature
from verify.landscape.known_points import NamedPoint, known_points
from verify.reading.form import Float, Problem, forms
from verify.report.as_text import text_table
from verify.report.blocks import Table, table

SAME = 1e-6  # relative, of the logits: two constructions gave one point


@dataclass(frozen=True)
class CriticalPoint:
    """A point that is critical by construction, checked.

    name         why it is critical
    W, H, b      the point as ``verify.certify`` takes it, one column of H per label of the problem
    certificate  ``verify.certify`` of it: objective, σ/τ, whether it is the global minimum
    curvature    ``verify.curvature`` of it: gradient norm, smallest eigenvalue, verdict
    """

    name: str
    W: list[Float]
    H: Any
    b: list[Float]
    certificate: Certificate
    curvature: Curvature

    @property
    def objective(self) -> float:
        """F."""
        return self.certificate.objective

    @property
    def is_global(self) -> bool:
        """Whether the duality gap certifies it as a global minimum."""
        return self.certificate.verdict == GLOBAL

    @property
    def as_expected(self) -> bool:
        """A certified global minimum, which has no negative curvature, or a strict saddle."""
        return self.is_global or self.curvature.verdict == STRICT_SADDLE


@dataclass(frozen=True)
class CriticalPoints:
    """Critical points at feature dimension d = dim, where ``Form.sufficient_dim`` = sufficient_dim; the minimum first.

    left_out  names of points that are critical by construction, but were not found to be stationary, with the gradient
    """

    points: tuple[CriticalPoint, ...]
    dim: int
    sufficient_dim: int
    left_out: tuple[str, ...] = ()

    @property
    def benign(self) -> bool:
        """Whether every point is a global minimum or a strict saddle, as theory says for d ≥ sufficient_dim."""
        return all(point.as_expected for point in self.points)

    def __iter__(self) -> Iterator[CriticalPoint]:
        return iter(self.points)

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> CriticalPoint:
        return self.points[index]

    def _title(self) -> str:
        return f"Critical points at d = {self.dim} ({self.sufficient_dim} suffice)"

    def table(self) -> Table:
        """A point per row."""
        header = ("point", "objective", "σ/τ", "gradient", "smallest eigenvalue", "verdict")
        rows = [
            (
                point.name,
                f"{point.objective:.12g}",
                f"{point.certificate.spectral_ratio:.6g}",
                f"{point.curvature.gradient_norm:.0e}",
                f"{point.curvature.eigenvalue:.6g}" if abs(point.curvature.eigenvalue) > point.curvature.limit else "0",
                GLOBAL if point.is_global else point.curvature.verdict,
            )
            for point in self.points
        ]
        return table(header, rows, header[1:5])

    def __str__(self) -> str:
        return "\n".join([self._title(), text_table(self.table()), *self._notes()])

    def _repr_html_(self) -> str:
        shown = self.table()
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self._notes())
        return html_table(self._title(), shown.rows, shown.header) + notes

    def _notes(self) -> list[str]:
        return [f"left out, not stationary: {'; '.join(self.left_out)}"] if self.left_out else []


def critical_points(problem: Problem, *, dim: int | None = None, seed: int = 0) -> CriticalPoints:
    """Lists critical points of F that are known by construction, each checked and classified.

    - the minimum, from ``ufm.solve``;
    - zero: W = 0, H = 0 and the best b;
    - some of the tasks at the minimum of their own problem, the other heads zero: Problem (4), or every pair of tasks
      with uniform joint counts, under cross-entropy or a free bias (all subsets up to four tasks; of more, one task
      alone and all but one);
    - two tasks whose counts n_kl = n_lk leave them exchangeable: their heads equal, or opposite. For two binary tasks
      these are Theorem 5.1 with one of its two singular values zero;
    - the minimizer of each smaller rank, from ``ufm.solve(dim=r)``, in the wider space.

    Points whose logits agree with an earlier one's are left out, and so are those whose gradient the solver did not
    bring to zero in float64: ``.left_out`` names them. For d ≥ min(R − T', m), T' the tasks of cross-entropy, theory
    says that each is a global minimum or a strict saddle; ``.benign`` says whether that was found. For a smaller d
    local minima may exist, and the solver may stop in one.

    dim   feature dimension d, by default as ``ufm.solve``
    seed  of the solver's random starts

    Raises as ``ufm.solve``. Source: beyond the paper, docs/theory.md ("Strict saddles"); for one label set per sample,
    Theorem 2 of Li et al. (2024).
    """
    kept: list[tuple[NamedPoint, Float]] = []
    for candidate in known_points(problem, dim, seed):
        logits = np.concatenate([(part.W @ part.H + part.b[:, None]).ravel() for part in candidate.parts])
        if all(np.linalg.norm(logits - other) > SAME * (1.0 + np.linalg.norm(other)) for _, other in kept):
            kept.append((candidate, logits))
    points, left_out = [], []
    for candidate, _ in kept:
        arrays = candidate.arrays(problem)
        found = curvature(problem, **arrays)
        point = CriticalPoint(candidate.name, **arrays, certificate=certify(problem, **arrays), curvature=found)
        if found.gradient_norm > found.tolerance and not point.is_global:
            left_out.append(f"{point.name} (gradient {found.gradient_norm:.0e})")
        else:
            points.append(point)
    sufficient = max(form.sufficient_dim for form in forms(problem))
    return CriticalPoints(tuple(points), kept[0][0].parts[0].W.shape[1], sufficient, tuple(left_out))
