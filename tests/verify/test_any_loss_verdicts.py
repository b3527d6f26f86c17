"""Verdicts over losses × biases × targets: minima are global, anything else is not; and what is refused, by name."""

import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from family import NAMES, mapped

import ufm
from verify import certify

BIASES = {"penalized": 0.03, "free": 0.0, "none": None}
LAMBDAS = {"lambda_H": 0.02, "lambda_W": 0.03}


def missing(**settings):
    rng = np.random.default_rng(0)
    labels = np.stack([np.arange(60) % 3, rng.integers(0, 4, 60)], axis=1)
    labels[::7, 0], labels[3::7, 1] = -1, -1
    return ufm.SingleSource.from_labels(labels, missing=-1, **settings)


def soft(**settings):
    rng = np.random.default_rng(1)
    return ufm.SingleSource.from_probabilities([rng.dirichlet(np.ones(k), 15) for k in (3, 4)], **settings)


def label_sets(**settings):
    return ufm.MultiLabel({(0,): 9, (1,): 5, (0, 2): 7, (2, 3): 4, (3,): 3}, classes=4, **settings)


def regression(**settings):
    rng = np.random.default_rng(2)
    counts = rng.integers(1, 9, 20)
    return ufm.Regression([rng.normal(2.0, 1.0, (20, 3)), rng.normal(0.0, 1.0, (20, 1))], counts=counts, **settings)


KINDS = {
    "balanced": lambda **s: ufm.SingleSource.balanced((3, 4), 10, **s),
    "imbalanced": lambda **s: ufm.SingleSource([[50, 3, 7], [2, 20, 5]], label_smoothing=0.1, reduction="mean", **s),
    "weighted": lambda **s: ufm.SingleSource([[50, 3, 7], [2, 20, 5]], task_weights=(0.3, 2.0), **s),
    "multi": lambda **s: ufm.MultiSource([[10, 3], [20, 7, 2]], task_weights=(1.0, 2.0), **s),
    "missing": missing,
    "soft": soft,
    "label sets": label_sets,
}
FAMILY = {
    (kind, name, bias): KINDS[kind](loss=name, lambda_b=BIASES[bias], **LAMBDAS)
    for kind, name, bias in itertools.product(KINDS, NAMES, BIASES)
}
for bias, value in BIASES.items():
    FAMILY["regression", "squared-error", bias] = regression(lambda_b=value, **LAMBDAS)
    FAMILY["mixed", "all", bias] = ufm.SingleSource.balanced((3, 4, 2), 3, loss=NAMES, lambda_b=value, **LAMBDAS)


