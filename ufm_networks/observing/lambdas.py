"""The λ's in effect for an observed model, and their source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ufm.problems.problem_settings import Lambdas
from ufm.support import display, validation
from ufm_networks.training.decay import weight_decay_lambdas
from verify.reading.form import Float


@dataclass(frozen=True)
class InEffect(display.Summarized):
    """λ's that stand beside the SUM of losses (reduction="sum"); ``source`` says how they were found."""

    lambda_H: float
    lambda_W: float
    lambda_b: float | None
    source: str

    def settings(self) -> Lambdas:
        """Keyword arguments for the constructors of problems."""
        return Lambdas(lambda_H=self.lambda_H, lambda_W=self.lambda_W, lambda_b=self.lambda_b)

    def _summary(self) -> display.Summary:
        values = f"{self.lambda_H:.6g}, {self.lambda_W:.6g}, {display.bias_penalty(self.lambda_b)}"
        return display.Summary("λ's in effect", [("λ_H, λ_W, λ_b", values), ("from", self.source)])


def in_effect(
    weight_decay: Any, lambdas: Any, N: int, W: Sequence[Float], squared_H: float, has_bias: bool
) -> InEffect:
    """λ_W = λ_b = N wd / 2, or as given; λ_H = λ_W Σ‖W^t‖² / Σ‖h‖², or as given.

    weight_decay  wd > 0 of an optimizer that adds ½ wd ‖θ‖² to the mean loss, as torch.optim.SGD does
    lambdas       instead of it (λ_H, λ_W, λ_b); λ_H None is the one in effect, λ_b 0 a free bias, None no bias
    Raises TypeError or ValueError naming the field.
    """
    if (weight_decay is None) == (lambdas is None):
        raise TypeError(
            "give weight_decay= (of the optimizer, such as 5e-4) or lambdas=(λ_H, λ_W, λ_b), "
            + ("one of the two" if lambdas is None else "not both")
        )
    if lambdas is None:
        found = weight_decay_lambdas(validation.positive("weight_decay", weight_decay, usual=5e-4), N)
        lambda_W, lambda_b = found.lambda_W, found.lambda_b if has_bias else None
        own = f"λ_W = {'λ_b = ' if has_bias else ''}N wd / 2 with N = {N:,}, wd = {weight_decay:g}"
        return InEffect(_stationary(lambda_W, W, squared_H), lambda_W, lambda_b, f"{own}; {STATIONARY}")
    if not isinstance(lambdas, Sequence) or isinstance(lambdas, str) or len(lambdas) != 3:
        raise TypeError(f"lambdas must be (λ_H, λ_W, λ_b), got {lambdas!r}; λ_b is 0 for a free bias, None for no bias")
    lambda_W = validation.positive("lambdas[1] (λ_W)", lambdas[1])
    lambda_b = validation.bias_penalty("lambdas[2] (λ_b)", lambdas[2])
    if lambdas[0] is None:
        return InEffect(_stationary(lambda_W, W, squared_H), lambda_W, lambda_b, f"λ_W and λ_b as given; {STATIONARY}")
    return InEffect(validation.positive("lambdas[0] (λ_H)", lambdas[0]), lambda_W, lambda_b, "as given")


STATIONARY = "λ_H = λ_W ‖W‖² / ‖H‖², which every stationary point of the model has"


def _stationary(lambda_W: float, W: Sequence[Float], squared_H: float) -> float:
    squared_W = float(sum(np.sum(w**2) for w in W))
    if squared_W == 0 or squared_H == 0:
        raise ValueError("heads or features are zero, so that no λ_H = λ_W ‖W‖² / ‖H‖² is in effect; give lambdas=")
    return lambda_W * squared_W / squared_H
