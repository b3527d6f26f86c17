"""The three answers of a certificate."""

GLOBAL, NOT_OPTIMAL, INCONCLUSIVE = "global minimum", "not optimal", "inconclusive"


def overall(verdicts: set[str]) -> str:
    """The verdict on a sum of separate tasks: global if all are, not optimal if one is not."""
    return next(v for v in (NOT_OPTIMAL, INCONCLUSIVE, GLOBAL) if v in verdicts)
