"""One trial: a problem solved, certified, resolved and measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import ufm
from ufm.solution import Problem
from ufm.solvers.options import METHODS
from ufm.support import validation
from verify.certification.certificate import GLOBAL, Certificate, certify, check_tolerance
from verify.claims._claim import Claim
from verify.falsification.resolution import resolution
from verify.reading.read import At, read
from verify.solved import solved

VIOLATED, HOLDS, NOT_APPLICABLE, UNCERTIFIED = "violated", "holds", "not applicable", "uncertified"
GAP_TOLERANCE = 1e-12  # relative; Newton's solutions are a hundred times closer
ATTEMPTS = 2  # random starts
CLOSE = {"gradient": 1e-9}  # tolerances of solvers whose own default leaves the gap above GAP_TOLERANCE


@dataclass(frozen=True)
class Options:
    """How every problem is solved and how tight its certificate must be; None is the solver's default, or ``CLOSE``."""

    dim: int | None = None
    method: str = "newton"
    seed: int = 0
    tolerance: float = GAP_TOLERANCE
    solver_tolerance: float | None = None


def checked_options(
    *,
    dim: Any = None,
    method: Any = "newton",
    seed: Any = 0,
    tolerance: Any = GAP_TOLERANCE,
    solver_tolerance: Any = None,
) -> Options:
    """TypeError or ValueError names the option that cannot be."""
    return Options(
        dim=None if dim is None else validation.whole_number("dim", dim, 1),
        method=validation.one_of("method", method, tuple(METHODS)),
        seed=validation.whole_number("seed", seed, 0, validation.MAX_SEED - ATTEMPTS),
        tolerance=check_tolerance(tolerance, GAP_TOLERANCE),
        solver_tolerance=None
        if solver_tolerance is None
        else validation.positive("solver_tolerance", solver_tolerance),
    )


@dataclass(frozen=True)
class Trial:
    """The outcome for one problem; ``resolution`` as in ``verify.falsification.resolution``."""

    outcome: str
    violation: float
    resolution: float
    solution: ufm.Solution
    certificate: Certificate


def attempt(claim: Claim, margin: float, problem: Problem, options: Options) -> Trial:
    """Violated only where the certificate is of a global minimum and pins the geometry as the claim demands.

    Exceptions of the claim come as ClaimRaised; KeyboardInterrupt also where the solver noticed it first.
    """
    for offset in range(ATTEMPTS):
        solution = solved(
            problem,
            options.method,
            dim=options.dim,
            seed=options.seed + offset,
            tolerance=options.solver_tolerance or CLOSE.get(options.method),
        )
        at = read(problem, solution)
        certificate = certify(at, tolerance=options.tolerance)
        if certificate.verdict == GLOBAL or certificate.dim < certificate.sufficient_dim:
            break
    return examined(claim, margin, solution, at, certificate)


def examined(claim: Claim, margin: float, solution: ufm.Solution, at: At, certificate: Certificate) -> Trial:
    """The trial of a problem that is already solved and certified, as in ``attempt``."""
    if certificate.verdict != GLOBAL:
        return Trial(UNCERTIFIED, math.nan, math.inf, solution, certificate)
    try:
        violation = claim(at)
    except Exception as error:
        raise ClaimRaised(error) from error
    pinned = resolution(at, certificate)
    if math.isnan(violation):
        return Trial(NOT_APPLICABLE, violation, pinned, solution, certificate)
    if violation <= margin:
        return Trial(HOLDS, violation, pinned, solution, certificate)
    outcome = VIOLATED if pinned <= claim.resolution(violation) else UNCERTIFIED
    return Trial(outcome, violation, pinned, solution, certificate)


class ClaimRaised(Exception):  # noqa: N818 - caught by the search
    """A claim raised; ``__cause__`` says what."""

    def __init__(self, error: Any) -> None:
        super().__init__(repr(error))
