"""The search: Hypothesis draws problems and shrinks those that violate the claim."""

from __future__ import annotations

import math
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ufm.support import validation
from ufm.support.interrupt import Interrupt
from verify.claims._claim import as_claim
from verify.falsification.ended import Ended
from verify.falsification.finding import Finding
from verify.falsification.trial import GAP_TOLERANCE, checked_options
from verify.falsification.trials import End, Found, Trials

DRAWS = 20  # per problem of the budget: draws that repeat an earlier problem cost none of it


def falsify(
    claim: Any,
    problems: Any,
    budget: int = 200,
    *,
    margin: float | None = None,
    seed: int = 0,
    seconds: float | None = None,
    dim: int | None = None,
    method: str = "newton",
    tolerance: float = GAP_TOLERANCE,
    solver_tolerance: float | None = None,
    progress: Callable[[Finding], None] | None = None,
) -> Finding:
    """Searches a family for a problem whose certified global minimum violates a claim, and shrinks it.

    claim      one of ``verify.claims``, its name, or a function (problem, solution) → violation ≥ 0, NaN if it says
               nothing, or → bool, True if the claim holds
    problems   a Hypothesis strategy of problems, such as ``verify.strategies.task_balanced(classes=3)``, or a family's
               name
    budget     problems to solve in the search, and at most as many again to shrink; repeats are free
    margin     the violation to exceed, by default the claim's own
    seed       of the draws and of the solver's random starts: same seed, same program, same finding
    seconds    stop after this much time, with what was found
    dim        feature dimension; below min(R − T, labels) no certificate closes, and every problem is uncertified
    method     of ``ufm.solve``; "gradient" frees every sample's feature, which ``nc1`` needs; "convex" reaches
               about 1e-9 of F, too coarse for the geometry that most claims are about
    tolerance  relative, of the certificates; solver_tolerance is the tolerance of ``ufm.solve``, by default the
               solver's own, 1e-9 for "gradient"
    progress   called with the finding so far after every problem solved

    A problem counts as a counterexample only if its certificate reads "global minimum" at ``tolerance`` and its gap
    pins the Gram matrix of heads and features to the claim's ``resolution``, by default (violation/12)²: see
    docs/theory.md, "What a gap pins". Other draws are counted in ``.uncertified`` and never used. Ctrl-C ends the
    search with what was found. No counterexample is no proof.

    Raises TypeError or ValueError naming the argument; ValueError for a strategy without examples; TypeError if it
    draws anything but a problem; ClaimError if the claim raises. Beyond the paper: docs/howto/falsify-a-claim.md.
    """
    checked = as_claim(claim)
    margin = checked.margin if margin is None else _nonnegative("margin", margin)
    options = checked_options(dim=dim, method=method, seed=seed, tolerance=tolerance, solver_tolerance=solver_tolerance)
    limit = math.inf if seconds is None else validation.positive("seconds", seconds)
    budget = validation.whole_number("budget", budget, 1)
    strategy = _strategy(problems)
    trials = Trials(checked, margin, options, budget=budget, seconds=limit, progress=progress)
    ended = _run(strategy, trials, budget, options.seed)
    if not trials.done and ended is Ended.EXHAUSTED:
        raise ValueError(f"problems={problems!r} has no example")
    return trials.finding(ended)


def _strategy(problems: Any) -> Any:
    """A Hypothesis strategy; the family of that name with its defaults."""
    from verify.strategies import SearchStrategy, family  # needs hypothesis, as _run does; files and replays do not

    if isinstance(problems, str):
        return family(problems)()
    if not isinstance(problems, SearchStrategy):
        hint = "; call it, with its options" if callable(problems) else ""
        raise TypeError(
            f"problems must be a Hypothesis strategy such as verify.strategies.balanced(), or a family's name, "
            f"got {problems!r}{hint}"
        )
    return problems


def _run(strategy: Any, trials: Trials, budget: int, seed: int) -> Ended:
    """Draws and shrinks until the search ends; returns why it ended."""
    from hypothesis import Phase, find, settings
    from hypothesis.errors import NoSuchExample, Unsatisfiable

    phases = (Phase.generate, Phase.shrink)
    profile = settings(database=None, deadline=None, max_examples=DRAWS * budget, phases=phases)
    try:
        with Interrupt(at_once=True) as interrupt, _notes_elsewhere():

            def violates(problem: Any) -> bool:
                interrupt.check()  # Hypothesis has a callback in the garbage collector, where exceptions are lost
                return trials.violates(problem)

            def searched() -> Ended:
                """The same draws every time until one violates the claim, then smaller ones."""
                try:
                    find(strategy, violates, settings=profile, random=random.Random(seed))
                except (NoSuchExample, Unsatisfiable):
                    trials.try_taken_up()
                    return Ended.EXHAUSTED
                return Ended.SHRUNK

            try:
                return searched()
            except Found:
                return searched()
    except End as end:
        if isinstance(end.why, Exception):
            raise end.why from end.why.__cause__
        return end.why
    except KeyboardInterrupt:
        return Ended.INTERRUPTED


@contextmanager
def _notes_elsewhere() -> Iterator[None]:
    """Keeps Hypothesis' notes on the program's constants out of the working folder, unless configured otherwise."""
    from hypothesis import configuration

    before = vars(configuration).get("__hypothesis_home_directory")
    if before is not None or os.environ.get("HYPOTHESIS_STORAGE_DIRECTORY"):
        yield
        return
    configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir()) / "ufm-hypothesis")
    try:
        yield
    finally:
        configuration.set_hypothesis_home_dir(before)


def _nonnegative(name: str, value: Any) -> float:
    number = validation.real_number(value)
    if number is None:
        raise TypeError(f"{name} must be a number ≥ 0, got {value!r}")
    if not 0 <= number < math.inf:
        raise ValueError(f"{name} must be finite and ≥ 0, got {value!r}")
    return number
