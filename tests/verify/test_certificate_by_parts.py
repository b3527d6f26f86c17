"""Certified part by part, a form has the numbers that it has as a whole: F, its rounding, and each dual point."""

import family
import numpy as np
import pytest

from verify.certification import dual
from verify.certification.by_parts import bounds
from verify.certification.by_parts import parts as parts_
from verify.certification.by_parts.dual_value import dual_point, zero_point
from verify.certification.dual_value import dual_point as whole_dual_point
from verify.certification.objective import evaluate
from verify.reading.read import read


def drawn(seed, bias):
    rng = np.random.default_rng(seed)
    problem = family.problem_at_random(rng, bias=bias)
    kind = ("zero", "tiny", "one task", "ordinary", "bias", "ordinary")[seed % 6]
    return problem, family.point_at_random(problem, kind, rng, None), rng


def in_parts(columns, point, width):
    found = parts_.Parts(columns, point)
    found.width = width
    return found


@pytest.mark.parametrize("bias", ["penalized", "none", "free"])
@pytest.mark.parametrize("seed", range(60))
def test_parts_have_the_numbers_of_the_whole(seed, bias):
    problem, given, rng = drawn(seed, bias)
    at = read(problem, given)
    for columns, form, point in zip(at.columns, at.forms, at.points, strict=True):
        whole = evaluate(form, point)
        balanced = dual._balanced(form, whole.residual)
        plain = whole_dual_point(form, whole.residual)
        parts = in_parts(columns, point, int(rng.integers(1, 6)))
        found = bounds.evaluate(parts)
        near = {"rel": 1e-12, "abs": 1e-300}
        assert found.objective == pytest.approx(whole.objective, **near)
        assert found.rounding == pytest.approx(whole.rounding, rel=1e-12 + 0.1)
        size = whole.objective + abs(plain.value)
        assert found.plain.value == pytest.approx(plain.value, rel=1e-12, abs=1e-12 * size)
        assert found.plain.sigma == pytest.approx(plain.sigma, **near)
        assert zero_point(parts) == pytest.approx(dual.label_bound(form), rel=1e-12, abs=1e-12 * size)
        apart = size * 1e-12 * max(1.0, plain.sigma / form.tau) ** 2  # of singular values from squares
        task = dual_point(parts, bounds.per_task_deviation(parts, found.plain))
        assert task.value == pytest.approx(dual.per_task_bound(form, balanced), abs=apart)
        polar = dual_point(parts, bounds.polar_deviation(parts, found.plain))
        assert polar.value == pytest.approx(dual.polar_bound(form, balanced), abs=apart)
