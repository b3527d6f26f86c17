"""The enclosed minimum of squared error against the closed form in doubles, in fifty digits, and worked numbers."""

from __future__ import annotations

import numpy as np
import pytest
from squared_error_program import programs
from strangers import fields
from test_squared_error import FREE_OR_NONE, PENALIZED, balanced, named, settings, unbalanced

import theory
from ufm import MultiSource, Regression, SingleSource


def enclosed(problem):
    found = theory.objective_in_balls(problem)
    assert found.law == "squared error"
    assert found.upper - found.lower <= 1e-12 * found.upper
    return found


@pytest.mark.parametrize(("name", "lambda_b"), FREE_OR_NONE)
def test_the_enclosure_holds_the_minimum_in_fifty_digits(name, lambda_b):
    problem = named(name, lambda_b)
    found = enclosed(problem)
    exact = sum(program.minimum_in_digits() for program in programs(problem))
    rough = 1e-8 if name == "far targets" else 1e-14  # of λ's, targets and smoothing in doubles there
    assert abs(exact - found.lower) <= rough * exact
    assert theory.predict(problem).objective == pytest.approx(found.lower, rel=rough)
    for wrong in (1 + 1e-10, 1 - 1e-10):
        assert not found.meets(found.lower * wrong, found.upper * wrong)


@pytest.mark.parametrize(("name", "lambda_b"), [row for row in PENALIZED if row[0] != "centred targets"])
def test_penalized_biases(name, lambda_b):
    problem = named(name, lambda_b)
    assert theory.predict(problem).objective == pytest.approx(enclosed(problem).lower, rel=1e-14)


@pytest.mark.parametrize("name", unbalanced(0.3))
def test_a_penalized_bias_without_balance_is_refused(name):
    with pytest.raises(ValueError, match=r"no closed form is known for a penalized bias, lambda_b=0\.3"):
        theory.objective_in_balls(named(name, 0.3))


def test_balance_is_decided_exactly():
    """Targets centred in doubles are not centred; targets whose doubles are, are."""
    with pytest.raises(ValueError, match="penalized bias"):
        theory.objective_in_balls(balanced(0.3)["centred targets"])
    rows = np.array([[1.0, 2.0], [-1.0, -2.0], [0.5, 0.25], [-0.5, -0.25]])
    found = [enclosed(Regression(rows, **settings(b))).lower for b in (None, 0.0, 0.3)]
    assert found[0] == found[1] == found[2]


@pytest.mark.parametrize("size", [1e-300, 1e-20, 1.0, 4.0, 1e20])
def test_extreme_lambdas_and_thresholds(size):
    for lambda_b in (0.0, None, 0.3):
        for made in (
            SingleSource([16, 16, 16, 16], **settings(lambda_b)),
            SingleSource.balanced((2, 2), n=4, **settings(lambda_b)),
            MultiSource([[16, 16], [4, 4]], **settings(lambda_b)),
        ):
            problem = fields(made, lambda_H=size, lambda_W=1.0)
            assert theory.predict(problem).objective == pytest.approx(enclosed(problem).lower, rel=1e-13)


def test_many_classes_without_bias():
    """A diagonal Gram matrix needs no eigenvalues."""
    problem = SingleSource(np.arange(1, 501), **settings(None))
    assert theory.predict(problem).objective == pytest.approx(enclosed(problem).lower, rel=1e-14)
    with pytest.raises(ValueError, match="500 rows of targets are too many"):
        theory.objective_in_balls(fields(problem, lambda_b=0.0))
