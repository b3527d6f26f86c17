"""How many examples a property is tried with: a third by default, all with the variable THOROUGH set."""

import os


def examples(number: int) -> int:
    return number if "THOROUGH" in os.environ else number // 3
