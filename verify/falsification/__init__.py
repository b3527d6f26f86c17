"""Searching a family of problems for one whose certified global minimum violates a claim."""

from verify.falsification._replay import Replay, replay
from verify.falsification.finding import Finding
from verify.falsification.search import falsify
from verify.falsification.trials import ClaimError

__all__ = ["ClaimError", "Finding", "Replay", "falsify", "replay"]
