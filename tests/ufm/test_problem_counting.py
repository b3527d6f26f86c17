"""Every constructor against direct counting of samples, one by one."""

import warnings
from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

from ufm import MultiSource, SingleSource

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.01}


def as_counter(problem):
    return Counter(dict(zip(map(tuple, problem.labels.tolist()), problem.counts.tolist(), strict=True)))


def labels_with_gaps(rng, samples, tasks):
    """Random labels whose classes partly never occur."""
    return np.stack([rng.choice(rng.choice(9, 3, replace=False), samples) for _ in range(tasks)], axis=1)


@settings(max_examples=examples(40))
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 4))
def test_from_labels_counts_every_tuple(seed, samples, tasks):
    labels = labels_with_gaps(np.random.default_rng(seed), samples, tasks)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* empty class", UserWarning)
        problem = SingleSource.from_labels(labels, **LAMBDAS)
    assert as_counter(problem) == Counter(map(tuple, labels.tolist()))
    assert problem.samples == samples
    assert problem.classes == tuple(max(2, k + 1) for k in labels.max(axis=0))
    assert problem.labels.tolist() == sorted(problem.labels.tolist())


def test_an_empty_class_0_is_warned_of():
    from_1 = [[1, 0], [2, 1], [3, 0]]
    with pytest.warns(UserWarning, match=r"labels\[:, 0\] has no sample of class 0.*subtract 1") as heard:
        assert SingleSource.from_labels(from_1, **LAMBDAS).classes == (4, 2)
    assert len(heard) == 1
    assert heard[0].filename == __file__
    with pytest.warns(UserWarning, match=r"labels\[1\] has no sample of class 0") as heard:
        assert MultiSource.from_labels([[0, 1], [2, 3]], **LAMBDAS).classes == (2, 4)
    assert heard[0].filename == __file__
    # said of what is meant, nothing is
    SingleSource.from_labels(from_1, (4, 2), **LAMBDAS)
    MultiSource.from_labels([[0, 1], [2, 3]], (2, 4), **LAMBDAS)


def test_forty_binary_attributes_store_only_what_occurs():
    labels = np.random.default_rng(0).integers(0, 2, (500, 40))
    labels[250:] = labels[:250]
    problem = SingleSource.from_labels(labels, **LAMBDAS)
    assert as_counter(problem) == Counter(map(tuple, labels.tolist()))
    assert problem.counts.tolist() == [2] * 250
    with pytest.raises(MemoryError, match="label tuples"):
        problem.count_tensor()


@settings(max_examples=examples(40))
@given(st.integers(0, 2**32 - 1), st.lists(st.integers(2, 5), min_size=1, max_size=4))
def test_count_tensor_round_trip(seed, classes):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, classes) * rng.integers(0, 2, classes)
    counts.flat[rng.integers(counts.size)] += 2**40
    problem = SingleSource(counts, **LAMBDAS)
    np.testing.assert_array_equal(problem.count_tensor(), counts)
    assert problem.classes == tuple(classes)
    assert problem.samples == counts.sum()
    assert (problem.counts > 0).all()
    for label, n in zip(problem.labels, problem.counts, strict=True):
        assert counts[tuple(label)] == n


@pytest.mark.parametrize("classes", [(2,), (3, 2), (2, 5, 3)])
def test_balanced_with_unequal_classes(classes):
    problem = SingleSource.balanced(classes, 7, **LAMBDAS)
    assert as_counter(problem) == Counter(dict.fromkeys(product(*map(range, classes)), 7))


@pytest.mark.parametrize(("same", "different"), [(5, 2), (5, 0), (0, 3)])
def test_correlated(same, different):
    problem = SingleSource.correlated(3, n_same=same, n_different=different, **LAMBDAS)
    expected = {(i, j): same if i == j else different for i in range(3) for j in range(3)}
    assert as_counter(problem) == Counter({label: n for label, n in expected.items() if n})


def test_samples_are_counted_as_far_as_float64_does():
    assert SingleSource.correlated(2, n_same=0, n_different=2**52, **LAMBDAS).samples == 2**53
    assert SingleSource.correlated(2, n_same=2**52, n_different=0, **LAMBDAS).samples == 2**53
    with pytest.raises(ValueError, match=r"n_different makes .* more than 2\^53"):
        SingleSource.correlated(2, n_same=0, n_different=2**52 + 1, **LAMBDAS)


