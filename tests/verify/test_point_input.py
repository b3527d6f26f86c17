"""Bad points: errors that name the field, its value and what would do."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from ufm import MultiSource, SingleSource
from verify import certify, compare, metrics

LAMBDAS = {"lambda_H": 0.1, "lambda_W": 0.1, "lambda_b": 0.1}
SINGLE = SingleSource([[2, 1], [0, 3]], **LAMBDAS)  # labels (0, 0), (0, 1), (1, 1)
MULTI = MultiSource([[2, 1], [4, 0, 3]], **LAMBDAS)
W = [np.ones((2, 4)), np.ones((2, 4))]
H = np.ones((4, 3))
W_MULTI = [np.ones((2, 4)), np.ones((3, 4))]
H_MULTI = [np.ones((4, 2)), np.ones((4, 2))]


def with_entry(array, place, value):
    array = np.array(array)
    array[place] = value
    return array


BAD_SINGLE = [
    ({}, "W is missing; give a solution, or both W= and H="),
    ({"W": W}, "H is missing"),
    ({"H": H}, "W is missing"),
    ({"W": W[0], "H": H}, r"W\[0\] must have 2 axes"),
    ({"W": W[:1], "H": H}, "W must be a list of 2 arrays, one per task, got 1"),
    ({"W": 3.0, "H": H}, "W must be a list of 2 arrays, one per task, got float"),
    ({"W": "ab", "H": H}, "W must be a list of 2 arrays, one per task, got str"),
    ({"W": np.array(3.0), "H": H}, "W must be a list of 2 arrays, one per task, got 1"),
    ({"W": [W[0], np.ones((3, 4))], "H": H}, r"W\[1\] must have shape \(2, 4\), \(K_t, d\), got \(3, 4\)"),
    ({"W": [W[0], np.ones((2, 5))], "H": H}, r"W\[1\] must have shape \(2, 4\)"),
    ({"W": [np.ones((2, 0))] * 2, "H": H}, r"W\[0\] must have shape \(2, d\)"),
    ({"W": [["a"], W[1]], "H": H}, r"W\[0\] must hold real numbers"),
    ({"W": [[[1.0, 2.0], [3.0]], W[1]], "H": H}, r"W\[0\] is not an array of numbers"),
    ({"W": [W[0] * 1j, W[1]], "H": H}, r"W\[0\] must hold real numbers, got dtype complex128"),
    ({"W": [W[0], with_entry(W[1], (1, 2), np.nan)], "H": H}, r"W\[1\]\[1, 2\] = nan is not finite"),
    ({"W": [W[0], with_entry(W[1], (1, 2), 1e80)], "H": H}, r"W\[1\] has an entry of 1e\+80"),
    ({"W": W, "H": with_entry(H, (0, 1), np.inf)}, r"H\[0, 1\] = inf is not finite"),
    ({"W": W, "H": np.ones(4)}, r"H must have 2 axes"),
    ({"W": W, "H": np.ones((3, 4))}, r"H has 3 rows but the heads have 4 columns.*pass its transpose"),
    ({"W": W, "H": np.ones((5, 3))}, r"H has 5 rows but the heads have 4 columns"),
    ({"W": W, "H": np.ones((4, 6))}, r"H has 6 columns but the problem has 3 distinct labels; pass labels="),
    ({"W": W, "H": H, "b": [[0.0, 0.0]]}, "b must be a list of 2 arrays"),
    ({"W": W, "H": H, "b": [[0.0, 0.0], [0.0]]}, r"b\[1\] must have shape \(2,\), \(K_t,\), got \(1,\)"),
    ({"W": W, "H": H, "b": [[0.0, 0.0], [0.0, np.nan]]}, r"b\[1\]\[1\] = nan is not finite"),
    ({"W": W, "H": H, "labels": [[0, 0], [0, 1]]}, "labels has 2 rows but H has 3 columns"),
    ({"W": W, "H": H, "labels": [0, 1, 2]}, r"labels must have 2 columns.*must be \(3, 2\) integers"),
    ({"W": W, "H": H, "labels": [[0, 0], [0, 1], [1, 0.5]]}, r"labels must hold .*0\.5"),
    ({"W": W, "H": H, "labels": [[0, 0], [0, 1], [1, 2]]}, r"labels\[2, 1\] = 2 is outside"),
    ({"W": W, "H": H, "labels": [[0, 0], [0, 1], [1, 0]]}, r"labels\[2\] = \(1, 0\) has no samples in the problem"),
    ({"W": W, "H": H, "labels": [[0, 0], [0, 1], [0, 1]]}, r"no column of H for the problem's label \(1, 1\)"),
]
BAD_MULTI = [
    ({"W": W_MULTI, "H": H_MULTI[0]}, r"H must be a list of 2 arrays, one per task, got 4"),
    ({"W": W_MULTI, "H": H_MULTI[:1]}, "H must be a list of 2 arrays"),
    ({"W": W_MULTI, "H": [H_MULTI[0], np.ones((3, 2))]}, r"H\[1\] has 3 rows"),
    ({"W": W_MULTI, "H": [H_MULTI[0], np.ones((4, 3))]}, r"H\[1\] has 3 columns.*pass labels\[1\]="),
    ({"W": W_MULTI, "H": H_MULTI, "labels": [[0, 1]]}, "labels must be a list of 2 arrays"),
    ({"W": W_MULTI, "H": H_MULTI, "labels": [[0, 1], [0, 1]]}, r"labels\[1\]\[1\] = \(1,\) has no samples"),
    ({"W": W_MULTI, "H": H_MULTI, "labels": [[0, 1], [2, 2]]}, r"labels\[1\] has no column of H .* label \(0,\)"),
    ({"W": W_MULTI, "H": H_MULTI, "labels": [[0, 1], [0, 3]]}, r"labels\[1\]\[1, 0\] = 3 is outside"),
]


@pytest.mark.parametrize("function", [certify, metrics])
@pytest.mark.parametrize(("point", "message"), BAD_SINGLE)
def test_bad_single_source_point(function, point, message):
    with pytest.raises((ValueError, TypeError), match=message):
        function(SINGLE, **point)


@pytest.mark.parametrize("function", [certify, metrics])
@pytest.mark.parametrize(("point", "message"), BAD_MULTI)
def test_bad_multi_source_point(function, point, message):
    with pytest.raises((ValueError, TypeError), match=message):
        function(MULTI, **point)


@pytest.mark.parametrize("tolerance", [0.0, -1e-9, np.nan, np.inf, "1e-9", None, True])
def test_bad_tolerance(tolerance):
    for call in (
        lambda: certify(SINGLE, W=W, H=H, tolerance=tolerance),
        lambda: compare(SINGLE, SimpleNamespace(W=W, H=H), tolerance=tolerance),
    ):
        with pytest.raises((ValueError, TypeError), match="tolerance must be"):
            call()


def test_solution_and_arrays_together():
    solution = SimpleNamespace(W=W, H=H)
    with pytest.raises(ValueError, match="not both; got a solution and H, b"):
        certify(SINGLE, solution, H=H, b=[[0, 0], [0, 0]])


def test_solution_without_features():
    with pytest.raises(TypeError, match="dict lacks W and H"):
        certify(SINGLE, {"W": W, "H": H})
    with pytest.raises(TypeError, match="SimpleNamespace lacks H"):
        compare(SINGLE, SimpleNamespace(W=W))


def test_not_a_problem():
    with pytest.raises(TypeError, match=r"problem must be a ufm\.SingleSource, .* or ufm\.Regression, got list"):
        certify([[2, 1]], W=W, H=H)


def test_solution_of_another_problem():
    other = SingleSource([[2, 1], [4, 3]], **LAMBDAS)
    solution = SimpleNamespace(W=W, H=np.ones((4, 4)), labels=other.labels)
    with pytest.raises(ValueError, match=r"labels\[2\] = \(1, 0\) has no samples"):
        compare(SINGLE, solution)


def test_labels_of_every_accepted_shape():
    reference = certify(MULTI, W=W_MULTI, H=H_MULTI).objective
    H_swapped = [np.ones((4, 2)), np.ones((4, 2))]
    for labels in ([[0, 1], [0, 2]], [np.array([[1], [0]]), torch.tensor([2, 0])], ([1, 0], [[2.0], [0.0]])):
        assert certify(MULTI, W=W_MULTI, H=H_swapped, labels=labels).objective == reference


def test_many_binary_tasks_need_no_table_of_tuples():
    """2^70 tuples, of which 50 occur."""
    labels = np.random.default_rng(0).integers(0, 2, (50, 70))
    problem = SingleSource.from_labels(labels, classes=(2,) * 70, **LAMBDAS)
    rng = np.random.default_rng(1)
    W = [rng.standard_normal((2, 3)) for _ in range(70)]
    H = rng.standard_normal((3, len(problem.labels)))
    order = rng.permutation(len(problem.labels))
    here = certify(problem, W=W, H=H).objective
    there = certify(problem, W=W, H=H[:, order], labels=problem.labels[order]).objective
    np.testing.assert_allclose(there, here, rtol=1e-14)


def test_tensors_of_any_device_are_read(device):
    at = {"W": [torch.tensor(w, device=device) for w in W], "H": torch.tensor(H, device=device)}
    assert metrics(SINGLE, **at) == pytest.approx(metrics(SINGLE, W=W, H=H), nan_ok=True)
    assert certify(SINGLE, **at).to_dict() == certify(SINGLE, W=W, H=H).to_dict()


def test_inputs_are_left_alone():
    W_before, H_before = [w.copy() for w in W], H.copy()
    certify(SINGLE, W=W, H=H)
    metrics(SINGLE, W=W, H=H)
    compare(SINGLE, SimpleNamespace(W=W, H=H))
    np.testing.assert_array_equal(W, W_before)
    np.testing.assert_array_equal(H, H_before)


def test_labels_that_differ_in_one_of_many_tasks_are_told_apart():
    """A 64-bit key of 70 binary labels forgets the first six."""
    labels = np.zeros((2, 70), dtype=int)
    labels[1, 0] = 1
    problem = SingleSource.from_labels(labels, classes=(2,) * 70, **LAMBDAS)
    heads = [np.ones((2, 1))] * 70
    assert (
        certify(problem, W=heads, H=[[0.0, 1.0]]).objective
        == certify(problem, W=heads, H=[[1.0, 0.0]], labels=labels[::-1]).objective
    )
    labels[0, 1] = 1
    with pytest.raises(ValueError, match="has no samples in the problem"):
        certify(problem, W=heads, H=[[0.0, 1.0]], labels=labels)
