"""The kind of a critical point, from the smallest eigenvalue of the Hessian of F over (W, H, b)."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ufm.support.display import Summarized, Summary
from ufm.support.frames import data_frame
from ufm.support.strict_json import plain
from verify.certification.certificate import GAP_TOLERANCE, GLOBAL, Certificate, certify, check_tolerance
from verify.certification.objective import evaluate
from verify.landscape.descend import best_along
from verify.landscape.escape import escape_direction
from verify.landscape.hessian import Hessian, Move
from verify.landscape.lowest import lowest_eigenpair
from verify.reading.form import Float, Form, Problem
from verify.reading.point import Point
from verify.reading.read import At, read
from verify.reading.sources import own_features

STRICT_SADDLE, NO_NEGATIVE = "strict saddle", "no negative curvature"
NOT_STATIONARY, INCONCLUSIVE = "not stationary", "inconclusive"
GRADIENT_TOLERANCE = 1e-6
FLATNESS = 1e-8  # of the penalty's curvature: what Lanczos and float64 leave of an eigenvalue that is zero
EXPLAINED = 1e3  # times the gradient: at distance δ from a critical point zero eigenvalues are of order δ


@dataclass(frozen=True)
class Direction:
    """A change of the point, in its own shapes: W list of (K_t, d), H (d, columns) or a list, b list of (K_t,)."""

    W: list[Float]
    H: Any
    b: list[Float]


@dataclass(frozen=True)
class Curvature(Summarized):
    """The smallest eigenvalue of the Hessian at a point, and the verdict that follows.

    eigenvalue        of D ∇²F D (see ``verify.landscape.hessian``): of the same sign as ∇²F's smallest, in units of the
                      penalty's own curvature. A Rayleigh quotient: an upper bound on the smallest eigenvalue, so that
                      one below −rounding proves negative curvature; and d²F/dε² along ``direction``
    rounding          a bound on the rounding error of ``eigenvalue``, that of V included
    residual          ‖(D ∇²F D) x − eigenvalue x‖ of the unit vector x: some eigenvalue lies that near
    direction         D x, split as the point is: (W + ε direction.W, H + ε direction.H, b + ε direction.b)
    gradient_norm     ‖D ∇F‖ / √(2F): its square is about what one Newton step could lower F by, relative to F
    gradient_rounding a bound on the rounding error of ``gradient_norm``
    limit             the eigenvalue is called negative below −limit: rounding, that of V as 1/τ magnifies it, and what
                      the gradient explains
    objective         F at the point
    better_objective  a value of F on the line along ``direction``, below ``objective`` by more than rounding, or None
    verdict           "not stationary"         gradient_norm above the tolerance
                      "strict saddle"          stationary, the eigenvalue below −limit, and ``better_objective`` there;
                                               never where ``verify.certify`` calls the point a global minimum
                      "no negative curvature"  stationary, and no eigenvalue below −limit: a local minimum to second
                                               order. A global minimum has zero eigenvalues, along rotations of R^d
                      "inconclusive"           rounding hides the gradient, or eigenvalues that the tolerance does not;
                                               or F falls along the direction by nothing that can be told
    tasks             MultiSource: one Curvature per task; the figures above are the worst task's, F is the sum
    """

    eigenvalue: float
    rounding: float
    residual: float
    direction: Direction
    gradient_norm: float
    gradient_rounding: float
    limit: float
    objective: float
    better_objective: float | None
    verdict: str
    tolerance: float
    tasks: tuple[Curvature, ...] = ()

    @property
    def descends(self) -> bool:
        """Whether a lower objective was exhibited along the direction."""
        return self.better_objective is not None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, None for what is not finite; without the direction, which is as large as the point."""
        own = {name: plain(getattr(self, name)) for name in _figures()}
        return {**own, "tasks": [task.to_dict() for task in self.tasks]}

    def to_frame(self) -> Any:
        """A pandas.DataFrame of one row, for MultiSource one more per task; ``part`` is "all", "task 1", …"""
        parts = {"all": self, **{f"task {t}": task for t, task in enumerate(self.tasks, 1)}}
        return data_frame(
            [{"part": part, **{name: getattr(of, name) for name in _figures()}} for part, of in parts.items()]
        )

    def _summary(self) -> Summary:
        rows = [
            ("verdict", self.verdict),
            ("smallest eigenvalue", f"{self.eigenvalue:.6g} (± {self.residual:.1e}, negative below {-self.limit:.1e})"),
            ("relative gradient", f"{self.gradient_norm:.1e} (tolerance {self.tolerance:.0e})"),
            ("objective", f"{self.objective:.15g}"),
        ]
        if self.better_objective is not None:
            rows.append(("along the direction", f"{self.better_objective:.15g}"))
        for t, task in enumerate(self.tasks, start=1):
            rows.append((f"task {t}", f"{task.verdict}, smallest eigenvalue {task.eigenvalue:.6g}"))
        return Summary("Curvature", rows)


def _figures() -> list[str]:
    """The fields of a ``Curvature`` that are numbers or words."""
    return [field.name for field in fields(Curvature) if field.name not in ("direction", "tasks")]


