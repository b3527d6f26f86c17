"""The bound on the geometry from the gap holds at points that are nearly optimal, and is not idle."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import ufm
import verify
from verify.falsification.resolution import gram, gram_error, resolution
from verify.reading.read import read

SHARED = {"lambda_H": 0.1, "lambda_W": 0.03, "lambda_b": 0.2}
PROBLEMS: dict[str, Any] = {
    "balanced": ufm.SingleSource.balanced((3, 2), 4, **SHARED, task_weights=(2, 1)),
    "arbitrary": ufm.SingleSource([[5, 1, 0], [2, 2, 3]], **SHARED),
    "mean": ufm.SingleSource([[5, 1], [2, 2]], lambda_H=0.01, lambda_W=0.01, lambda_b=0.01, reduction="mean"),
    "smoothed": ufm.SingleSource([[5, 1], [2, 2]], **SHARED, label_smoothing=0.2),
    "multi source": ufm.MultiSource([[5, 1, 3], [2, 2]], **SHARED, task_weights=(1, 3)),
    "multi label": ufm.MultiLabel({(0,): 3, (1,): 2, (0, 2): 4, (2,): 1}, classes=3, **SHARED),
}


@pytest.mark.parametrize("name", list(PROBLEMS))
@pytest.mark.parametrize("noise", [1e-3, 1e-5, 1e-7])
def test_bound_holds_at_perturbed_points(name: str, noise: float) -> None:
    problem = PROBLEMS[name]
    exact = ufm.solve(problem)
    random = np.random.default_rng(1)

    def nudge(tensor: Any) -> Any:
        return np.asarray(tensor) + noise * random.standard_normal(tensor.shape)

    features = [nudge(h) for h in exact.H] if isinstance(exact.H, list) else nudge(exact.H)
    near = SimpleNamespace(
        W=[nudge(w) for w in exact.W], b=[nudge(b) for b in exact.b], H=features, labels=exact.labels
    )
    certificate = verify.certify(problem, near)
    for there, here, own in zip(
        read(problem, exact).samples, read(problem, near).samples, certificate.tasks or (certificate,), strict=True
    ):
        bound = gram_error(here, own.gap)
        error = float(np.linalg.norm(gram(here) - gram(there)))
        assert error <= bound
        if noise < 1e-4:
            assert bound < 3e5 * max(noise, 1e-8)  # of order √gap: not idle


def test_a_tight_solution_is_pinned_and_a_loose_one_is_not() -> None:
    problem = PROBLEMS["balanced"]
    tight = ufm.solve(problem)
    loose = ufm.solve(problem, steps=7)
    assert resolution(read(problem, tight), verify.certify(problem, tight)) < 1e-4
    assert resolution(read(problem, loose), verify.certify(problem, loose)) > 1e-3


def test_at_zero_the_bound_is_in_units_of_the_objective() -> None:
    problem = ufm.SingleSource.balanced((3, 3), 1, lambda_H=4.0, lambda_W=4.0, lambda_b=1.0)
    solution = ufm.solve(problem)
    assert resolution(read(problem, solution), verify.certify(problem, solution)) < 1e-4
