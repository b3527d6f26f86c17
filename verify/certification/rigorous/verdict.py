"""The proven part of a certificate: its enclosure, and the verdict that follows from it alone."""

from __future__ import annotations

from dataclasses import dataclass

from verify.certification.objective import Evaluation, evaluate
from verify.certification.rigorous.ball_form import BallForm, ball_forms
from verify.certification.rigorous.better_point import better_point
from verify.certification.rigorous.enclosure import Enclosure
from verify.certification.rigorous.proof import Proof, prove, total, value
from verify.certification.verdict import GLOBAL, INCONCLUSIVE, NOT_OPTIMAL, overall
from verify.reading.form import Form
from verify.reading.point import Point
from verify.reading.read import At


@dataclass(frozen=True)
class Proven:
    """The enclosure, the verdict it proves and what could not be proven."""

    enclosure: Enclosure
    verdict: str
    note: str


def proven(at: At, tolerance: float) -> tuple[Proven, tuple[Proven, ...]]:
    """Of the whole problem, and of each of its forms."""
    pairs = [
        _proven(form, part.form, part.point, tolerance)
        for form, part in zip(ball_forms(at.problem), at.samples, strict=True)
    ]
    proofs, parts = tuple(proof for proof, _ in pairs), tuple(part for _, part in pairs)
    if len(parts) == 1:
        return parts[0], parts
    whole = total(proofs)
    return Proven(whole.enclosure, overall({part.verdict for part in parts}), whole.note), parts


def _proven(form: BallForm, rounded: Form, point: Point, tolerance: float) -> tuple[Proof, Proven]:
    at = evaluate(rounded, point)
    proof = prove(form, rounded, point, at.residual, logits=at.logits)
    if proof.closes(tolerance):
        verdict = GLOBAL
    else:
        verdict = NOT_OPTIMAL if _beaten(form, rounded, point, at, proof) else INCONCLUSIVE
    return proof, Proven(proof.enclosure, verdict, proof.note)


def _beaten(form: BallForm, rounded: Form, point: Point, at: Evaluation, proof: Proof) -> bool:
    """Whether a point of the same dimension is proven to have a lower F."""
    better = better_point(rounded, point, at)
    return better is not None and proof.exceeds(value(form, better, proof.bits))