def curvature(
    problem: Problem | At,
    solution: Any = None,
    *,
    W: Any = None,
    H: Any = None,
    b: Any = None,
    labels: Any = None,
    tolerance: float = GRADIENT_TOLERANCE,
) -> Curvature:
    """The smallest eigenvalue of the Hessian of F over (W, H, b) at a point, with its direction.

    Up to 400 variables by a dense decomposition; beyond by Lanczos, started from the direction that theory gives at a
    saddle. λ's multiply the SUM of losses (their mean under ``reduction="mean"``). MultiSource is taken task
    by task, as its Hessian is.

    solution, W, H, b, labels  the point, as ``verify.certify`` takes it; H's columns as they are, one per label or many
    tolerance                  largest gradient_norm called stationary

    Raises TypeError or ValueError naming the field, MemoryError before a Hessian that is too large is begun,
    RuntimeError if Lanczos does not converge. Source: beyond the paper, docs/theory.md ("Strict saddles").
    """
    tolerance = check_tolerance(tolerance, GRADIENT_TOLERANCE)
    at = read(problem, solution, W=W, H=H, b=b, labels=labels)
    tasks = [_curvature(part.form, part.point, tolerance) for part in at.samples]
    if any(task.verdict == STRICT_SADDLE and _shallow(task) for task in tasks):
        whole = certify(at)
        tasks = [_beside(task, own) for task, own in zip(tasks, whole.tasks or (whole,), strict=True)]
    return _total(tuple(tasks)) if own_features(at.problem) else tasks[0]


def _curvature(form: Form, point: Point, tolerance: float) -> Curvature:
    hessian = Hessian(form, point)
    x = lowest_eigenpair(hessian, escape_direction(hessian))[1]
    x /= np.linalg.norm(x)
    eigenvalue, rounding = hessian.quadratic(x)
    objective = evaluate(form, point).objective
    length = float(np.sqrt(2.0 * objective)) or 1.0  # an F of 0 is a minimum, and has no gradient
    gradient_norm = float(np.linalg.norm(hessian.gradient)) / length
    move = hessian.move(x)
    better = best_along(form, point, move, length)[0] if eigenvalue < -rounding else None
    found = Curvature(
        eigenvalue=eigenvalue,
        rounding=rounding,
        residual=float(np.linalg.norm(hessian.product(x) - eigenvalue * x)),
        direction=_direction(form, move),
        gradient_norm=gradient_norm,
        gradient_rounding=hessian.gradient_rounding() / length,
        limit=max(FLATNESS, rounding, hessian.residual_rounding(), EXPLAINED * gradient_norm),
        objective=objective,
        better_objective=better,
        verdict=INCONCLUSIVE,
        tolerance=tolerance,
    )
    return replace(found, verdict=_verdict(found))


def _verdict(at: Curvature) -> str:
    if at.gradient_norm - at.gradient_rounding > at.tolerance:
        return NOT_STATIONARY
    if at.gradient_norm + at.gradient_rounding > at.tolerance:
        return INCONCLUSIVE
    if at.eigenvalue < -at.limit:
        return STRICT_SADDLE if at.descends else INCONCLUSIVE
    return NO_NEGATIVE if max(at.limit, at.residual) <= EXPLAINED * at.tolerance else INCONCLUSIVE


def _shallow(at: Curvature) -> bool:
    """Whether F was seen to fall by no more than what a global minimum may be off by."""
    return at.better_objective is not None and at.objective - at.better_objective <= GAP_TOLERANCE * at.objective


def _beside(at: Curvature, certificate: Certificate) -> Curvature:
    """What is proven to be within the tolerance of the minimum is no saddle to it."""
    return replace(at, verdict=INCONCLUSIVE) if (at.verdict, certificate.verdict) == (STRICT_SADDLE, GLOBAL) else at


def _direction(form: Form, move: Move) -> Direction:
    return Direction([move.W[rows] for rows in form.blocks], move.H, [move.b[rows] for rows in form.blocks])


def _total(tasks: tuple[Curvature, ...]) -> Curvature:
    """The task with the smallest eigenvalue; the direction moves that task alone."""
    lowest = min(range(len(tasks)), key=lambda t: tasks[t].eigenvalue)
    still = [[np.zeros_like(part) for part in (t.direction.W[0], t.direction.H, t.direction.b[0])] for t in tasks]
    own = tasks[lowest].direction
    still[lowest] = [own.W[0], own.H, own.b[0]]
    W, H, b = (list(parts) for parts in zip(*still, strict=True))
    objective = float(np.sum([task.objective for task in tasks]))
    better = tasks[lowest].better_objective
    verdicts = {task.verdict for task in tasks}
    return replace(
        tasks[lowest],
        direction=Direction(W, H, b),
        gradient_norm=max(task.gradient_norm for task in tasks),
        gradient_rounding=max(task.gradient_rounding for task in tasks),
        objective=objective,
        better_objective=None if better is None else objective - tasks[lowest].objective + better,
        verdict=next(v for v in (NOT_STATIONARY, STRICT_SADDLE, INCONCLUSIVE, NO_NEGATIVE) if v in verdicts),
        tasks=tasks,
    )
