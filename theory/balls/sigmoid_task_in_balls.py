"""One balanced task of K sigmoids in balls: what its probabilities, one number x, say of mean, margin and loss."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from theory.balls.exact_reading import ExactPart, ball
from theory.balls.library import flint


@dataclass(frozen=True)
class Task:
    """K, c N, c, ε and e as balls; m(x) and m′(x)."""

    classes: int
    weight: Any
    c: Any
    smoothing: Any
    wrong: Any
    collapsed: bool

    def misses(self, x: Any) -> tuple[Any, Any]:
        """p_off and 1 − p_on."""
        K = self.classes
        return (self.wrong + x) / K, ((K - 1) * self.wrong - x) / K

    def mean(self, x: Any) -> Any:
        """m(x)."""
        off, missed = self.misses(x)
        K = self.classes
        at_label, elsewhere = ((1 - missed) / missed).log(), (off / (1 - off)).log()
        return (at_label + (K - 1) * elsewhere) / K if K > 2 else flint().arb(0)

    def slope(self, x: Any) -> Any:
        """m′(x)."""
        off, missed = self.misses(x)
        K = self.classes
        return (1 / ((1 - missed) * missed) + (K - 1) / (off * (1 - off))) / K**2

    def margin(self, x: Any) -> Any:
        """a."""
        off, missed = self.misses(x)
        return flint().arb(0) if self.collapsed else ((1 - missed) * (1 - off) / (missed * off)).log()

    def dual(self, x: Any) -> Any:
        """c N [ H(p_on) + (K−1) H(p_off) ]."""
        off, missed = self.misses(x)
        return self.weight * (entropy(missed, 1 - missed) + (self.classes - 1) * entropy(off, 1 - off))

    def loss(self, a: Any, m: Any) -> Any:
        """c N [ ℓ(on) + (K−1) ℓ(off) ]."""
        K = self.classes
        on, off = m + a * (K - 1) / K, m - a / K
        other = self.smoothing / K
        at_label, elsewhere = _softplus(-on) + (K - 1) * other * on, _softplus(off) - other * off
        return self.weight * (at_label + (K - 1) * elsewhere)


def task_of(part: ExactPart, K: int, c: Fraction) -> Task:
    """From the rationals, which decide whether a is zero."""
    square = 4 * part.product * K / (c * part.samples)
    collapsed = square >= (1 - part.smoothing) ** 2
    wrong = flint().arb(1) if collapsed else ball(part.smoothing) + ball(square).sqrt()
    return Task(K, ball(c * part.samples), ball(c), ball(part.smoothing), wrong, collapsed)


def entropy(p: Any, rest: Any) -> Any:
    """H(p), rest = 1 − p."""
    return -p * p.log() - rest * (-p).log1p()


def _softplus(u: Any) -> Any:
    """log(1 + e^u)."""
    return u.exp().log1p() if u < 0 else u + (-u).exp().log1p()
