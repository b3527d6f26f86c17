"""Which properties are of every loss, and which cross-entropy alone has or lacks: one search a property and loss.

What is known here is only what to ask; every answer is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from ufm.losses import LOSSES
from verify.falsification.finding import COUNTEREXAMPLE, NONE_FOUND
from verify.falsification.problems import expression
from verify.findings.investigations import Investigation
from verify.findings.searches import Searched, search
from verify.report.blocks import Line, Paragraph, Section, Verdict, table

TITLE = "The same properties under other losses"
HEADER = ("loss", "outcome", "violation", "smallest counterexample found", "minimum proven to lie in")
SHARE = 2  # of the budget, a search has one part in so many: there are three for every property


@dataclass(frozen=True)
class Question:
    """A property put to every loss: a claim of ``verify.claims`` over a family of ``verify.strategies``.

    title      what is asked, in few words
    text       the same for a reader who knows neither the claim's name nor the family's
    arguments  keywords of the family beside the loss
    """

    title: str
    text: str
    claim: str
    family: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def investigations(self) -> tuple[Investigation, ...]:
        """One for each loss."""
        each = [{**self.arguments, "loss": loss} for loss in LOSSES]
        return tuple(Investigation(TITLE, self.title, self.claim, self.family, keywords) for keywords in each)


QUESTIONS: tuple[Question, ...] = (
    Question(
        "Simplex heads, balanced counts, free bias",
        "Every combination of labels is equally frequent and the bias is free. Do the rows of each head have "
        "equal lengths and the angles of a simplex (NC2)?",
        "nc2",
        "balanced",
        {"bias": "free"},
    ),
    Question(
        "Simplex heads, balanced counts, no bias",
        "The same counts, with heads without a bias. If the loss depends on the mean of a task's logits, the heads "
        "must produce it, and then they need not be a simplex.",
        "nc2",
        "balanced",
        {"bias": "none"},
    ),
    Question(
        "Orthogonal heads, one balanced task, no bias",
        "What replaces the simplex? Are the rows of the head orthogonal if classes are equally frequent and there is "
        "no bias?",
        "orthogonal_rows",
        "balanced",
        {"classes": range(3, 6), "tasks": 1, "bias": "none"},
    ),
    Question(
        "Orthogonal tasks, balanced counts, free bias",
        "Two tasks whose label pairs are all equally frequent, with a free bias. Are heads of different "
        "tasks orthogonal (NC3)?",
        "nc3",
        "balanced",
        {"tasks": 2, "bias": "free"},
    ),
    Question(
        "Orthogonal tasks, balanced counts, no bias",
        "The same without a bias. Every task then uses the direction that all features share to produce the mean of "
        "its logits.",
        "nc3",
        "balanced",
        {"tasks": 2, "bias": "none"},
    ),
    Question(
        "Orthogonal tasks, marginal balance only",
        "Every class of either task is equally frequent, but pairs of labels are not: the tasks are correlated. Are "
        "their heads still orthogonal (NC3)?",
        "nc3",
        "task-balanced",
        {"bias": "free"},
    ),
    Question(
        "Simplex heads, task-balanced counts, K = 3",
        "Section 5.2 of the paper claims NC2 whenever every class of either task is equally frequent.",
        "nc2",
        "task-balanced",
        {"classes": 3, "bias": "free"},
    ),
    Question(
        "Features along the sum of their heads, task-balanced counts, K = 3",
        "Section 5.2 claims NC4 there as well: a centred feature is parallel to the sum of the heads of its labels.",
        "nc4",
        "task-balanced",
        {"classes": 3, "bias": "free"},
    ),
    Question(
        "Zero bias, balanced counts",
        "Every combination of labels is equally frequent and the bias is penalized. Is it zero?",
        "zero_bias",
        "balanced",
    ),
)


def search_losses(
    questions: Iterable[Question], budget: int, seed: int, started: Callable[[str], None]
) -> tuple[Searched, ...]:
    """Every question and every loss in turn, each search with its share of the budget."""
    done = []
    for question in questions:
        for investigation in question.investigations:
            started(f"{investigation.claim} over {investigation.searched}")
            done.append(search(investigation, max(1, budget // SHARE), seed))
    return tuple(done)


def loss_sections(searched: Iterable[Searched]) -> list[Section]:
    """All answers in one table, property × loss; then each property with its counterexamples."""
    items = list(searched)
    if not items:
        return []
    rows = [tuple(members) for _, members in groupby(items, key=lambda item: item.investigation.premise)]
    kept = [row[0].investigation.premise for row in rows if len({item.finding.verdict for item in row}) > 1]
    told = (
        f"{len(rows)} properties, each tested under {len(LOSSES)} losses; for {len(kept)} the losses differ"
        f"{': ' if kept else ''}{'; '.join(kept)}. A counterexample shows that the property does not hold under that "
        "loss, and its file can be replayed; a search that finds none proves nothing."
    )
    cells = [(row[0].investigation.premise, *(_answer(item) for item in row)) for row in rows]
    whole = Section(TITLE, (Paragraph(told), table(("property", *LOSSES), cells)))
    return [whole, *map(_of_question, rows)]


def _answer(item: Searched) -> str:
    """In a cell."""
    finding = item.finding
    if finding.verdict == COUNTEREXAMPLE:
        return f"fails by {finding.violation:.2g}"
    if finding.verdict == NONE_FOUND:
        return f"none in {finding.tried:,} tried"
    return Verdict(finding.verdict)


def _of_question(row: tuple[Searched, ...]) -> Section:
    first = row[0].investigation
    asked = next(question for question in QUESTIONS if question.title == first.premise)
    claim = row[0].finding.claim
    lead = f"{asked.text} Claimed: {claim.statement} ({claim.source}). Searched: {asked_family(asked)}."
    rows = [(str(item.investigation.arguments["loss"]), _answer(item), *_found(item)) for item in row]
    line = Line("property", {loss: answer for loss, answer, *_ in rows}, {})
    return Section(first.premise, (Paragraph(lead), table(HEADER, rows, HEADER[2:3])), level=3, line=line)


def asked_family(question: Question) -> str:
    """The family as Python, loss left open."""
    return Investigation("", "", question.claim, question.family, question.arguments).searched


def _found(item: Searched) -> tuple[str, str, str]:
    finding = item.finding
    if finding.counterexample is None or item.rigorous is None:
        largest = finding.largest_violation
        return ("–" if largest != largest else f"{largest:.2g}"), "–", "–"
    lower, upper = item.rigorous.enclosure or (float("nan"), float("nan"))
    return f"{finding.violation:.6g}", expression(finding.counterexample), f"[{lower!r}, {upper!r}]"
