"""The memory a run needs, estimated and refused before anything is allocated."""

from __future__ import annotations

import torch

from ufm.problems.standard_form import StandardForm
from ufm.solvers.gradient.lbfgs import PAIRS
from ufm.solvers.gradient.objective import chunk_rows
from ufm.solvers.gradient.ranks import ALONE, Ranks
from ufm.solvers.gradient.settings import DTYPES, Settings
from ufm.support import memory

COPIES = {"momentum": 3, "adam": 3, "lbfgs": 3 + 2 * PAIRS}  # vectors as long as the point, the point included
# Numbers per sample of a chunk, most of them while F is evaluated: of the last chunk logits, residual and margins, of
# this one logits, targets, softmax, residual, and what a float64 sum converts; features squared, weighted, converted.
PER_ROW, PER_DIMENSION, PER_TASK = 8, 6, 10


def needed_bytes(form: StandardForm, samples: int, settings: Settings) -> int:
    """An upper estimate of what ``minimize`` allocates; ``metrics`` are given a copy of the point and labels."""
    size = torch.empty((), dtype=settings.dtype).element_size()
    rows, dim = form.rows, settings.dim
    point = samples * dim + rows * dim + rows
    copies = 2 if settings.optimizer == "momentum" and not settings.line_search else COPIES[settings.optimizer]
    margins = 3 * samples * rows if settings.line_search else 0
    shown = 0 if settings.metrics is None else size * point + 8 * samples * len(form.classes)
    run = shown + size * (copies * point + margins) + _chunk_bytes(form, samples, settings)
    run += _table_bytes(form, size) + 16 * samples  # the samples' columns: twice in int32, once in int64
    # the solution has a label tuple, a count and a column number, int64 all, for every sample
    return max(run, size * point + 8 * samples * (len(form.classes) + 2))


def _chunk_bytes(form: StandardForm, samples: int, settings: Settings) -> int:
    """Bytes of one chunk; F is evaluated in float64 at the end."""
    n = chunk_rows(samples, form.rows, settings.dim, 8, settings.device)
    return 8 * n * (PER_ROW * form.rows + PER_DIMENSION * settings.dim + PER_TASK * len(form.classes))


def _table_bytes(form: StandardForm, size: int) -> int:
    """What has an entry per distinct label: hardly anything for balanced counts, but with many tasks every sample may
    have a label of its own.

    Per row: targets of the run and of the last evaluation. Per task: masses and anchors, of the
    run, of the last evaluation, and while they are made. Per class of the largest task: what one task's block is made
    of.
    """
    tasks, largest = len(form.classes), max(form.classes)
    return form.columns * (form.rows * (size + 8) + tasks * (size + 48) + 32 * largest + 64)


def share_bytes(form: StandardForm, samples: int, settings: Settings, ranks: Ranks) -> int:
    """What this process of ``ranks`` allocates: for its samples, for a checkpoint of them, which is copied on the way,
    and in the first one for the H that is gathered.
    """
    share = ranks.share(samples)
    needed = needed_bytes(form, share.stop - share.start, settings)
    size = torch.empty((), dtype=settings.dtype).element_size()
    if settings.distributed and settings.checkpoint is not None:
        needed += size * (share.stop - share.start) * settings.dim
    if settings.distributed is True and ranks.first:
        needed += samples * (size * settings.dim + 8 * (len(form.classes) + 2))
    return needed


def require_memory(form: StandardForm, samples: int, settings: Settings, ranks: Ranks = ALONE) -> None:
    """Raises MemoryError naming N, d, dtype, need and available memory, of all processes on a device."""
    lighter = "; optimizer='momentum' needs less" if settings.optimizer == "lbfgs" else ""
    memory.require_memory(
        ranks.on_one_device(str(settings.device), share_bytes(form, samples, settings, ranks)),
        settings.device,
        f"method='gradient' with N = {samples:,} free features of dimension d = {settings.dim:,} in "
        f"{DTYPES[settings.dtype]} (optimizer={settings.optimizer!r})",
        f"use a smaller dim ({form.sufficient_dim} suffices), fewer samples, or method='newton', whose size does not "
        f"depend on N{lighter}",
    )
