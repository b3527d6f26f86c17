"""The enclosure of one form's minimum: precision is raised until balls are small beside the gap, or said not to be."""

from __future__ import annotations

from dataclasses import dataclass

from theory.balls.outward import above, below
from verify.certification.dual import best_deviation
from verify.certification.rigorous.ball_form import BallForm
from verify.certification.rigorous.dual import dual_value, zero_value
from verify.certification.rigorous.enclosure import Enclosure
from verify.certification.rigorous.objective import objective
from verify.losses.balls import Ball, flint
from verify.reading.form import Float, Form
from verify.reading.point import Point

BITS = (128, 512, 2048)  # the later ones for logits that are huge and cancel, and for minima that are tiny
SMALL = 2.0**-60  # of F: a ball this small does not show in a double

UNPROVEN_POINT = "F at the point is not finite in ball arithmetic; nothing bounds the minimum from above"
UNPROVEN_DUAL = (
    "the dual point of this certificate is not proven feasible at {bits} bits; the lower bound is what hard facts "
    "give without it, the best losses of free logits or zero"
)


@dataclass(frozen=True)
class Proof:
    """lower ≤ min F ≤ F(point), in balls.

    objective  a ball that contains F at the point
    lower      a ball whose lower end is ≤ min F
    note       what could not be proven; empty where everything could
    sharp      whether everything was, in balls so small that more bits would not show in a double
    """

    objective: Ball
    lower: Ball
    bits: int
    note: str
    sharp: bool

    @property
    def enclosure(self) -> Enclosure:
        """Rounded outward to doubles; 0 ≤ min F whatever else is known."""
        with flint().ctx.workprec(self.bits):
            return Enclosure(max(0.0, below(self.lower)), above(self.objective))

    def closes(self, tolerance: float) -> bool:
        """Whether F − min F ≤ tolerance · F is proven."""
        with flint().ctx.workprec(self.bits):
            return bool(self.objective - self.lower <= tolerance * self.objective)

    def exceeds(self, other: Ball) -> bool:
        """Whether F > other is proven."""
        return bool(self.objective > other)


def prove(
    form: BallForm,
    rounded: Form,
    point: Point,
    residual: Float,
    bits: tuple[int, ...] = BITS,
    *,
    logits: Float | None = None,
) -> Proof:
    """Encloses min F of the form between D at a dual point chosen from the residuals (R, m), and from the logits
    W H̄ if they are given, and F at the point."""
    deviation = best_deviation(rounded, residual, logits)
    for precision in bits:
        proof = _at(form, rounded, point, deviation, precision)
        if proof.sharp:
            break
    return proof


def value(form: BallForm, point: Point, bits: int) -> Ball:
    """F at a point."""
    with flint().ctx.workprec(bits):
        return objective(form, point)


def total(proofs: tuple[Proof, ...]) -> Proof:
    """Problem (4): the sum over its tasks."""
    bits = max(proof.bits for proof in proofs)
    with flint().ctx.workprec(bits):
        F = sum((proof.objective for proof in proofs), flint().arb(0))
        D = sum((proof.lower for proof in proofs), flint().arb(0))
    notes = [f"task {t}: {proof.note}" for t, proof in enumerate(proofs, start=1) if proof.note]
    return Proof(F, D, bits, "; ".join(notes), all(proof.sharp for proof in proofs))


def _at(form: BallForm, rounded: Form, point: Point, deviation: Float, bits: int) -> Proof:
    arb = flint().arb
    with flint().ctx.workprec(bits):
        F = objective(form, point)
        notes = [] if F.is_finite() else [UNPROVEN_POINT]
        lower = dual_value(form, rounded, deviation)
        if lower is None or not lower.is_finite():
            notes.append(UNPROVEN_DUAL.format(bits=bits))
            lower = arb(0)
        sharp = not notes and bool(F.rad() + lower.rad() <= SMALL * F.mid())
        for other in (zero_value(form), arb(0)):
            if other.lower() > lower.lower():
                lower = other
        return Proof(F, lower, bits, "; ".join(notes), sharp)
