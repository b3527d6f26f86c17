"""The searches for counterexamples and their outcomes, in words derived from the numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from verify import strategies
from verify.certification.certificate import Certificate, certify
from verify.falsification.ended import Ended
from verify.falsification.finding import COUNTEREXAMPLE, NONE_FOUND, Finding
from verify.falsification.problems import expression
from verify.falsification.search import falsify
from verify.findings.investigations import Investigation
from verify.report.blocks import Block, Line, Paragraph, Section, pairs, table

HEADER = ("claim", "hypotheses", "searched", "outcome", "violation", "tried")


@dataclass(frozen=True)
class Searched:
    """An investigation, its finding, and the proven enclosure at its counterexample, if any."""

    investigation: Investigation
    finding: Finding
    rigorous: Certificate | None

    @property
    def file(self) -> str:
        """The name of the counterexample's file."""
        return f"{self.investigation.name}.json"


def search(investigation: Investigation, budget: int, seed: int) -> Searched:
    """Runs a search, and encloses the minimum of a counterexample in ball arithmetic."""
    problems = strategies.family(investigation.family)(**investigation.arguments)
    finding = falsify(investigation.claim, problems, budget, seed=seed, method=investigation.method)
    if finding.ended is Ended.INTERRUPTED:  # a search keeps what it found; a page of interrupted searches would mislead
        raise KeyboardInterrupt
    rigorous = None
    if finding.counterexample is not None:
        rigorous = certify(finding.counterexample, finding.solution, rigorous=True)
    return Searched(investigation, finding, rigorous)


def search_all(
    investigations: Iterable[Investigation], budget: int, seed: int, started: Callable[[str], None]
) -> tuple[Searched, ...]:
    """Runs every investigation in turn; calls ``started`` with each as it begins."""
    done = []
    for investigation in investigations:
        started(f"{investigation.claim} over {investigation.searched}")
        done.append(search(investigation, budget, seed))
    return tuple(done)


def search_sections(searched: Iterable[Searched]) -> list[Section]:
    """One section per group: all searches in a table, every counterexample below it."""
    sections = []
    for group, members in groupby(searched, key=lambda item: item.investigation.group):
        items = list(members)
        rows = [_row(item) for item in items]
        sections.append(Section(group, (table(HEADER, rows, HEADER[4:]),)))
        sections += [_counterexample(item) for item in items if item.finding.verdict == COUNTEREXAMPLE]
    return sections


def tally(searched: Iterable[Searched]) -> str:
    """The tally in words: "14 of 30 searches found a certified counterexample"."""
    items = list(searched)
    found = sum(item.finding.verdict == COUNTEREXAMPLE for item in items)
    untested = sum(item.finding.verdict not in (COUNTEREXAMPLE, NONE_FOUND) for item in items)
    rest = f"; {untested} tested nothing" if untested else ""
    return f"{found} of {len(items)} searches found a certified counterexample{rest}"


def _row(item: Searched) -> tuple[str, ...]:
    finding = item.finding
    violation = finding.violation if finding.counterexample is not None else finding.largest_violation
    number = "–" if violation != violation else f"{violation:.3g}"
    asked = item.investigation
    return (asked.claim, asked.premise, asked.searched, finding.verdict, number, f"{finding.tried:,}")


def _counterexample(item: Searched) -> Section:
    finding, certificate = item.finding, item.rigorous
    assert certificate is not None
    assert certificate.enclosure is not None
    assert finding.counterexample is not None
    lower, upper = certificate.enclosure
    blocks: list[Block] = [
        Paragraph(f"Claimed: {finding.claim.statement} ({finding.claim.source})."),
        Paragraph(
            f"A certified global minimum violates it by {finding.violation:.6g}, where {finding.margin:g} is allowed."
        ),
        pairs(
            [
                ("smallest counterexample found", expression(finding.counterexample)),
                ("minimum proven to lie in", f"[{lower!r}, {upper!r}]"),
                ("relative gap of the point", f"{certificate.relative_gap:.1e}"),
                ("its geometry is pinned to", f"{finding.resolution:.1e} relative"),
                ("as first found", f"violation {finding.first_violation:.3g} after {finding.tried:,} problems"),
                ("kept in", f"counterexamples/{item.file}"),
            ]
        ),
    ]
    title = f"{item.investigation.claim}, {item.investigation.premise}"
    numbers = {"violation": f"{finding.violation:.3g}", "allowed": f"{finding.margin:g}"}
    line = Line("counterexample", numbers, {"source": finding.claim.source}, frozenset(("source",)))
    return Section(title, tuple(blocks), level=3, line=line)
