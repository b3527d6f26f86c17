"""Whether features of label sets are sums of their heads, scaled alike for all sets of a size."""

from __future__ import annotations

import numpy as np

from verify._metrics.property import Property
from verify.reading.form import Float
from verify.reading.samples import Samples


def _deviations(samples: Samples, sums: Float) -> Float:
    """(m,) ‖h_S − C_m s_S‖ / ‖h_S‖, s_S (d, m) its sums of heads, C_m the mean fit over sets of size m."""
    means, sizes = samples.means, samples.form.labels.sum(axis=1)
    scale = np.einsum("ij,ij->j", means, sums) / np.einsum("ij,ij->j", sums, sums)
    for m in np.unique(sizes):
        scale[sizes == m] = scale[sizes == m].mean()
    return np.asarray(np.linalg.norm(means - scale * sums, axis=0) / np.linalg.norm(means, axis=0))


TAG_WISE_SUM = Property(
    name="features of label sets are scaled sums of their heads",
    statement="h_S = C_m Σ_{k∈S} w_k with one C_m for all label sets S of size m",
    source="Li et al. 2024, Theorem 1 (multi-label)",
    codes=("NC_m",),
    deviations=_deviations,
)
