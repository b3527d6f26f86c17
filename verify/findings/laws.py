"""Closed forms evaluated in balls beside enclosures of the minimum: two proven intervals that must meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import theory
import ufm
from ufm.solution import Problem
from verify.certification.certificate import certify
from verify.certification.rigorous import Enclosure
from verify.falsification.problems import expression
from verify.report.blocks import Paragraph, Section, table
from verify.solved import solved

SMALL: Mapping[str, Any] = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
PAST: Mapping[str, Any] = {"lambda_H": 2.0, "lambda_W": 2.0, "lambda_b": 0.05}

Single, Multi, Label = ufm.SingleSource, ufm.MultiSource, ufm.MultiLabel

PROBLEMS: tuple[Problem, ...] = (
    Single.balanced((3,), 10, **SMALL),
    Single.balanced((3, 3), 10, **SMALL),
    Single.balanced((3, 4), 10, task_weights=(1.5, 1.0), **SMALL),
    Single.balanced((3, 4), 4, task_weights=(0.1, 5.0), **PAST),
    Single.orthogonal_array(3, 4, 6, **SMALL),
    Multi.balanced((3, 5), (10, 20), **SMALL),
    Single.correlated(2, n_same=30, n_different=10, **SMALL),
    Single.correlated(2, n_same=38, n_different=2, **PAST),
    Single.correlated(3, n_same=20, n_different=10, **SMALL),
    Single.correlated(10, n_same=30, n_different=10, **SMALL),
    Label.balanced(3, {1: 10, 2: 5}, **SMALL),
    Single.balanced((3, 3), 10, label_smoothing=0.1, **SMALL),
)


@dataclass(frozen=True)
class Enclosed:
    """A problem, the law's interval, the certificate's, and whether they meet."""

    problem: Problem
    law: str
    closed_form: Enclosure
    minimum: Enclosure
    meet: bool


def enclose_all(problems: Iterable[Problem], started: Callable[[str], None]) -> tuple[Enclosed, ...]:
    """Solves and encloses each problem, and evaluates its law in balls."""
    done = []
    for problem in problems:
        started(f"enclosing {problem!r}")
        ball = theory.objective_in_balls(problem)
        enclosure = certify(problem, solved(problem), rigorous=True).enclosure
        assert enclosure is not None
        closed_form = Enclosure(ball.lower, ball.upper)
        prediction = theory.predict(problem)
        done.append(Enclosed(problem, prediction.theorem, closed_form, enclosure, ball.meets(*enclosure)))
    return tuple(done)


def law_section(enclosed: Iterable[Enclosed]) -> Section:
    """One row a problem."""
    items = list(enclosed)
    met = sum(item.meet for item in items)
    widest = max(item.minimum.relative_width for item in items)
    header = ("problem", "law", "closed form, enclosed", "minimum, enclosed", "relative width", "meet")
    rows = [
        (
            expression(item.problem),
            item.law,
            str(item.closed_form),
            str(item.minimum),
            f"{item.minimum.relative_width:.1e}",
            "yes" if item.meet else "NO",
        )
        for item in items
    ]
    lead = (
        f"Both intervals are proven in ball arithmetic, the closed form's from its formula and the minimum's from a "
        f"solved point and its dual. {met} of {len(items)} pairs meet; the widest enclosure of a minimum is "
        f"{widest:.1e} relative."
    )
    return Section("Closed forms against proven enclosures", (Paragraph(lead), table(header, rows, header[4:5])))
