"""Which heads count as zero: those past every threshold, and none below it however small λ is."""

import pytest

import ufm
from verify.claims.regime import live_rows
from verify.reading.read import read


@pytest.mark.parametrize(("lam", "alive"), [(1e-12, True), (1e-9, True), (1e-3, True), (0.5, True), (4.0, False)])
@pytest.mark.parametrize("counts", [[10, 10, 10], [9, 3, 1]])
def test_heads_are_zero_past_the_threshold_alone(counts: list[int], lam: float, alive: bool) -> None:
    problem = ufm.SingleSource(counts, lambda_H=lam, lambda_W=lam, lambda_b=lam)
    (part,) = read(problem, ufm.solve(problem)).samples
    assert live_rows(part).tolist() == [alive] * 3
