"""How searches end."""

from enum import StrEnum


class Ended(StrEnum):
    """Why a search ended, or that it has not ended."""

    SHRUNK = "found and shrunk"
    SHRINKING_SPENT = "found; budget of shrinking spent"
    BUDGET_SPENT = "budget spent"
    EXHAUSTED = "family exhausted"
    TIME_IS_UP = "time is up"
    INTERRUPTED = "interrupted"
    CLAIM_RAISED = "claim raised"
    SEARCHING = "still searching"
    SHRINKING = "still shrinking"
