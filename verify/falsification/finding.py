"""The result of a search for a counterexample."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import ufm
from ufm.solution import Problem
from ufm.support.display import Summarized, Summary
from verify.certification.certificate import Certificate
from verify.claims._claim import Claim
from verify.falsification.ended import Ended
from verify.falsification.problems import expression
from verify.falsification.storage import read_fields, write_fields
from verify.falsification.trial import Options

COUNTEREXAMPLE = "counterexample"
NONE_FOUND = "no counterexample found"
NEVER_APPLICABLE = "never applicable"
NOTHING_CERTIFIED = "nothing certified"


@dataclass(frozen=True)
class Finding(Summarized):
    """A claim, the smallest counterexample found, if any, and how the search went.

    claim                the claim; its violation had to exceed ``margin``
    counterexample       the smallest problem found whose certified global minimum violates the claim, or None
    solution             that minimum; certificate, its certificate; violation, its size (NaN for none)
    resolution           bound on the relative error of the minimum's Gram matrix, from the certificate's gap
    tried                problems solved up to the first violation, uncertified and not_applicable among them
    shrinking            problems solved after it, in search of a smaller one
    first_counterexample the problem as found, before shrinking; first_violation its violation
    largest_violation    among problems within the margin: how close the search came (NaN if none)
    ended                why the search ended
    """

    claim: Claim
    margin: float
    tried: int
    uncertified: int
    not_applicable: int
    shrinking: int = 0
    counterexample: Problem | None = None
    solution: ufm.Solution | None = None
    certificate: Certificate | None = None
    violation: float = math.nan
    resolution: float = math.nan
    first_counterexample: Problem | None = None
    first_violation: float = math.nan
    largest_violation: float = math.nan
    ended: Ended = Ended.BUDGET_SPENT
    options: Options = field(default_factory=Options)

    @property
    def verdict(self) -> str:
        """ "counterexample", "no counterexample found", "never applicable" or "nothing certified"."""
        if self.counterexample is not None:
            return COUNTEREXAMPLE
        if self.uncertified == self.tried:
            return NOTHING_CERTIFIED
        return NEVER_APPLICABLE if self.uncertified + self.not_applicable == self.tried else NONE_FOUND

    def save(self, path: str | Path) -> None:
        """Saves as JSON, via a temporary name; ``verify.Finding.load`` reads it, ``verify.replay`` checks it."""
        write_fields(vars(self), path)

    @classmethod
    def load(cls, path: str | Path) -> Finding:
        """Reads what ``save`` wrote. A claim outside the library comes back without its function.

        Raises FileNotFoundError if there is no file; ValueError, naming it, for one that was changed or is something
        else.
        """
        return cls(**read_fields(path))

    def _summary(self) -> Summary:
        rows = [("claim", self.claim.statement), ("source", self.claim.source), ("verdict", self._explained())]
        if self.counterexample is not None and self.certificate is not None:
            rows += [
                ("counterexample", expression(self.counterexample)),
                ("violation", f"{self.violation:.6g} (margin {self.margin:g})"),
                ("certificate", f"{self.certificate.verdict}, relative gap {self.certificate.relative_gap:.1e}"),
                ("geometry pinned to", f"{self.resolution:.1e} relative"),
            ]
        if self.first_counterexample is not None and self.first_violation != self.violation:
            rows.append(("as first found", f"{expression(self.first_counterexample)}, {self.first_violation:.6g}"))
        rows.append(("tried", f"{self.tried} in the search, {self.shrinking} to shrink"))
        if self.uncertified:
            rows.append(("uncertified", f"{self.uncertified}, not used"))
        if self.not_applicable:
            rows.append(("not applicable", f"{self.not_applicable}, the claim says nothing there"))
        if not math.isnan(self.largest_violation):
            rows.append(("largest otherwise", f"{self.largest_violation:.3g}, within the margin of {self.margin:g}"))
        return Summary(f"{self.claim.name}: {self.verdict}", [*rows, ("ended", self.ended)])

    def _explained(self) -> str:
        applicable = self.tried - self.uncertified - self.not_applicable
        return {
            COUNTEREXAMPLE: "the claim fails at this problem, whose global minimum is certified",
            NONE_FOUND: f"none of {applicable} certified minima violates the claim; this is no proof",
            NEVER_APPLICABLE: f"the claim said nothing about any of {self.tried} problems; it was not tested",
            NOTHING_CERTIFIED: f"none of {self.tried} problems was certified, F to tolerance="
            f"{self.options.tolerance:g} and the geometry to the claim's resolution; the claim was not tested",
        }[self.verdict]

    def __repr__(self) -> str:
        return f"Finding({self.claim.name!r}: {self.verdict}, tried={self.tried}, violation={self.violation:g})"
