"""Bad input is refused with the field and the value in the message."""

import math
import re
import tracemalloc

import numpy as np
import pytest
import torch

from ufm import MultiSource, SingleSource, solve

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.01}
NOT_POSITIVE = [0, -1.0, np.nan, np.inf, -np.inf, 10**400]
NOT_NUMBERS = ["0.1", b"1", None, [1.0], True, 1j, np.array([0.1]), {}, np.bool_(True)]


def refused(error, field, value, build):
    with pytest.raises(error) as caught:
        build()
    message = str(caught.value)
    assert field in message
    if value is not None:
        assert str(value) in message


@pytest.mark.parametrize("cls", [SingleSource, MultiSource])
@pytest.mark.parametrize("field", LAMBDAS)
@pytest.mark.parametrize("value", NOT_POSITIVE + NOT_NUMBERS, ids=lambda v: repr(v)[:12])
def test_lambda(cls, field, value):
    counts = [[1, 2], [3, 4]]
    if field == "lambda_b" and (value is None or value is NOT_POSITIVE[0]):
        return  # no bias, and a free one
    error = ValueError if any(value is bad for bad in NOT_POSITIVE) else TypeError
    refused(error, field, repr(value), lambda: cls(counts, **{**LAMBDAS, field: value}))


BAD_COUNTS = [
    (ValueError, [[1, -2], [3, 4]], "-2"),
    (ValueError, [[1, 2.5], [3, 4]], "2.5"),
    (ValueError, [[1, np.nan]], "nan"),
    (ValueError, [[1, np.inf]], "inf"),
    (ValueError, [], "empty"),
    (ValueError, np.zeros((2, 0)), "(2, 0)"),
    (ValueError, [[0, 0], [0, 0]], "0"),
    (TypeError, [[True, False]], "bool"),
    (TypeError, [[1 + 0j, 2]], "complex"),
    (TypeError, np.array([[1, 2]], dtype=object), "object"),
    (TypeError, [2**70, 1], "object"),
    (TypeError, "ab", "<U"),
    (TypeError, None, "object"),
    (TypeError, {(0,): 3}, "object"),
    (TypeError, np.array([1, 2], dtype="m8[s]"), "timedelta"),
    (TypeError, np.ma.array([1, 2], mask=[0, 1]), "masked"),
    (TypeError, torch.eye(2).to_sparse(), "Sparse"),
    (ValueError, [[1, 2], [3]], "[[1, 2], [3]]"),
    (ValueError, [[1], [2]], "1"),
    (ValueError, 3, "single number"),
    (ValueError, [1e19, 1], "1e+19"),
    (ValueError, [2.0**63, 1], "9.2"),
    (ValueError, np.array([2**63 + 5, 1], dtype=np.uint64), "9223372036854775813"),
    (ValueError, [2**62, 2**62, 2**62], "samples"),
    (ValueError, [2**62] * 4, "samples"),
    (ValueError, np.array([2**24 + 2, 1], dtype=np.float32), "16777218"),
    (ValueError, torch.tensor([300.0, 1.0], dtype=torch.bfloat16), "300"),
]


@pytest.mark.parametrize(("error", "counts", "value"), BAD_COUNTS)
def test_counts_of_one_source(error, counts, value):
    refused(error, "counts", value, lambda: SingleSource(counts, **LAMBDAS))


@pytest.mark.parametrize(
    ("error", "counts", "field", "value"),
    [
        (TypeError, None, "counts", "None"),
        (TypeError, [], "counts", "[]"),
        (TypeError, "ab", "counts", "'ab'"),
        (TypeError, np.array(3), "counts", "3"),
        (TypeError, {0: [1, 2]}, "counts", "{0"),
        (ValueError, [[1, 2], []], "counts[1]", "empty"),
        (ValueError, [[1, 2], [0, 0]], "counts[1]", "0"),
        (ValueError, [[1, 2], [1, -3]], "counts[1]", "-3"),
        (ValueError, [[1]], "counts[0]", "1"),
        (ValueError, [1, 2], "counts[0]", "()"),
        (ValueError, [[1, 2], [[1, 2]]], "counts[1]", "(1, 2)"),
        (ValueError, [[1, 2], [2**60, 1]], "counts[1]", "samples"),
    ],
)
def test_counts_of_many_sources(error, counts, field, value):
    refused(error, field, value, lambda: MultiSource(counts, **LAMBDAS))


