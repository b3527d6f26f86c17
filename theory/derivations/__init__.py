"""The theorems derived with sympy, from the objective and an ansatz to the closed form.

    derive("5.1")   Derivation: .statement .steps .results .numeric(name) .check() .latex() .document() .plain()
    NAMES           what can be derived

The derivations do not import the numeric closed forms of ``theory``, so that agreement of the two is evidence. Needs
the extra ``symbolic``.
"""

try:
    import sympy  # noqa: F401
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "theory.derivations needs sympy: pip install 'ufm-toolkit[symbolic]'", name="sympy"
    ) from error

from theory.derivations.catalogue import NAMES, derive
from theory.derivations.derivation import Derivation, Statement
from theory.derivations.step import Step

__all__ = ["NAMES", "Derivation", "Statement", "Step", "derive"]
