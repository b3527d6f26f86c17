"""What a run will hold in memory, refused in words before anything is allocated."""

from __future__ import annotations

import torch

from ufm.memory import available_memory
from ufm.solvers.gradient.lbfgs import PAIRS
from ufm.solvers.gradient.objective import chunk_rows
from ufm.solvers.gradient.settings import DTYPES, Settings
from ufm.standard_form import StandardForm

CHUNKS = 12  # chunk-sized temporaries alive at once
COPIES = {"momentum": 3, "adam": 3, "lbfgs": 3 + 2 * PAIRS}  # vectors as long as the point, the point included


def needed_bytes(form: StandardForm, samples: int, settings: Settings, copies_for_metrics: int = 0) -> int:
    """An upper estimate of what ``minimize`` allocates; a caller's own metrics are given a copy of the point."""
    rows, dim = form.rows, settings.dim
    size = torch.empty((), dtype=settings.dtype).element_size()
    copies = 2 if settings.optimizer == "momentum" and not settings.line_search else COPIES[settings.optimizer]
    vectors = (copies + copies_for_metrics) * (samples * dim + rows * dim + rows)
    margins = 3 * samples * rows if settings.line_search else 0
    chunk = CHUNKS * chunk_rows(samples, rows, dim, size, settings.device) * (dim + rows)
    tables = form.columns * (rows + len(form.classes)) * (size + 8)
    label_means = form.columns * dim * 8 * 3
    return size * (vectors + margins + chunk) + tables + label_means + 12 * samples


def require_memory(form: StandardForm, samples: int, settings: Settings, copies_for_metrics: int = 0) -> None:
    """MemoryError naming N, d, dtype, the need and what there is."""
    needed = needed_bytes(form, samples, settings, copies_for_metrics)
    available = available_memory(settings.device)
    if needed <= available:
        return
    lighter = "; optimizer='momentum' needs less" if settings.optimizer == "lbfgs" else ""
    raise MemoryError(
        f"method='gradient' with N = {samples:,} free features of dimension d = {settings.dim:,} in "
        f"{DTYPES[settings.dtype]} (optimizer={settings.optimizer!r}) needs about {needed / 2**30:.3g} GiB on "
        f"{settings.device}, {available / 2**30:.3g} GiB are available; use a smaller dim (R − T = "
        f"{form.sufficient_dim} suffices), fewer samples, or method='newton', whose size does not depend on N{lighter}"
    )
