"""All findings, computed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ufm.support.interrupt import Interrupt
from ufm.support.strict_json import plain
from verify.comparison.cosine_curve import CosineCurve
from verify.falsification.problems import record
from verify.findings import laws, saddles
from verify.findings.curves import curve_section, draw_all
from verify.findings.investigations import INVESTIGATIONS, LIMIT
from verify.findings.laws import Enclosed, enclose_all, law_section
from verify.findings.limits import Limit, limit_section, limits
from verify.findings.saddles import Landscape, explore_all, landscape_sections
from verify.findings.searches import Searched, search_all, search_sections, tally
from verify.report.blocks import Section

FORMAT = "ufm-findings-1"
TITLE = "Findings"


@dataclass(frozen=True)
class Findings:
    """What was computed: searches, enclosures, limits, curves and landscapes."""

    searched: tuple[Searched, ...]
    enclosed: tuple[Enclosed, ...]
    limits: tuple[Limit, ...]
    curves: dict[str, CosineCurve]
    landscapes: tuple[Landscape, ...]
    budget: int
    seed: int

    @property
    def sound(self) -> bool:
        """Every pair of intervals meets, every curve is certified, and every search tested something."""
        tested = all(item.finding.verdict in ("counterexample", "no counterexample found") for item in self.searched)
        meet = all(item.meet for item in self.enclosed)
        return tested and meet and all(curve.passed for curve in self.curves.values())

    @property
    def lead(self) -> str:
        """The page's first sentence."""
        met = sum(item.meet for item in self.enclosed)
        return (
            f"{tally(self.searched)}; {met} of {len(self.enclosed)} closed forms meet the proven enclosure of the "
            f"minimum. Every number here comes from one run of ufm findings (budget {self.budget}, seed {self.seed})."
        )

    def sections(self) -> list[Section]:
        """The page's body."""
        return [
            *search_sections(self.searched),
            law_section(self.enclosed),
            limit_section(self.limits),
            curve_section(self.curves),
            *landscape_sections(self.landscapes),
        ]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: the numbers behind the page."""
        whole = {
            "format": FORMAT,
            "sound": self.sound,
            "budget": self.budget,
            "seed": self.seed,
            "searches": [_search(item) for item in self.searched],
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
    """
    with Interrupt(at_once=True) as interrupt:

        def begins(name: str) -> None:
            interrupt.check()  # Hypothesis keeps its callback in the garbage collector, where exceptions are lost
            started(name)

        return _run(budget, seed, points, begins)


def _run(budget: int, seed: int, points: int, started: Callable[[str], None]) -> Findings:
    searched = search_all(INVESTIGATIONS, budget, seed, started)
    counterexamples = [item.finding.counterexample for item in searched if item.investigation.claim == LIMIT]
    return Findings(
        searched=searched,
        enclosed=enclose_all(laws.PROBLEMS, started),
        limits=limits([problem for problem in counterexamples if problem is not None], started),
        curves=draw_all(points, started),
        landscapes=explore_all(saddles.PROBLEMS, started),
        budget=budget,
        seed=seed,
    )


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
