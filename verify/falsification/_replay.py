"""Replaying a saved counterexample: it is solved and certified again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ufm
from ufm.support import validation
from ufm.support.display import Summarized, Summary
from verify.certification.certificate import Certificate
from verify.claims._claim import as_claim
from verify.falsification.finding import Finding
from verify.falsification.problems import expression
from verify.falsification.trial import VIOLATED, ClaimRaised, attempt
from verify.falsification.trials import ClaimError


@dataclass(frozen=True)
class Replay(Summarized):
    """A counterexample solved anew.

    finding     the content of the file; violation, resolution, certificate and solution are those of the new solve
    recurs      whether the new solution is certified and violates the claim by more than the finding's margin
    outcome     "violated", "holds", "not applicable" or "uncertified"
    """

    finding: Finding
    solution: ufm.Solution
    certificate: Certificate
    violation: float
    resolution: float
    outcome: str

    @property
    def recurs(self) -> bool:
        """Whether the violation occurs again."""
        return self.outcome == VIOLATED

    def _summary(self) -> Summary:
        verdict = "the violation recurs" if self.recurs else f"the violation does not recur: {self.outcome}"
        assert self.finding.counterexample is not None
        return Summary(
            f"{self.finding.claim.name}: {verdict}",
            [
                ("claim", self.finding.claim.statement),
                ("counterexample", expression(self.finding.counterexample)),
                ("violation", f"{self.violation:.6g}, saved {self.finding.violation:.6g}"),
                ("margin", f"{self.finding.margin:g}"),
                ("certificate", f"{self.certificate.verdict}, relative gap {self.certificate.relative_gap:.1e}"),
                ("geometry pinned to", f"{self.resolution:.1e} relative"),
            ],
        )


def replay(path: str | Path, *, claim: Any = None, seed: int | None = None) -> Replay:
    """Solves a saved counterexample from another random start, certifies it, and measures the claim again.

    path   a file written by ``Finding.save``
    claim  the function, if the claim was your own; by default the library's claim that the file names
    seed   of the solver's random start, by default different from the finding's

    Raises ValueError for a file that is damaged or holds no counterexample, or whose claim is neither in the library
    nor given.
    """
    finding = Finding.load(path)
    if finding.counterexample is None:
        raise ValueError(f"path={str(path)!r} holds no counterexample: {finding.verdict}")
    measured = finding.claim if claim is None else as_claim(claim)
    start = finding.options.seed + 1 if seed is None else validation.whole_number("seed", seed, 0, validation.MAX_SEED)
    options = replace(finding.options, seed=start)
    try:
        trial = attempt(measured, finding.margin, finding.counterexample, options)
    except ClaimRaised as raised:
        if claim is None and isinstance(raised.__cause__, TypeError):
            raise ValueError(f"path={str(path)!r}: {raised.__cause__}") from None
        message = f"claim {measured.name!r} raised {raised} at {expression(finding.counterexample)}"
        raise ClaimError(message, finding.counterexample, finding) from raised.__cause__
    return Replay(finding, trial.solution, trial.certificate, trial.violation, trial.resolution, trial.outcome)