@pytest.mark.parametrize(
    ("error", "weights", "value"),
    [
        (ValueError, [1.0], "(1,)"),
        (ValueError, 1.0, "()"),
        (ValueError, [[1.0], [2.0]], "(2, 1)"),
        (ValueError, [1.0, 0.0], "[1]"),
        (ValueError, [1.0, -2.0], "-2.0"),
        (ValueError, [np.nan, 1.0], "nan"),
        (ValueError, [[1], [2, 3]], "[2, 3]"),
        (TypeError, ["1", "2"], "'1'"),
        (TypeError, [True, False], "True"),
        (TypeError, [1 + 0j, 2], "1+0j"),
        (TypeError, [None, 1.0], "None"),
    ],
)
@pytest.mark.parametrize("cls", [SingleSource, MultiSource])
def test_task_weights(cls, error, weights, value):
    refused(error, "task_weights", value, lambda: cls([[1, 2], [3, 4]], task_weights=weights, **LAMBDAS))


@pytest.mark.parametrize("value", ["Sum", "average", None, 1, ["sum"], np.array(["sum", "mean"])])
def test_reduction(value):
    refused(ValueError, "reduction", repr(value), lambda: SingleSource([1, 2], reduction=value, **LAMBDAS))


@pytest.mark.parametrize(
    ("error", "value"),
    [(ValueError, 1), (ValueError, -0.1), (ValueError, np.nan), *((TypeError, v) for v in NOT_NUMBERS)],
)
def test_label_smoothing(error, value):
    refused(error, "label_smoothing", repr(value), lambda: MultiSource([[1, 2]], label_smoothing=value, **LAMBDAS))


@pytest.mark.parametrize(
    ("error", "labels", "value"),
    [
        (ValueError, [[0, 0], [1, -1]], "[1, 1] = -1"),
        (ValueError, [[0.5], [1]], "0.5"),
        (ValueError, [[np.nan], [1]], "nan"),
        (ValueError, [[np.nan], [-1]], "nan"),
        (ValueError, [[-np.inf], [1]], "inf"),
        (ValueError, [[1e19], [1]], "1e+19"),
        (ValueError, np.array([[-1], [1]]).astype(np.uint64), "18446744073709551615"),
        (ValueError, np.array([[2049.0], [1]], dtype=np.float32).astype(np.float16) + 4, "2052"),
        (ValueError, torch.tensor([[258.0]], dtype=torch.bfloat16), "258"),
        (ValueError, torch.tensor([258.0], dtype=torch.bfloat16), "258"),
        (ValueError, [], "(0,)"),
        (ValueError, np.zeros((0, 2)), "(0, 2)"),
        (ValueError, np.zeros((2, 0)), "(2, 0)"),
        (ValueError, np.zeros((2, 2, 2)), "(2, 2, 2)"),
        (ValueError, [[1], [2, 3]], "[2, 3]"),
        (ValueError, 1, "()"),
        (ValueError, [["a"]], "('a',)"),
        (TypeError, np.array([[1]], dtype=object), "object"),
        (TypeError, np.array([[1j]]), "complex"),
    ],
)
def test_labels(error, labels, value):
    refused(error, "labels", value, lambda: SingleSource.from_labels(labels, **LAMBDAS))


@pytest.mark.parametrize("label", [2**24, 10**13, 2**63 - 1])
@pytest.mark.parametrize("build", [SingleSource.from_labels, lambda y, **s: MultiSource.from_labels([y], **s)])
def test_absurd_labels_are_refused_before_they_are_allocated(build, label):
    refused(ValueError, "classes[0]", label + 1, lambda: build([label, 0], **LAMBDAS))


@pytest.mark.parametrize(
    ("error", "classes", "field"),
    [
        (ValueError, (3,), "labels[1, 0] = 3"),
        (ValueError, (1,), "classes[0]"),
        (ValueError, (4.5,), "4.5"),
        (ValueError, (4, 4), "classes names 2"),
        (TypeError, 4, "classes"),
        (TypeError, "4", "classes"),
        (TypeError, np.array([[4]]), "classes[0]"),
        (TypeError, (True,), "True"),
    ],
)
def test_classes_given_with_labels(error, classes, field):
    refused(error, field, None, lambda: SingleSource.from_labels([[0], [3]], classes=classes, **LAMBDAS))


