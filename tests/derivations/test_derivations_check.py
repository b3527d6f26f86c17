"""Derivations verify themselves, and a wrong one does not."""

from __future__ import annotations

import dataclasses
from importlib import import_module

import forked
import pytest
import sympy as sp

from theory.derivations import NAMES, derive, label_balanced, orbits, simplex_task
from theory.derivations.standard_form import Columns
from theory.derivations.step import Step, equation
from theory.derivations.vanishing import vanishes


@pytest.mark.parametrize("name", NAMES)
def test_every_step_holds(name):
    derivation = derive(name)
    assert derivation.check()
    assert derivation is derive(name)
    assert derivation.results
    assert sum(step.verifiable for step in derivation.steps) >= 5


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if i % 3 == 1 else pytest.mark.slow) for i, name in enumerate(NAMES)]
)
def test_a_conclusion_wrong_by_a_factor_is_caught(name):
    """Every named result in turn, the feature weights and thresholds among them."""
    derivation = derive(name)
    for position, step in enumerate(derivation.steps):
        if step.name is None or step.equation.rhs == 0:
            continue
        wrong = dataclasses.replace(step, equation=equation(step.equation.lhs, _times(step.equation.rhs, 2)))
        assert not wrong.holds(), step.name
        steps = (*derivation.steps[:position], wrong, *derivation.steps[position + 1 :])
        if step.name in ("feature_weight", "threshold"):
            assert dataclasses.replace(derivation, steps=steps).failing() == (wrong,)


def _times(expression, factor):
    if isinstance(expression, sp.Piecewise):
        return sp.Piecewise(*((factor * value, condition) for value, condition in expression.args))
    return factor * expression


def test_a_wrong_threshold_of_a_case_distinction_is_caught():
    (step,) = (step for step in derive("3.1").steps if step.name == "margin")
    (value, condition), (zero, _) = step.equation.rhs.args
    moved = sp.Piecewise((value, condition.lhs < 2 * condition.rhs), (zero, True))
    assert step.holds()
    assert not dataclasses.replace(step, equation=equation(step.equation.lhs, moved)).holds()


def rebuilt(name):
    return import_module(f"theory.derivations.{derive.__globals__['_FILES'][name]}").derivation()


def test_logits_that_are_not_centred_are_caught(monkeypatch):
    """The ansatz a e_k in place of a (e_k − 1/K): same loss, larger nuclear norm."""
    monkeypatch.setattr(simplex_task, "centred", lambda k, i: sp.Integer(int(k == i)))
    assert not rebuilt("single-task").check()


def test_one_margin_for_both_kinds_of_labels_is_caught():
    """Theorem 5.1 with a_s = a_d is not optimal unless n_s = n_d: X is no subgradient."""
    n_s, n_d, a, tau = sp.symbols("n_s n_d a tau", positive=True)
    columns = Columns.of_labels((2, 2), [(0, 0), (1, 1), (0, 1), (1, 0)], (n_s, n_s, n_d, n_d))
    X = columns.multiplier(a * columns.centred_targets(), tau)
    assert not vanishes((X * X.T * X - X).subs(sp.exp(a), 2 * sp.sqrt(2 * n_s) / tau - 1))
    assert vanishes((X * X.T * X - X).subs({n_d: n_s, sp.exp(a): 2 * sp.sqrt(2 * n_s) / tau - 1}))


def test_counts_that_are_not_pairwise_uniform_are_caught():
    """The ansatz of decoupled tasks on three of four labels of two binary tasks."""
    steps = label_balanced.written_out((2, 2), "three labels", [(0, 0), (0, 1), (1, 0)])
    assert not all(step.holds() for step in steps)


def test_wrong_weight_of_the_nuclear_norm_is_caught(monkeypatch):
    """τ = √(λ_H λ_W), without the 2."""
    from theory.derivations import factorization
    from theory.derivations.symbols import lambda_H, lambda_W

    monkeypatch.setattr(factorization, "tau_of_lambda", sp.sqrt(lambda_H * lambda_W))
    assert not all(step.holds() for step in factorization.steps())


def test_miscounted_orbits_are_caught(monkeypatch):
    original = orbits.label_orbits

    def one_short(length, marked):
        return [(labels, size - 1 if max(labels) >= marked else size) for labels, size in original(length, marked)]

    monkeypatch.setattr(orbits, "label_orbits", one_short)
    assert not rebuilt("correlated-classes").check()


def test_orbits_are_all_tuples():
    from theory.derivations.symbols import K

    for length in (1, 2, 3):
        for marked in (0, 1, 2):
            total = sum(size for _, size in orbits.label_orbits(length, marked))
            assert sp.expand(total - K**length) == 0


def test_what_is_nearly_zero_does_not_vanish():
    x = sp.Symbol("x", positive=True)
    assert vanishes(sp.log(1 + sp.exp(-x)) + x - sp.log(1 + sp.exp(x)))
    assert not vanishes(sp.log(1 + sp.exp(-x)) + x - sp.log(1 + sp.exp(x)) + sp.Rational(1, 10**20))
    assert not vanishes(sp.Matrix([[0, x - x, 1]]))
    assert not Step("", equation(x, 2 * x)).holds()


def test_theory_alone_does_not_import_sympy():
    code = "import sys, theory, verify.cli.verify_command, verify.main_job; assert 'sympy' not in sys.modules"
    forked.run(code)


def test_without_sympy_the_extra_is_named():
    code = (
        "import sys; sys.modules['sympy'] = None\n"
        "try:\n import theory.derivations\n"
        "except ModuleNotFoundError as error:\n assert \"'ufm-toolkit[symbolic]'\" in str(error)\n"
        "else:\n raise SystemExit(1)"
    )
    forked.run(code)


def test_derivations_are_reached_from_theory_which_does_without_sympy():
    code = "import sys, theory; assert 'sympy' not in sys.modules; print(len(theory.derivations.derive('5.1').steps))"
    assert int(forked.run(code)) == len(derive("5.1").steps)
