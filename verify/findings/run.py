"""All findings, computed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ufm.support.interrupt import Interrupt
from ufm.support.strict_json import plain
from verify.comparison.cosine_curve import CosineCurve
from verify.falsification.finding import COUNTEREXAMPLE, NONE_FOUND
from verify.falsification.problems import record
from verify.findings import laws, saddles
from verify.findings.across_losses import QUESTIONS, loss_sections, search_losses
from verify.findings.curves import curve_section, draw_all
from verify.findings.investigations import INVESTIGATIONS, LIMIT
from verify.findings.laws import Enclosed, enclose_all, law_section
from verify.findings.limits import Limit, limit_section, limits
from verify.findings.saddles import Landscape, explore_all, landscape_sections
from verify.findings.searches import Searched, search_all, search_sections, tally
from verify.report.blocks import Section

FORMAT = "ufm-findings-1"
TITLE = "Findings"


class FindingsInterrupted(KeyboardInterrupt):
    """Ctrl-C; .findings holds what was finished."""

    def __init__(self, findings: Findings) -> None:
        super().__init__()
        self.findings = findings


@dataclass(frozen=True)
class Findings:
    """What was computed: searches, the same over losses, enclosures, limits, curves and landscapes.

    interrupted  what was begun when Ctrl-C ended the run; empty where it was not
    """

    budget: int
    seed: int
    searched: tuple[Searched, ...] = ()
    losses: tuple[Searched, ...] = ()
    enclosed: tuple[Enclosed, ...] = ()
    limits: tuple[Limit, ...] = ()
    curves: dict[str, CosineCurve] = field(default_factory=dict)
    landscapes: tuple[Landscape, ...] = ()
    interrupted: str = ""

    @property
    def sound(self) -> bool:
        """Every pair of intervals meets, every curve is certified, and every search tested something."""
        verdicts = {item.finding.verdict for item in (*self.searched, *self.losses)}
        tested = verdicts <= {COUNTEREXAMPLE, NONE_FOUND} and not self.interrupted
        meet = all(item.meet for item in self.enclosed)
        return tested and meet and all(curve.passed for curve in self.curves.values())

    @property
    def lead(self) -> str:
        """The page's first sentence."""
        met = sum(item.meet for item in self.enclosed)
        cut = (
            f" Interrupted at {self.interrupted}: this page holds what was finished by then."
            if self.interrupted
            else ""
        )
        return (
            f"{tally((*self.searched, *self.losses))}; {met} of {len(self.enclosed)} closed forms meet the proven "
            f"enclosure of the minimum. Every number here comes from one run of ufm findings (budget {self.budget}, "
            f"seed {self.seed}).{cut}"
        )

    @property
    def told(self) -> str:
        """What was done and what it means, for a reader who sees such a page for the first time."""
        return (
            "This page tests claims about the global minima of the unconstrained feature model. For each claim a "
            "family of small problems was searched for one whose minimum, found numerically and certified by a lower "
            "bound, violates it. A counterexample disproves the claim, and its file can be replayed; a search that "
            "finds none proves nothing. After the searches come closed forms compared with proven intervals of the "
            "minimum, limits, cosine curves and critical points."
        )

    def sections(self) -> list[Section]:
        """The page's body."""
        return [
            *search_sections(self.searched),
            *loss_sections(self.losses),
            *([law_section(self.enclosed)] if self.enclosed else []),
            *([limit_section(self.limits)] if self.limits else []),
            *([curve_section(self.curves)] if self.curves else []),
            *(landscape_sections(self.landscapes) if self.landscapes else []),
        ]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the numbers behind the page."""
        whole = {
            "format": FORMAT,
            "sound": self.sound,
            "budget": self.budget,
            "seed": self.seed,
            "interrupted": self.interrupted,
            "searches": [_search(item) for item in self.searched],
            "losses": [_search(item) for item in self.losses],
            "laws": [
                {
                    "problem": record(item.problem),
                    "law": item.law,
                    "closed form": list(item.closed_form),
                    "minimum": list(item.minimum),
                    "meet": item.meet,
                }
                for item in self.enclosed
            ],
            "limits": [vars(item) | {"problem": record(item.problem)} for item in self.limits],
            "curves": {number: {**vars(curve), "deviation": curve.deviation} for number, curve in self.curves.items()},
            "landscapes": [_landscape(item) for item in self.landscapes],
        }
        return dict(plain(whole))


def run_findings(
    *, budget: int = 200, seed: int = 0, points: int = 9, started: Callable[[str], None] = lambda name: None
) -> Findings:
    """Runs every search, enclosure, curve and landscape; ``started`` is told what begins.

    budget  problems solved in each search; points  certified minima along each curve

    Ctrl-C raises ``FindingsInterrupted`` with what was finished, a KeyboardInterrupt.
    """
    doing = [""]
    done = Findings(budget, seed)
    with Interrupt(at_once=True) as interrupt:

        def begins(name: str) -> None:
            doing[0] = name
            interrupt.check()  # Hypothesis keeps its callback in the garbage collector, where exceptions are lost
            started(name)

        try:
            for finished in _steps(done, points, begins):
                done = finished
        except KeyboardInterrupt:
            raise FindingsInterrupted(replace(done, interrupted=doing[0])) from None
    return done


def _steps(done: Findings, points: int, started: Callable[[str], None]) -> Iterator[Findings]:
    """What is finished, after each search and each of the other parts."""
    budget, seed = done.budget, done.seed
    for asked in INVESTIGATIONS:
        yield (done := replace(done, searched=(*done.searched, *search_all([asked], budget, seed, started))))
    for question in QUESTIONS:
        yield (done := replace(done, losses=(*done.losses, *search_losses([question], budget, seed, started))))
    counterexamples = [item.finding.counterexample for item in done.searched if item.investigation.claim == LIMIT]
    yield (done := replace(done, enclosed=enclose_all(laws.PROBLEMS, started)))
    yield (done := replace(done, limits=limits([p for p in counterexamples if p is not None], started)))
    yield (done := replace(done, curves=draw_all(points, started)))
    yield replace(done, landscapes=explore_all(saddles.PROBLEMS, started))


def _search(item: Searched) -> dict[str, Any]:
    finding = item.finding
    return {
        "claim": item.investigation.claim,
        "statement": finding.claim.statement,
        "source": finding.claim.source,
        "family": item.investigation.searched,
        "verdict": finding.verdict,
        "violation": finding.violation,
        "margin": finding.margin,
        "tried": finding.tried,
        "shrinking": finding.shrinking,
        "counterexample": None if finding.counterexample is None else record(finding.counterexample),
        "enclosure": None if item.rigorous is None else list(item.rigorous.enclosure or ()),
    }


def _landscape(item: Landscape) -> dict[str, Any]:
    return {
        "problem": record(item.problem),
        "points": [
            {
                "name": point.name,
                "objective": point.objective,
                "spectral_ratio": point.certificate.spectral_ratio,
                "gradient_norm": point.curvature.gradient_norm,
                "eigenvalue": point.curvature.eigenvalue,
                "global": point.is_global,
                "verdict": point.curvature.verdict,
            }
            for point in item.points
        ],
    }
