import math

import pytest
import torch
from gradient_problems import odd_form

from ufm.solvers.gradient import line as line_module
from ufm.solvers.gradient import objective as objective_module
from ufm.solvers.gradient.line import Line
from ufm.solvers.gradient.line_search import SLOPE_RATIO, search
from ufm.solvers.gradient.objective import Objective
from ufm.solvers.gradient.point import Point, dot
from ufm.solvers.gradient.samples import expand
from ufm.solvers.gradient.start import random_start
from ufm.solvers.gradient.units import balanced_units


def aimed(classes, seed=0, random=True, dtype=torch.float64):
    form, counts = odd_form(seed, classes)
    samples = expand(form, counts, torch.device("cpu"), dtype)
    objective = Objective(samples, balanced_units(samples), 4)
    point = random_start(objective, seed)
    gradient, direction = point.like(), point.like()
    line = Line(objective, torch.empty(samples.rows, samples.count, dtype=dtype))
    measured = objective.evaluate(point, gradient, line.margins)
    if random:
        direction.vector.normal_(generator=torch.Generator().manual_seed(seed))
    else:
        direction.vector.sub_(gradient.vector)
    line.aim(point, direction)
    return objective, point, direction, line, measured, dot(gradient.vector, direction.vector)


@pytest.mark.parametrize("chunk_bytes", [300, 1 << 21])
@pytest.mark.parametrize("classes", [(2,), (4, 4), (3, 2, 5, 3), (2,) * 12])
def test_polynomial_equals_direct_evaluation(classes, chunk_bytes, monkeypatch):
    monkeypatch.setattr(objective_module, "CPU_CHUNK", chunk_bytes)
    monkeypatch.setattr(line_module, "TRIAL", chunk_bytes)
    objective, point, direction, line, _, start_slope = aimed(classes)
    assert line.slope(0.0)[0] == pytest.approx(start_slope, rel=1e-11)
    for t in (0.0, 0.3, -1.7, 4.0):
        moved = Point(point.vector + t * direction.vector, *point.shape)
        gradient = point.like()
        measured = objective.evaluate(moved, gradient)
        assert line.value(t) == pytest.approx(measured.value, rel=1e-12)
        slope, curvature = line.slope(t)
        assert slope == pytest.approx(dot(gradient.vector, direction.vector), rel=1e-10)
        difference = (line.slope(t + 1e-5)[0] - line.slope(t - 1e-5)[0]) / 2e-5
        assert curvature == pytest.approx(difference, rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("guess", [None, 1e-6, 1.0, 1e6])
@pytest.mark.parametrize("seed", range(4))
def test_search_finds_a_minimizer_below_the_start(seed, guess, dtype):
    _, _, _, line, measured, slope = aimed((3, 2, 5, 3), seed, random=False, dtype=dtype)
    t = search(line, measured.value, slope, guess)
    assert t is not None
    assert t > 0
    assert abs(line.slope(t)[0]) <= SLOPE_RATIO * abs(slope)
    assert line.value(t) < measured.value


class Barrier:
    """φ(t) = 5 t² (t − 3)² − t, raised by 2 t² beyond 1: a dip near 0, a barrier, and a dip above φ(0) behind it."""

    margins = torch.zeros(1, dtype=torch.float64)

    def value(self, t):
        return 5 * t**2 * (t - 3) ** 2 - t + 2.0 * t**2 * (t > 1)

    def slope(self, t):
        first = 10 * t * (t - 3) ** 2 + 10 * t**2 * (t - 3) - 1 + 4.0 * t * (t > 1)
        second = 10 * (t - 3) ** 2 + 40 * t * (t - 3) + 10 * t**2 + 4.0 * (t > 1)
        return first, second


@pytest.mark.parametrize("guess", [2.5, 2.9, 3.3])
def test_search_looks_before_a_barrier(guess):
    line = Barrier()
    t = search(line, line.value(0.0), line.slope(0.0)[0], guess)
    assert t is not None
    assert 0 < t < 1
    assert line.value(t) < 0


def test_search_gives_up_where_rounding_decides():
    class Noise(Barrier):
        def slope(self, t):
            return -1e-3 if math.sin(1e6 * t) < 0 else 1e-3, 1.0

    assert search(Noise(), 0.0, -1e-3) is None
