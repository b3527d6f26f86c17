"""The entropy in the dual bound never exceeds that of the doubles given, not even where a label has lost its class."""

import mpmath as mp
import numpy as np
import pytest

from ufm import SingleSource
from verify.certification.dual_value import _gain
from verify.reading.form import forms


def exact_entropy(form, q):
    """Σ_t c^t Σ_l a_l entropy(q_tl), hard labels: what the classes other than the label's own leave is its own."""
    total = mp.mpf(0)
    for c, rows, tops in zip(form.task_weights, form.blocks, form.tops, strict=True):
        for column, (a, top) in enumerate(zip(form.loss_weight, tops, strict=True)):
            others = [mp.mpf(q[row, column]) for row in range(rows.start, rows.stop) if row != top]
            own = 1 - mp.fsum(others)
            assert own >= 0
            total -= mp.mpf(c) * mp.mpf(a) * mp.fsum(p * mp.log(p) for p in (own, *others) if p > 0)
    return total


@pytest.mark.parametrize("K", [2, 3, 4, 9])
@pytest.mark.parametrize("lost", [0.0, 0.49, 0.99])
def test_mass_that_rounding_loses_is_not_entropy(K, lost):
    """Terms of less than half the last place of 1 − 2^{-j} are lost beside it, and log 2^{-j} is large."""
    (form,) = forms(SingleSource([1] * K, lambda_H=0.1, lambda_W=0.1, lambda_b=0.1))
    for j in range(1, 37):
        q = np.full((K, K), lost * 2.0**-54)
        for label in range(K):
            q[(label + 1) % K, label] = 1.0 - 2.0**-j
            q[label, label] = np.nan  # not read
        with mp.workdps(60):
            exact = exact_entropy(form, q)
            found = _gain(form, q.copy(), None)
            assert found <= exact, j
            assert found >= exact - mp.mpf(10) ** -12 * K, j


@pytest.mark.parametrize("seed", range(3))
def test_entropy_of_any_distributions(seed):
    rng = np.random.default_rng(seed)
    (form,) = forms(SingleSource.balanced((3, 7), 2, task_weights=(1.0, 1e3), lambda_H=0.1, lambda_W=0.1, lambda_b=0.1))
    for concentration in (1e-3, 0.1, 1.0, 100.0):
        q = np.concatenate([rng.dirichlet([concentration] * len(range(*r.indices(10))), 21).T for r in form.blocks])
        q *= 1.0 - 2.0**-36
        with mp.workdps(60):
            exact = exact_entropy(form, q)
            found = _gain(form, q.copy(), None)
            assert exact * (1 - mp.mpf(10) ** -11) - mp.mpf(10) ** -7 <= found <= exact