@pytest.mark.parametrize(
    ("classes", "tasks"), [(2, 3), (3, 4), (5, 6), (7, 8), (4, 3), (6, 3), (9, 3), (10, 2), (6, 2), (11, 12)]
)
def test_orthogonal_array_makes_every_pair_uniform(classes, tasks):
    problem = SingleSource.orthogonal_array(classes, tasks, 3, **LAMBDAS)
    assert problem.samples == 3 * classes**2
    for s, t in combinations(range(tasks), 2):
        joint = np.zeros((classes, classes), dtype=int)
        np.add.at(joint, (problem.labels[:, s], problem.labels[:, t]), problem.counts)
        assert (joint == 3).all()


@pytest.mark.parametrize(("classes", "tasks"), [(4, 4), (9, 4), (6, 7), (5, 7), (2, 4)])
def test_orthogonal_array_refuses_more_tasks(classes, tasks):
    with pytest.raises(ValueError, match=f"tasks={tasks} is more than"):
        SingleSource.orthogonal_array(classes, tasks, **LAMBDAS)


def test_multi_source_keeps_classes_without_samples():
    counts = [[0, 3, 0, 2**45 + 1], [4, 0]]
    problem = MultiSource(counts, **LAMBDAS)
    assert problem.classes == (4, 2)
    assert [y.tolist() for y in problem.labels] == [[[1], [3]], [[0]]]
    assert [c.tolist() for c in problem.counts] == [[3, 2**45 + 1], [4]]
    assert [c.tolist() for c in problem.count_tensor()] == counts
    assert problem.samples == 2**45 + 8


def test_multi_source_samples_do_not_overflow():
    assert MultiSource([[2**52, 2**52]] * 1500, **LAMBDAS).samples == 1500 * 2**53


def test_multi_source_from_labels_and_balanced():
    problem = MultiSource.from_labels([[0, 2, 2], torch.tensor([0, 0], dtype=torch.uint8)], **LAMBDAS)
    assert [c.tolist() for c in problem.count_tensor()] == [[1, 0, 2], [2, 0]]
    per_task = MultiSource.balanced((2, 3), np.array([5, 6]), **LAMBDAS)
    assert [c.tolist() for c in per_task.count_tensor()] == [[5, 5], [6, 6, 6]]


@pytest.mark.parametrize(
    "convert",
    [
        lambda a: a.astype(np.uint8),
        lambda a: a.astype(">i4"),
        lambda a: a.astype(">f8"),
        lambda a: a.astype(np.float32),
        lambda a: np.asfortranarray(a)[::-1][::-1],
        lambda a: a.tolist(),
        lambda a: torch.as_tensor(a).to(torch.uint8),
        lambda a: torch.as_tensor(a).to(torch.bfloat16),
        lambda a: torch.as_tensor(a, dtype=torch.float64).requires_grad_(),
    ],
)
def test_every_array_type_counts_alike(convert):
    labels = np.array([[3, 200], [0, 7], [3, 200], [1, 0]])
    expected = SingleSource.from_labels(labels, **LAMBDAS)
    problem = SingleSource.from_labels(convert(labels), **LAMBDAS)
    assert problem.classes == (4, 201)
    assert as_counter(problem) == as_counter(expected)
    tensor = expected.count_tensor()
    assert as_counter(SingleSource(convert(tensor), **LAMBDAS)) == as_counter(expected)


def test_read_only_input_is_neither_written_nor_kept():
    counts = np.array([[3, 1], [0, 2]])
    problem = SingleSource(counts, task_weights=(weights := np.array([1.0, 2.0])), **LAMBDAS)
    counts[:] = 9
    weights[:] = 9
    assert problem.count_tensor().tolist() == [[3, 1], [0, 2]]
    assert problem.task_weights.tolist() == [1.0, 2.0]
    counts.flags.writeable = False
    assert SingleSource(counts, **LAMBDAS).samples == 36


def test_smoothed_targets():
    (form,) = SingleSource([[0, 2, 0], [3, 0, 0]], label_smoothing=0.3, **LAMBDAS).standard_forms()
    # columns (0, 1) and (1, 0): (1 − ε) e_k + ε / K in each block
    expected = [[0.85, 0.15], [0.15, 0.85], [0.1, 0.8], [0.8, 0.1], [0.1, 0.1]]
    np.testing.assert_allclose(form.targets, expected, rtol=1e-15)
    np.testing.assert_allclose(form.masses(), 1.0, rtol=1e-15)


def test_numbers_of_any_kind_are_settings():
    kinds = [0.25, np.float32(0.25), np.array(0.25), torch.tensor(0.25), torch.tensor(0.25, requires_grad=True)]
    for value in kinds:
        problem = SingleSource([1, 2], lambda_H=value, lambda_W=value, lambda_b=value, label_smoothing=value)
        settings_read = (problem.lambda_H, problem.lambda_W, problem.lambda_b, problem.label_smoothing)
        assert settings_read == (0.25,) * 4
        assert all(type(number) is float for number in settings_read)
