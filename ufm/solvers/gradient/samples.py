"""One free feature per sample: the standard form written out over its N samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ufm.losses import LOSSES
from ufm.losses.loss import Loss
from ufm.problems.standard_form import Float, StandardForm
from ufm.solvers.gradient.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Group:
    """Tasks of one class number K and one loss, one below the other: rows first_row … first_row + tasks·K, as
    blocks (tasks, K).

    anchor  (tasks, 1, m)  a class of largest target, against which margins and residuals are taken
    """

    first_row: int
    first_task: int
    tasks: int
    classes: int
    loss: type[Loss]
    anchor: Tensor

    def blocks(self, rows: Tensor) -> Tensor:
        """(R, n) → (tasks, K, n), a view."""
        own = rows.narrow(0, self.first_row, self.tasks * self.classes)
        return own.view(self.tasks, self.classes, rows.shape[1])


@dataclass(frozen=True)
class Samples:
    """Weights and targets of N samples; sample i is of column column[i] of the form. Of many processes each has a
    share of the samples, and all of the rest.

    A column of multiplicity n_l and count[l] samples gives each of them the loss weight w_l = n_l / count[l]: 1 for a
    sum of losses, 1/N for their mean; 0 in a task where it has no label.

    row_order       (R,)    row i here is row row_order[i] of the form: tasks sorted by class number and loss
    task_order      (T,)    the tasks in that order
    groups                  runs of tasks with equal class number and loss
    column          (n,)    ascending, of this process' n samples: all N but for many processes
    target          (R, m)  c^t w_l y_tl
    mass            (T, m)  c^t w_l s_tl, s = 1 but for cross-entropy, tasks in the same order as the rows
    H_penalty       (m,)    λ_H w_l ω_l, the weight of ‖h_i‖²
    W_penalty       (R,)    λ_W c^t
    b_penalty       (R,)    λ_b c^t, 0 where the bias is free
    bias_curvature  (R,)    about what the losses' ∂²/∂b² is at a minimizer
    has_bias                whether there is one; without one b stays 0
    nothing                 an F that counts as 0
    total                   N
    ranks                   the processes that have the N samples together
    """

    row_order: NDArray[np.int64]
    task_order: NDArray[np.int64]
    groups: tuple[Group, ...]
    column: Tensor
    target: Tensor
    mass: Tensor
    H_penalty: Float
    W_penalty: Float
    b_penalty: Float
    bias_curvature: Float
    has_bias: bool
    nothing: float
    total: int
    ranks: Ranks = ALONE

    @property
    def count(self) -> int:
        """n."""
        return len(self.column)

    @property
    def rows(self) -> int:
        """R = Σ K_t."""
        return len(self.row_order)


def expand(
    form: StandardForm,
    counts: NDArray[np.int64],
    device: torch.device,
    dtype: torch.dtype,
    ranks: Ranks = ALONE,
) -> Samples:
    """Writes out the samples of ``form``, counts[l] of column l, this process its share; on ``device`` in ``dtype``."""
    weight = form.multiplicity / counts
    task_order = np.array(sorted(range(len(form.classes)), key=lambda t: (form.classes[t], form.losses[t])))
    row_order = np.concatenate([np.arange(form.offsets[t], form.offsets[t + 1]) for t in task_order])
    row_weights = form.row_weights()[row_order]
    target = form.targets[row_order]  # a copy, weighted in place: with many distinct labels it is as large as the rest
    target *= row_weights[:, None]
    target *= weight
    mass = (form.masses() * form.task_weights[:, None] * weight)[task_order]
    total = int(counts.sum())
    share, ends = ranks.share(total), np.cumsum(counts)
    own = np.maximum(0, np.minimum(ends, share.stop) - np.maximum(ends - counts, share.start))
    column = torch.repeat_interleave(torch.arange(form.columns, dtype=torch.int32), torch.as_tensor(own))
    return Samples(
        row_order=row_order,
        task_order=task_order,
        groups=_groups(form, task_order, device),
        column=column.to(device),
        target=torch.as_tensor(target, device=device, dtype=dtype),
        mass=torch.as_tensor(mass, device=device, dtype=dtype),
        H_penalty=form.lambda_H * weight * form.omega,
        W_penalty=form.lambda_W * row_weights,
        b_penalty=(form.lambda_b or 0.0) * row_weights,
        bias_curvature=_bias_curvature(form)[row_order],
        has_bias=form.lambda_b is not None,
        nothing=form.nothing(),
        total=total,
        ranks=ranks,
    )


def _groups(form: StandardForm, task_order: NDArray[np.int64], device: torch.device) -> tuple[Group, ...]:
    kinds = [(form.classes[t], form.losses[t]) for t in task_order]
    anchors = [form.targets[form.offsets[t] : form.offsets[t + 1]].argmax(axis=0) for t in task_order]
    groups = []
    row = 0
    for kind in dict.fromkeys(kinds):
        tasks = [i for i, other in enumerate(kinds) if other == kind]
        anchor = torch.as_tensor(np.stack([anchors[t] for t in tasks]), device=device).unsqueeze(1)
        k, loss = kind
        groups.append(Group(row, tasks[0], len(tasks), k, LOSSES[loss], anchor))
        row += len(tasks) * k
    return tuple(groups)


def _bias_curvature(form: StandardForm) -> Float:
    """(R,) by the losses. A class that no target names may have none; where no λ_b is beside it, its task's largest."""
    tasks = zip(form.losses, form.blocks(), form.task_loss_weights(), strict=True)
    curvature = [LOSSES[loss].bias_curvature(form.targets[rows], w, form.omega, form.tau) for loss, rows, w in tasks]
    if form.lambda_b == 0.0:
        curvature = [np.where(block > 0.0, block, block.max()) for block in curvature]
    return np.concatenate(curvature)
