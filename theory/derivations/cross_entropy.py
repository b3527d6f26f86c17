"""Cross-entropy and softmax of logits that take few values, with K a symbol."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy as sp


@dataclass(frozen=True)
class Entry:
    """``number`` classes that share a logit and a target."""

    logit: Any
    target: Any
    number: Any = 1


def cross_entropy(entries: Sequence[Entry]) -> Any:
    """s lse(u) − ⟨y, u⟩ with s = Σ y; the first entry's logit, which changes nothing, is taken out."""
    first = entries[0].logit
    mass = sp.simplify(sum(entry.number * entry.target for entry in entries))
    lse = sp.log(sum(entry.number * sp.exp(sp.expand(entry.logit - first)) for entry in entries))
    return mass * lse - sum(sp.factor(e.number * e.target * sp.expand(e.logit - first)) for e in entries)


def as_written(entries: Sequence[Entry]) -> Any:
    """s lse(u) − ⟨y, u⟩ with nothing taken out."""
    mass = sp.simplify(sum(entry.number * entry.target for entry in entries))
    lse = sp.log(sum(entry.number * sp.exp(entry.logit) for entry in entries))
    return mass * lse - sum(entry.number * entry.target * entry.logit for entry in entries)


def softmax(entries: Sequence[Entry]) -> list[Any]:
    """One probability per entry, that of each of its classes."""
    first = entries[0].logit
    powers = [sp.exp(sp.expand(entry.logit - first)) for entry in entries]
    total = sum(entry.number * power for entry, power in zip(entries, powers, strict=True))
    return [sp.simplify(power / total) for power in powers]