def test_multi_source_labels_and_numbers():
    refused(ValueError, "labels[0]", "-1", lambda: MultiSource.from_labels([[0, -1], [2]], **LAMBDAS))
    refused(ValueError, "labels[1]", "(0,)", lambda: MultiSource.from_labels([[0], []], **LAMBDAS))
    refused(ValueError, "labels[0]", "(3, 2)", lambda: MultiSource.from_labels([np.zeros((3, 2))], **LAMBDAS))
    refused(TypeError, "labels", None, lambda: MultiSource.from_labels("01", **LAMBDAS))
    refused(ValueError, "n must", "(1,)", lambda: MultiSource.balanced((2, 3), (1,), **LAMBDAS))
    refused(TypeError, "n[0]", "'ab'", lambda: MultiSource.balanced((2, 3), "ab", **LAMBDAS))
    refused(ValueError, "n[1]", "0", lambda: MultiSource.balanced((2, 3), (1, 0), **LAMBDAS))
    refused(ValueError, "n[0]", "2^53", lambda: MultiSource.balanced((2, 3), 2**62, **LAMBDAS))


@pytest.mark.parametrize(
    ("build", "field", "value"),
    [
        (lambda: SingleSource.balanced((2,) * 40, 1, **LAMBDAS), "classes=", "1.1e+12"),
        (lambda: SingleSource.balanced((2, 1), 1, **LAMBDAS), "classes[1]", "1"),
        (lambda: SingleSource.balanced((2, 2), 0, **LAMBDAS), "n must", "0"),
        (lambda: SingleSource.balanced((2, 2), 2**62, **LAMBDAS), "n makes", "2^53"),
        (lambda: SingleSource.balanced((2, 2), 10**400, **LAMBDAS), "n must", None),
        (lambda: SingleSource.correlated(2, n_same=0, n_different=0, **LAMBDAS), "counts", "0"),
        (lambda: SingleSource.correlated(2, n_same=-1, n_different=0, **LAMBDAS), "n_same", "-1"),
        (lambda: SingleSource.correlated(2, n_same=2**63, n_different=0, **LAMBDAS), "n_same", "2^53"),
        (lambda: SingleSource.correlated(10**6, n_same=1, n_different=0, **LAMBDAS), "classes=", "1000000"),
        (lambda: SingleSource.orthogonal_array(10**7, 3, **LAMBDAS), "classes=", "10000000"),
        (lambda: SingleSource.orthogonal_array(3, 1, **LAMBDAS), "tasks", "1"),
    ],
)
def test_constructors(build, field, value):
    refused(ValueError, field, value, build)


@pytest.mark.parametrize(
    ("build", "tuples"),
    [
        (lambda: SingleSource.orthogonal_array(1009, 1010, **LAMBDAS), "1,018,081 label tuples of 1,010 tasks"),
        (lambda: SingleSource.balanced((2,) * 22, 1, **LAMBDAS), "4,194,304 label tuples of 22 tasks"),
    ],
)
def test_label_tuples_that_do_not_fit_memory(build, tuples, monkeypatch):
    monkeypatch.setattr("ufm.support.memory.available_memory", lambda device: 2**30)
    refused(MemoryError, tuples, "1 GiB", build)


def test_memory_of_an_orthogonal_array_is_of_its_tasks_not_of_all_there_could_be():
    SingleSource.orthogonal_array(3, 3, **LAMBDAS)  # what is imported on the way is not counted
    tracemalloc.start()
    SingleSource.orthogonal_array(211, 3, **LAMBDAS)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 40 * 211**2 * 4


