"""From standard forms of one shape to their minimizers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ufm.problems.standard_form import StandardForm
from ufm.solvers.batch.judge import judge
from ufm.solvers.batch.objective import BatchObjective
from ufm.solvers.batch.shape import Shape
from ufm.solvers.batch.start import start
from ufm.solvers.batch.trust_region import ENDED, FAILED, LEFT, Batch

LANES = 32  # a batch is a multiple of as many problems, so that vectors have no ends that are computed otherwise
STEP_EVERY, LEAVE_EVERY = 6, 12  # products
KEPT = 0.8  # of a batch: when fewer are left, it is made smaller


@dataclass(frozen=True)
class Reached:
    """The result of a batch for each of its problems, on the CPU, in the forms' order.

    W (B, R, d), H (B, d, m), b (B, R); value, residual (B,); solved (B,) is false where the problem is handed back, and
    nothing else of it counts
    """

    W: Tensor
    H: Tensor
    b: Tensor
    value: Tensor
    residual: Tensor
    solved: Tensor
    histories: list[dict[str, list[float]]]


@torch.inference_mode()
def solve_batch(
    shape: Shape,
    forms: Sequence[StandardForm],
    *,
    tolerance: float,
    seed: int,
    device: torch.device | str,
    stopped: Callable[[], bool] = lambda: False,
) -> Reached:
    """Minimizes each form's F, from the start and to the conditions of ``solve_newton``; ends early, solving no more,
    once ``stopped``.
    """
    padded = [*forms, *[forms[0]] * (-len(forms) % LANES)]
    whole = BatchObjective.of(shape, padded, device)
    batch = Batch.begun(whole, start(whole, seed), tolerance)
    kept = Kept(whole, len(forms))
    nobody = len(forms)  # the number of problems that are there for their number only
    ids = torch.arange(len(padded), device=device).clamp_max(nobody)
    batch.progress.does[len(forms) :] = LEFT
    products = 0
    while True:
        batch.product()
        products += 1
        if products % STEP_EVERY == 0:
            kept.record(ids, batch, batch.step())
        if products % LEAVE_EVERY == 0:
            judge(batch, tolerance)
            leaving = (batch.progress.does == ENDED) | (batch.progress.does == FAILED)
            kept.keep(ids, batch, leaving)
            batch.progress.does = torch.where(leaving, LEFT, batch.progress.does)
            staying = (batch.progress.does != LEFT).nonzero()[:, 0]
            if len(staying) == 0 or stopped():
                return kept.reached()
            size = len(staying) + -len(staying) % LANES
            if size <= KEPT * len(ids):
                index = torch.cat([staying, staying[:1].expand(size - len(staying))])
                batch, ids = batch.take(index), ids[index]
                batch.progress.does[len(staying) :] = LEFT
                ids[len(staying) :] = nobody


class Kept:
    """The result and history of each problem; the last place belongs to none."""

    def __init__(self, whole: BatchObjective, problems: int) -> None:
        self.whole, self.problems = whole, problems
        nothing = whole.constants.nothing
        self.x = nothing.new_zeros((whole.shape.variables, problems + 1))
        self.value, self.residual = nothing.new_zeros(problems + 1), nothing.new_zeros(problems + 1)
        self.solved = torch.zeros_like(self.value, dtype=torch.bool)
        self.rows: list[Tensor] = []

    def record(self, ids: Tensor, batch: Batch, stepped: Tensor) -> None:
        """A row of the histories of the problems that took a step."""
        state = batch.state
        row = self.value.new_full((4, self.problems + 1), torch.nan)
        own = torch.stack([state.value, state.gradient_norm, batch.progress.radius, batch.spent])
        row[:, ids] = torch.where(stepped, own, torch.nan)
        self.rows.append(row)

    def keep(self, ids: Tensor, batch: Batch, leaving: Tensor) -> None:
        """The points of problems that leave."""
        index = leaving.nonzero()[:, 0]
        places = ids[index]
        self.x[:, places] = batch.state.x[:, index]
        self.value[places], self.residual[places] = batch.state.value[index], batch.state.residual[index]
        self.solved[places] = batch.progress.does[index] == ENDED

    def reached(self) -> Reached:
        """All of it, in the problems' own units."""
        n, constants = self.problems, self.whole.constants
        W_hat, H_hat, b_hat = (part.cpu() for part in self.whole.split(self.x[:, :n].contiguous()))
        W = W_hat / constants.unit_W[:, None, :n].cpu()
        H = H_hat / constants.unit_H[None, :, :n].cpu()
        b = b_hat * constants.e[:, :n].cpu()
        rows = torch.stack(self.rows)[:, :, :n].cpu().numpy() if self.rows else np.empty((0, 4, n))
        W, H, b = W.permute(2, 0, 1).contiguous(), H.permute(2, 0, 1).contiguous(), b.T.contiguous()
        return Reached(W, H, b, self.value[:n].cpu(), self.residual[:n].cpu(), self.solved[:n].cpu(), _histories(rows))


def _histories(rows: np.ndarray) -> list[dict[str, list[float]]]:
    """Lists by name for each problem of rows (steps, 4, problems), NaN where a problem took no step."""
    histories = []
    for own in np.ascontiguousarray(rows.transpose(2, 1, 0)):
        loss, gradient_norm, radius, products = own[:, ~np.isnan(own[3])].tolist()
        histories.append(
            {"loss": loss, "gradient_norm": gradient_norm, "radius": radius, "cg_steps": [int(k) for k in products]}
        )
    return histories
