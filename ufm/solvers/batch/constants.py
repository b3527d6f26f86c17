"""The constants in which the forms of a batch differ, stacked with the problem last."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ufm.problems.standard_form import StandardForm
from ufm.solvers.batch.runs import runs_of
from ufm.solvers.batch.shape import NONE, Shape
from ufm.solvers.objective import SMALLEST


@dataclass(frozen=True)
class Constants:
    """As ``ufm.solvers.objective.Objective``'s of these names.

    y, c_n, E (R, m, B)     unit_W, e, rho (R, B)     unit_H (m, B)     nothing (B,)
    """

    y: Tensor
    c_n: Tensor
    E: Tensor
    unit_W: Tensor
    unit_H: Tensor
    e: Tensor
    rho: Tensor
    nothing: Tensor

    @classmethod
    def of(cls, shape: Shape, forms: Sequence[StandardForm], device: torch.device | str) -> Constants:
        """The constants of the forms, in order."""

        def last(arrays: Sequence[np.ndarray]) -> Tensor:
            """Stacked arrays, the problem last."""
            return torch.as_tensor(np.ascontiguousarray(np.stack(arrays, axis=-1)), dtype=torch.float64, device=device)

        def each(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float64, device=device)

        c = last([form.row_weights() for form in forms])
        n_omega = last([form.multiplicity * form.omega for form in forms])
        y, c_n = last([form.targets for form in forms]), last([form.loss_weights() for form in forms])
        tau = each([form.tau for form in forms])
        e, rho = torch.zeros_like(c), torch.ones_like(c)
        if shape.bias != NONE:
            lambda_b = each([form.lambda_b or 0.0 for form in forms])
            reach = tau * torch.sqrt(c * n_omega.sum(0))
            found = [run.columns.bias_curvature(reach[run.rows]) for run in runs_of(shape, y, c_n)]
            e = 1.0 / torch.sqrt(2.0 * lambda_b * c + torch.cat(found))
            rho = 2.0 * lambda_b * c * e**2
        return cls(
            y=y,
            c_n=c_n,
            E=1.0 / (tau * torch.sqrt(c[:, None] * n_omega)),
            unit_W=torch.sqrt(2.0 * each([form.lambda_W for form in forms]) * c),
            unit_H=torch.sqrt(2.0 * each([form.lambda_H for form in forms]) * n_omega),
            e=e,
            rho=rho,
            nothing=each([max(SMALLEST, form.nothing()) for form in forms]),
        )

    def take(self, index: Tensor) -> Constants:
        """The constants of the problems numbered ``index``."""
        own = {field.name: getattr(self, field.name)[..., index] for field in dataclasses.fields(self)}
        return Constants(**own)