@pytest.mark.parametrize(
    ("error", "field", "arguments"),
    [
        (ValueError, "method", {"method": "adamw"}),
        (ValueError, "method", {"method": None}),
        (ValueError, "method", {"method": ["newton"]}),
        (ValueError, "dim", {"dim": 0}),
        (ValueError, "dim", {"dim": 1.5}),
        (TypeError, "dim", {"dim": "2"}),
        (TypeError, "dim", {"dim": True}),
        (ValueError, "dim", {"dim": 10**400}),
        (ValueError, "seed", {"seed": -1}),
        (ValueError, "seed", {"seed": 0.5}),
        (ValueError, "seed", {"seed": 2**64}),
        (TypeError, "seed", {"seed": None}),
        (ValueError, "device", {"device": "abacus"}),
        (ValueError, "device", {"device": "meta"}),
        (ValueError, "device", {"device": None}),
        (ValueError, "tolerance", {"tolerance": 0}),
        (ValueError, "tolerance", {"tolerance": np.nan}),
        (TypeError, "tolerance", {"tolerance": "tight"}),
        (TypeError, "patience", {"patience": 3}),
        (TypeError, "solver", {"solver": "SCS"}),
        (ValueError, "steps", {"steps": 0}),
        (TypeError, "steps", {"steps": "many"}),
        (ValueError, "solver", {"method": "convex", "solver": "ECOS"}),
    ],
)
def test_solve_arguments(error, field, arguments):
    value = next(reversed(arguments.values()))
    with pytest.raises(error) as caught:
        solve(SingleSource([[1, 2], [3, 0]], **LAMBDAS), **arguments)
    assert re.search(rf"\b{field}\b", str(caught.value))
    if error is ValueError:
        assert repr(value) in str(caught.value)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a CUDA device is present")
def test_absent_device():
    with pytest.raises(ValueError, match="device='cuda' is not available"):
        solve(SingleSource([1, 2], **LAMBDAS), device="cuda")


@pytest.mark.parametrize("problem", [[[1, 2]], None, SingleSource, np.ones((2, 2))])
def test_what_is_no_problem(problem):
    with pytest.raises(TypeError, match="problem must be"):
        solve(problem)


def test_sizes_beyond_memory_are_named_in_gib():
    with pytest.raises(MemoryError, match=r"GiB.*GiB"):
        solve(SingleSource([[1, 2], [3, 0]], **LAMBDAS), dim=10**10)
    wide = SingleSource.from_labels(np.arange(200_000), classes=(10_000_000,), **LAMBDAS)
    with pytest.raises(MemoryError, match=r"targets.*GiB"):
        solve(wide)


def test_a_task_weight_reads_as_a_plain_number():
    with pytest.raises(ValueError, match=r"task_weights\[1\] must be finite and > 0, got nan$"):
        SingleSource([[1, 2], [3, 4]], task_weights=[1, math.nan], **LAMBDAS)


@pytest.mark.parametrize(
    "field", [{"lambda_H": 1e200}, {"lambda_W": 1e-300}, {"lambda_b": 1.1e100}, {"task_weights": (1.0, 1e-51)}]
)
@pytest.mark.parametrize("method", ["newton", "gradient", "convex"])
def test_scales_that_solvers_cannot_reach_are_refused_by_name_before_work(field, method, monkeypatch):
    """The problem itself may be stated: theory has its closed form."""
    problem = SingleSource.balanced((2, 2), 1, **{**LAMBDAS, **field})
    monkeypatch.setattr(problem, "standard_forms", lambda: pytest.fail("work was begun"))
    name = "task_weights[1]" if "task_weights" in field else next(iter(field))
    with pytest.raises(ValueError, match=re.escape(name) + r"=.* will do"):
        solve(problem, method=method)


@pytest.mark.parametrize("lambda_H", [1e-100, 1e100])
@pytest.mark.parametrize("lambda_W", [1e-100, 1e100])
@pytest.mark.parametrize("lambda_b", [1e-100, 1e100])
@pytest.mark.parametrize("weight", [1e-50, 1e50])
def test_at_the_ends_of_the_range_solvers_return_a_finite_point(lambda_H, lambda_W, lambda_b, weight):
    n = 2**48
    problem = SingleSource(
        [[2 * n, n], [n, n]], task_weights=(weight, 1.0), lambda_H=lambda_H, lambda_W=lambda_W, lambda_b=lambda_b
    )
    for reduction in ("sum", "mean"):
        problem.reduction = reduction
        solution = solve(problem, steps=50)
        assert np.isfinite(solution.objective)
        assert solution.status


def test_a_tensor_that_cannot_become_an_array_is_refused_by_the_field():
    counts = torch.ones(2, 2, device="meta")
    refused(TypeError, "counts", "meta", lambda: SingleSource(counts, **LAMBDAS))
