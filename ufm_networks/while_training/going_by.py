"""The features of a batch that entered the heads during a training step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from ufm_networks.observing.watching import Entering


def features_going_by(
    entering: Entering, tasks: Sequence[str], pool: Callable[[Tensor], Tensor] | None, batch: int
) -> Tensor:
    """The one tensor that entered all heads which ran, pooled to (n, d).

    Raises ValueError naming batch and head where none ran, one ran twice, or they read different features.
    """
    where, elsewhere = f"batch {batch}", "give loader=, for a pass after the epoch instead"
    entering.require_untouched(where)
    if entering.again is not None:
        raise ValueError(f"{where}: head {entering.again!r} ran twice in one training step; {elsewhere}")
    if not entering.seen:
        raise ValueError(f"{where}: no head of {', '.join(tasks)} ran in the training step; {elsewhere}")
    (first, h), *others = entering.seen.items()
    for task, other in others:
        if other.data_ptr() != h.data_ptr() or other.shape != h.shape or other.stride() != h.stride():
            raise ValueError(f"{where}: heads {first!r} and {task!r} read different features; {elsewhere}")
    if h.ndim == 2:
        return h
    if pool is None:
        raise ValueError(
            f"{where}: what enters head {first!r} has shape {tuple(h.shape)}, more than one feature a sample; say "
            'pool="mean", "first", "last" or a function (n, tokens, d) → (n, d)'
        )
    return pool(h)
