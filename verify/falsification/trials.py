"""All trials of one search, and the smallest problem that violates the claim."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from ufm.solution import Problem
from verify.claims._claim import Claim
from verify.falsification.ahead import Ahead
from verify.falsification.ended import Ended
from verify.falsification.finding import Finding
from verify.falsification.problems import expression, key, size
from verify.falsification.trial import (
    HOLDS,
    NOT_APPLICABLE,
    UNCERTIFIED,
    VIOLATED,
    ClaimRaised,
    Options,
    Trial,
    attempt,
    examined,
)
from verify.solved import Solved


class ClaimError(RuntimeError):
    """A claim raised: ``__cause__`` is its exception, .problem the problem, .finding the result so far."""

    def __init__(self, message: str, problem: Problem, finding: Finding) -> None:
        super().__init__(message)
        self.problem = problem
        self.finding = finding


class End(BaseException):
    """Ends the search at once, with a reason or an error; no Exception, which Hypothesis would take for a failure."""

    def __init__(self, why: Ended | Exception) -> None:
        super().__init__(why)
        self.why = why


class Found(BaseException):
    """A problem that was taken up violates the claim."""


class Trials:
    """Tries each distinct problem once, within a budget for the search and another for shrinking.

    In the search those after the first few are taken up, and tried when enough wait for batches of them. Where one of
    them violates the claim, ``Found`` ends the draws; the same draws once more lead to it, and on to smaller ones.
    """

    def __init__(
        self,
        claim: Claim,
        margin: float,
        options: Options,
        *,
        budget: int,
        seconds: float,
        progress: Callable[[Finding], None] | None,
    ) -> None:
        self.claim, self.margin, self.options = claim, margin, options
        self.budget, self.deadline, self.progress = budget, time.monotonic() + seconds, progress
        self.ahead = Ahead(options, self._end_if_late)
        self.done: dict[Any, Trial] = {}
        self.searched: int | None = None  # problems done when the first violation was found
        self.first: tuple[Problem, Trial] | None = None
        self.smallest: tuple[Problem, Trial] | None = None

    def violates(self, problem: Any) -> bool:
        """Whether the problem is known to violate the claim: tried before or now, or taken up for its turn.

        Found where one that was taken up violates it.
        """
        try:
            if not isinstance(problem, Problem):
                raise TypeError(f"problems must draw ufm problems, such as ufm.SingleSource; it drew {problem!r}")
            name = key(problem)
            if name not in self.done and name not in self.ahead.waiting:
                self._take_up(name, problem)
            return name in self.done and self.done[name].outcome == VIOLATED
        except Exception as error:
            raise End(error) from error

    def _take_up(self, name: Any, problem: Problem) -> None:
        left = self.budget - len(self.done)
        if self.searched is None and len(self.ahead.waiting) >= min(left, self.ahead.most(len(self.done))):
            self.try_taken_up()
        self._end_if_spent()
        if self.searched is None and self.ahead.most(len(self.done)):
            self.ahead.add(name, problem)
        else:
            self._add(name, problem, self._attempt(problem))

    def try_taken_up(self) -> None:
        """Tries what waits, in the order drawn; Found where one violates the claim."""
        while self.ahead.waiting:
            self._end_if_spent()
            name, problem, found = self.ahead.next()
            self._add(name, problem, self._attempt(problem, found))
            if self.done[name].outcome == VIOLATED:
                self.ahead.waiting.clear()  # smaller ones are looked for from now on, each at once
                raise Found

    def _end_if_spent(self) -> None:
        self._end_if_late()
        spent = len(self.done) - (self.searched or 0)
        if spent >= self.budget:
            raise End(Ended.BUDGET_SPENT if self.searched is None else Ended.SHRINKING_SPENT)

    def _end_if_late(self) -> None:
        if time.monotonic() > self.deadline:
            raise End(Ended.TIME_IS_UP)

    def _attempt(self, problem: Problem, found: Solved | None = None) -> Trial:
        """Alone, but for what was found in a batch and respects the margin, or is outside of what is claimed."""
        try:
            if found is not None:
                trial = examined(self.claim, self.margin, *found)
                if trial.outcome in (HOLDS, NOT_APPLICABLE):
                    return trial
            return attempt(self.claim, self.margin, problem, self.options)
        except ClaimRaised as raised:
            message = f"claim {self.claim.name!r} raised {raised} at {expression(problem)}"
            raise ClaimError(message, problem, self.finding(Ended.CLAIM_RAISED)) from raised.__cause__
        except Exception as error:
            error.add_note(f"at {expression(problem)}")
            raise

    def _add(self, name: Any, problem: Problem, trial: Trial) -> None:
        self.done[name] = trial
        if trial.outcome == VIOLATED:
            if self.first is None:
                self.first, self.searched = (problem, trial), len(self.done)
            if self.smallest is None or size(problem) < size(self.smallest[0]):
                self.smallest = (problem, trial)
        if self.progress is not None:
            self.progress(self.finding(Ended.SEARCHING if self.first is None else Ended.SHRINKING))

    def finding(self, ended: Ended) -> Finding:
        """The finding so far."""
        searched = list(self.done.values())[: self.searched]
        found: dict[str, Any] = {}
        if self.first is not None and self.smallest is not None:
            problem, trial = self.smallest
            found = {
                "counterexample": problem,
                "solution": trial.solution,
                "certificate": trial.certificate,
                "violation": trial.violation,
                "resolution": trial.resolution,
                "first_counterexample": self.first[0],
                "first_violation": self.first[1].violation,
            }
        return Finding(
            claim=self.claim,
            margin=self.margin,
            tried=len(searched),
            uncertified=sum(trial.outcome == UNCERTIFIED for trial in searched),
            not_applicable=sum(trial.outcome == NOT_APPLICABLE for trial in searched),
            shrinking=len(self.done) - len(searched),
            largest_violation=max((t.violation for t in searched if t.outcome == HOLDS), default=math.nan),
            ended=ended,
            options=self.options,
            **found,
        )
