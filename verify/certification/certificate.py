"""Certified distance of any point from the global minimum: a duality gap. Beyond the paper: theory.md."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any

import numpy as np

from ufm.support.display import Summarized, Summary
from ufm.support.frames import data_frame
from ufm.support.strict_json import plain
from verify.certification import by_parts
from verify.certification.by_parts import is_large
from verify.certification.descent import better_objective
from verify.certification.dual import other_bounds, plain_bound
from verify.certification.dual_of_product import product_bound
from verify.certification.objective import Evaluation, evaluate
from verify.certification.rigorous import Enclosure, Proven, proven, require_feasible
from verify.certification.verdict import GLOBAL, INCONCLUSIVE, NOT_OPTIMAL, overall
from verify.losses.rounding import UNIT
from verify.reading.form import Columns, Form, Problem
from verify.reading.outline import Outline
from verify.reading.point import Point
from verify.reading.read import At, read
from verify.reading.sources import own_features

__all__ = ["GLOBAL", "INCONCLUSIVE", "NOT_OPTIMAL", "Certificate", "certify", "check_tolerance"]

GAP_TOLERANCE = 1e-9  # of the objective: above the rounding of any evaluation, below what changes a printed digit


@dataclass(frozen=True)
class Certificate(Summarized):
    """A bound on how far a point can be from the global minimum.

    objective         F at the point, in the problem's reduction
    lower_bound       D ≤ min F, from this point's residuals, less a proven bound on its rounding error: the best of
                      several feasible dual points, tried until one closes the gap
    gap               F − D; relative_gap is (F − D) / F, 0 where F = D
    spectral_ratio    σ/τ: at most 1 at a global minimum; above 1 a stationary point is not global
    verdict           "global minimum"  F − D ≤ tolerance · F (of every task), whatever the rounding of F, so that F is
                                        within that of the minimum
                      "not optimal"     a point of the same dimension with a strictly lower objective was found
                      "inconclusive"    neither: the gap is open and nothing better was found, or d is too small for
                                        the bound, that of the convex program, to be attained
    dim               d; sufficient_dim = min(R − T', m labels), T' the tasks whose loss a common shift of their logits
                      does not change: those of cross-entropy (MultiSource: the largest task's)
    better_objective  the lower objective that was found, or None
    tasks             MultiSource: one Certificate per task; the figures above are their sums and the largest σ/τ
    enclosure         rigorous=True: (lower, upper) with lower ≤ min F ≤ upper proven in ball arithmetic, upper ≥ F at
                      the point, and ``relative_width``; the verdict then rests on it, not on the figures above
    rigorous_note     what could not be proven, if anything: the enclosure still holds, but is wider
    """

    objective: float
    lower_bound: float
    gap: float
    relative_gap: float
    spectral_ratio: float
    verdict: str
    tolerance: float
    dim: int
    sufficient_dim: int
    better_objective: float | None = None
    tasks: tuple[Certificate, ...] = ()
    enclosure: Enclosure | None = None
    rigorous_note: str = ""

    def _summary(self) -> Summary:
        rows = [
            ("verdict", f"{self.verdict}, {self._reason()}"),
            ("objective", f"{self.objective:.15g}"),
            ("lower bound", f"{self.lower_bound:.15g}"),
            ("relative gap", f"{self.relative_gap:.2e} (tolerance {self.tolerance:.0e})"),
            ("spectral ratio σ/τ", f"{self.spectral_ratio:.12g}"),
            ("feature dimension d", f"{self.dim} ({self.sufficient_dim} suffice)"),
        ]
        if self.better_objective is not None:
            rows.append(("better objective", f"{self.better_objective:.15g}"))
        if self.enclosure is not None:
            rows.append(("proven enclosure", str(self.enclosure)))
            rows.append(("its relative width", f"{self.enclosure.relative_width:.2e}"))
        if self.rigorous_note:
            rows.append(("not proven", self.rigorous_note))
        for t, task in enumerate(self.tasks, start=1):
            rows.append((f"task {t}", f"{task.verdict}, relative gap {task.relative_gap:.2e}"))
        return Summary("Certificate", rows)

    def _reason(self) -> str:
        if self.verdict == GLOBAL:
            return "within the tolerance"
        if self.verdict == NOT_OPTIMAL:
            return "a lower objective was exhibited"
        if self.dim < self.sufficient_dim:
            return f"d = {self.dim} < {self.sufficient_dim}, where the bound need not be attained"
        return "the gap is open and nothing better was found"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: plain numbers, strings and lists; None for what is not finite."""
        own = {field.name: plain(getattr(self, field.name)) for field in fields(self) if field.name != "tasks"}
        return {**own, "tasks": [task.to_dict() for task in self.tasks]}

    def to_frame(self) -> Any:
        """A pandas.DataFrame of one row, for MultiSource one more per task; ``part`` is "all", "task 1", …"""
        parts = {"all": self, **{f"task {t}": task for t, task in enumerate(self.tasks, 1)}}
        names = [field.name for field in fields(self) if field.name not in ("tasks", "enclosure")]
        rows = []
        for part, of in parts.items():
            lower, upper = of.enclosure or (None, None)
            own = {name: getattr(of, name) for name in names}
            rows.append({"part": part, **own, "enclosure_lower": lower, "enclosure_upper": upper})
        return data_frame(rows)


def certify(
    problem: Problem | At,
    solution: Any = None,
    *,
    W: Any = None,
    H: Any = None,
    b: Any = None,
    labels: Any = None,
    tolerance: float = GAP_TOLERANCE,
    rigorous: bool = False,
) -> Certificate:
    """Bounds the distance of a point, of any origin, from the global minimum of the problem.

        F − D ≥ F − min F,    D = − Σ_t c^t Σ_l n_l ℓ_t*(θ g_tl; y_tl) − θ² Σ_t ‖Σ_l V_tl‖² / (4 λ_b c^t)

    with the residuals g = ∂ℓ, the losses' conjugates ℓ* (``verify.losses``), V = c n g and θ = min(1, τ/σ); the last
    term is absent without a bias, and under a free one g is first made to have Σ_l V_tl = 0. λ's multiply the SUM of
    losses (their mean under ``reduction="mean"``, over N, or N_t per task). Where that g leaves the gap open, more are
    tried, until one closes it: g = 0, singular values of V that should be τ set to τ, which makes the gap of a point
    off by ε of order ε² instead of ε, a θ per task, and, where squared error leaves no more of ∂ℓ than its rounding, a
    g of W H's singular vectors. MultiSource is certified task by task.

    Beyond R m = 2²⁵ logits (m ≥ R) all of it runs over parts of the columns, in little memory besides the point: there
    neither W H's singular vectors are tried nor is a better point searched for, so that no verdict is "not optimal".

    solution   anything with .W, .H and optionally .b, .labels, as returned by ``ufm.solve``; or instead of it
    W          list of T arrays or tensors (K_t, d)
    H          (d, columns); MultiSource: list of T such arrays
    b          list of T arrays (K_t,); None, for all or as an entry, means zero: heads without bias, the only kind that
               a problem with lambda_b=None has
    labels     (columns, T) label tuple of each column of H, −1 for no label; MultiSource: list of T arrays (columns_t,)
               or (columns_t, 1); MultiLabel: (columns, K) 0/1 indicators of label sets; soft labels and regression:
               (columns, 1) numbers of the problem's targets. Default problem.labels, one
               column per distinct label. A label seen n_l times with m_l columns gives each of them weight n_l / m_l
    tolerance  largest relative gap called a global minimum
    rigorous   also prove bounds in ball arithmetic, free of assumptions on rounding: ``enclosure``. The verdict is then
               what is proven: "global minimum" F − min F ≤ tolerance · F, "not optimal" a point with a lower F

    Raises TypeError or ValueError naming the field for anything that is not such a point, and if a rigorous bound
    would be too much work; MemoryError if a large form does not fit; FloatingPointError if the objective overflows;
    ModuleNotFoundError if rigorous=True and python-flint is not installed. Source: beyond the paper, theory.md.
    """
    tolerance = check_tolerance(tolerance)
    if not isinstance(rigorous, bool):
        raise TypeError(f"rigorous must be True or False, got {rigorous!r}")
    at = read(problem, solution, W=W, H=H, b=b, labels=labels)
    if rigorous:
        require_feasible(at.problem, [point.H.shape for point in at.points])
    tasks = tuple(_each(at, tolerance))
    several = own_features(at.problem)
    if not rigorous:
        return _total(tasks, tolerance) if several else tasks[0]
    whole, each = proven(at, tolerance)
    tasks = tuple(_rest_on(part, task) for part, task in zip(each, tasks, strict=True))
    return _rest_on(whole, _total(tasks, tolerance)) if several else tasks[0]


def check_tolerance(value: Any, usual: float = GAP_TOLERANCE) -> float:
    """A finite relative tolerance > 0."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.integer, np.floating)):
        raise TypeError(f"tolerance must be a number > 0, got {value!r}")
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"tolerance must be finite and > 0, got {value!r}; {usual:g} is usual")
    return float(value)


def _rest_on(part: Proven, certificate: Certificate) -> Certificate:
    """The certificate with the proven verdict."""
    return replace(certificate, verdict=part.verdict, enclosure=part.enclosure, rigorous_note=part.note)


def has_large_form(at: At) -> bool:
    """Whether a form is certified by parts; then nothing may ask for ``at.forms``, which hold all columns."""
    return any(is_large(columns) for columns in at.columns)


def _each(at: At, tolerance: float) -> Iterator[Certificate]:
    """Of each form."""
    for t, (columns, point) in enumerate(zip(at.columns, at.points, strict=True)):
        if is_large(columns):
            yield _certify_by_parts(columns, point, tolerance, len(at.points))
        else:
            form = columns.form() if has_large_form(at) else at.forms[t]
            yield _certify(form, point, tolerance, len(at.points))


def _certify(form: Form, point: Point, tolerance: float, parts: int) -> Certificate:
    """Of one form of ``parts``; the sum of as many lower bounds, rounded, is still one."""
    at = evaluate(form, point)
    bound = plain_bound(form, at.residual)
    bounds = chain([bound.value], _others(form, at, apart=bound.spectral_ratio > 1.0))
    lower, closed = _closing(bounds, at, tolerance, parts)
    better = None
    if not closed and point.W.shape[1] >= form.sufficient_dim:
        better = better_objective(form, at.logits, point.b, at.objective, at.rounding)
    return _certificate(form, point, tolerance, at.objective, lower, bound.spectral_ratio, closed, better)


def _certify_by_parts(columns: Columns, point: Point, tolerance: float, parts: int) -> Certificate:
    """The same of a large form, without a search for a better point."""
    of = by_parts.Parts(columns, point)
    at = by_parts.evaluate(of)
    bounds = chain([at.plain.value], by_parts.other_bounds(of, at.plain))
    lower, closed = _closing(bounds, at, tolerance, parts)
    ratio = at.plain.sigma / of.outline.tau
    return _certificate(of.outline, point, tolerance, at.objective, lower, ratio, closed, None)


def _others(form: Form, at: Evaluation, *, apart: bool) -> Iterator[float]:
    yield from other_bounds(form, at.residual, apart=apart)
    yield product_bound(form, at.residual, at.logits)


def _closing(
    bounds: Iterable[float], at: Evaluation | by_parts.Evaluated, tolerance: float, parts: int
) -> tuple[float, bool]:
    """The largest of the bounds, tried until one closes the gap, less what adding ``parts`` rounds; whether it does."""
    lower = -np.inf
    for bound in bounds:
        lower = max(lower, bound)
        if within(tolerance, at.objective, at.rounding, lower):
            break
    lower *= 1.0 - 4 * (parts - 1) * UNIT
    return lower, within(tolerance, at.objective, at.rounding, lower)


def _certificate(
    form: Outline,
    point: Point,
    tolerance: float,
    objective: float,
    lower: float,
    spectral_ratio: float,
    closed: bool,
    better: float | None,
) -> Certificate:
    gap = objective - lower
    return Certificate(
        objective=objective,
        lower_bound=lower,
        gap=gap,
        relative_gap=gap / objective if gap else 0.0,
        spectral_ratio=spectral_ratio,
        verdict=GLOBAL if closed else INCONCLUSIVE if better is None else NOT_OPTIMAL,
        tolerance=tolerance,
        dim=point.W.shape[1],
        sufficient_dim=form.sufficient_dim,
        better_objective=better,
    )


def within(tolerance: float, objective: float, rounding: float, lower: float) -> bool:
    """Whether F − lower ≤ tolerance · F for every F within ``rounding`` of the objective."""
    return objective - lower + rounding <= tolerance * (objective - rounding) * (1.0 - 8 * UNIT)


def _total(tasks: tuple[Certificate, ...], tolerance: float) -> Certificate:
    objective = float(np.sum([task.objective for task in tasks]))
    gap = float(np.sum([task.gap for task in tasks]))
    verdicts = {task.verdict for task in tasks}
    improved = [task.objective if task.better_objective is None else task.better_objective for task in tasks]
    return Certificate(
        objective=objective,
        lower_bound=float(np.sum([task.lower_bound for task in tasks])),
        gap=gap,
        relative_gap=gap / objective if gap else 0.0,
        spectral_ratio=max(task.spectral_ratio for task in tasks),
        verdict=overall(verdicts),
        tolerance=tolerance,
        dim=tasks[0].dim,
        sufficient_dim=max(task.sufficient_dim for task in tasks),
        better_objective=float(np.sum(improved)) if NOT_OPTIMAL in verdicts else None,
        tasks=tasks,
    )