@pytest.mark.parametrize("key", FAMILY, ids=str)
def test_minima_are_certified_and_their_neighbours_are_not(key):
    problem = FAMILY[key]
    solution = ufm.solve(problem)
    certificate = certify(problem, solution)
    assert certificate.verdict == "global minimum"
    assert certificate.relative_gap < 1e-12
    assert certificate.spectral_ratio == pytest.approx(1.0, abs=1e-6)
    rng = np.random.default_rng(0)
    near = mapped(problem, solution, lambda x: x + 1e-3 * np.abs(x).max() * rng.standard_normal(x.shape))
    off = certify(problem, near)
    assert off.verdict == "not optimal"
    assert certificate.lower_bound <= off.better_objective < off.objective
    assert off.lower_bound <= certificate.objective * (1 + 1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_minima_of_another_loss_or_bias_are_not_certified(kind):
    solved = {(name, bias): ufm.solve(FAMILY[kind, name, bias]) for name in NAMES for bias in BIASES}
    for (name, bias), (other, beside) in itertools.permutations(solved, 2):
        if bias == "none" and beside != "none":
            continue  # its b is refused
        problem, solution = FAMILY[kind, name, bias], solved[other, beside]
        same = np.isclose(solution.objective, solved[name, bias].objective, rtol=1e-9) and name == other
        dims = np.asarray(solution.H[0] if kind == "multi" else solution.H).shape[0]
        certificate = certify(problem, solution)
        assert (certificate.verdict == "global minimum") == bool(same), (name, bias, other, beside)
        if not same and dims >= certificate.sufficient_dim:
            assert certificate.verdict == "not optimal"


@pytest.mark.parametrize("name", NAMES)
def test_bias_of_zero_is_not_a_minimum_where_a_free_one_moves(name):
    problem = FAMILY["imbalanced", name, "free"]
    solution = ufm.solve(problem)
    still = SimpleNamespace(W=solution.W, H=solution.H, b=None)
    assert certify(problem, still).verdict == "not optimal"


def test_more_columns_of_a_label_and_columns_in_any_order():
    for key in (("missing", "squared-error", "free"), ("soft", "cross-entropy", "none")):
        problem = FAMILY[key]
        solution = ufm.solve(problem)
        order = np.random.default_rng(0).permutation(np.repeat(np.arange(len(problem.counts)), 2))
        b = None if problem.lambda_b is None else solution.b
        spread = certify(problem, W=solution.W, H=np.asarray(solution.H)[:, order], b=b, labels=problem.labels[order])
        assert spread.verdict == "global minimum"
        assert spread.objective == pytest.approx(solution.objective, rel=1e-13)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_minimum_of_zero_is_one(reduction):
    """Constant targets under a free bias: F = 0, D = 0, and no division by either."""
    problem = ufm.Regression(np.full((5, 2), 0.3), lambda_b=0.0, reduction=reduction, **LAMBDAS)
    certificate = certify(problem, W=[np.zeros((2, 3))], H=np.zeros((3, 1)), b=[np.full(2, 0.3)])
    assert (certificate.verdict, certificate.objective, certificate.relative_gap) == ("global minimum", 0.0, 0.0)
    assert certify(problem, ufm.solve(problem)).lower_bound == 0.0
    off = certify(problem, W=[np.zeros((2, 3))], H=np.zeros((3, 1)), b=[np.full(2, 0.3 + 1e-15)])
    assert off.objective > 0.0
    assert off.verdict != "global minimum"


@pytest.mark.parametrize("mean", [0.0, 1e3, 1e6])
def test_a_mean_far_from_zero_costs_a_free_bias_no_digits_of_the_bound(mean):
    rng = np.random.default_rng(0)
    targets = np.round(rng.normal(0.0, 1.0, (30, 2)) * 2**20) / 2**20  # exact, the mean added or not
    bounds = []
    for shift in (0.0, mean):
        problem = ufm.Regression(targets + shift, lambda_b=0.0, **LAMBDAS)
        solution = ufm.solve(ufm.Regression(targets, lambda_b=0.0, **LAMBDAS))
        b = [np.asarray(solution.b[0]) + shift]
        bounds.append(certify(problem, W=solution.W, H=solution.H, b=b).lower_bound)
    assert bounds[1] == pytest.approx(bounds[0], rel=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bias_where_there_is_none_is_refused(kind):
    problem = FAMILY[kind, "squared-error", "none"]
    solution = ufm.solve(problem)
    b = [np.zeros(k) for k in problem.classes]
    assert certify(problem, W=solution.W, H=solution.H, b=b).verdict == "global minimum"
    assert certify(problem, W=solution.W, H=solution.H).verdict == "global minimum"
    b[-1][1] = -0.5
    with pytest.raises(ValueError, match=rf"b\[{len(b) - 1}\] has an entry of -0.5, .* \(lambda_b=None\)"):
        certify(problem, W=solution.W, H=solution.H, b=b)


def test_columns_of_targets_and_of_missing_labels_are_named():
    problem = FAMILY["soft", "cross-entropy", "none"]
    solution = ufm.solve(problem)
    W, H = solution.W, np.asarray(solution.H)
    with pytest.raises(ValueError, match=r"labels\[0, 0\] = 15"):
        certify(problem, W=W, H=H, labels=np.arange(15)[:, None] + 15)
    with pytest.raises(ValueError, match=r"labels\[2, 0\] = -1"):
        certify(problem, W=W, H=H, labels=np.array([0, 1, -1, *range(3, 15)])[:, None])
    problem = FAMILY["missing", "cross-entropy", "none"]
    solution = ufm.solve(problem)
    with pytest.raises(ValueError, match=r"labels\[\d+, \d\] = -2"):
        certify(problem, W=solution.W, H=solution.H, labels=np.where(problem.labels < 0, -2, problem.labels))
    full = FAMILY["balanced", "cross-entropy", "none"]
    labels = full.labels.copy()
    labels[3, 1] = -1
    solution = ufm.solve(full)
    with pytest.raises(ValueError, match=r"labels\[3, 1\] = -1"):
        certify(full, W=solution.W, H=solution.H, labels=labels)


@pytest.mark.parametrize("loss", ["focal", ("cross-entropy", "hinge"), ("cross-entropy",), 3, None])
def test_an_unknown_loss_is_refused_by_name(loss):
    problem = ufm.SingleSource.balanced((3, 3), 2, lambda_b=0.1, **LAMBDAS)
    solution = ufm.solve(problem)
    problem.loss = loss
    with pytest.raises(ValueError, match="loss="):
        certify(problem, W=solution.W, H=solution.H)


def test_an_object_without_the_field_has_cross_entropy():
    problem = ufm.SingleSource.balanced((3, 3), 2, lambda_b=0.1, **LAMBDAS)
    names = ("source", "classes", "labels", "counts", "task_weights", "lambda_H", "lambda_W", "lambda_b", "reduction")
    older = SimpleNamespace(**{name: getattr(problem, name) for name in (*names, "label_smoothing")})
    solution = ufm.solve(problem)
    point = {"W": solution.W, "H": solution.H, "b": solution.b}
    assert certify(older, **point).lower_bound == certify(problem, **point).lower_bound
