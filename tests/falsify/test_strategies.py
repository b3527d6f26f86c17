"""Families draw what they say, on both sides of thresholds, and shrink to small and simple problems."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import find as find_example

import ufm
from verify import strategies as families
from verify.falsification.problems import size

draws = settings(max_examples=40, database=None, derandomize=True)


def smallest(strategy: Any, wanted: Any = lambda problem: True) -> Any:
    phases = (Phase.generate, Phase.shrink)
    quick = settings(database=None, max_examples=100, phases=phases)
    return find_example(strategy, wanted, settings=quick, random=random.Random(0))


def joint_counts(problem: ufm.SingleSource, s: int, t: int) -> np.ndarray:
    table = np.zeros((problem.classes[s], problem.classes[t]), dtype=np.int64)
    np.add.at(table, (problem.labels[:, s], problem.labels[:, t]), problem.counts)
    return table


@given(families.balanced(classes=(2, 3)))
@draws
def test_balanced_has_every_label_tuple_equally_often(problem: ufm.SingleSource) -> None:
    assert problem.classes == (2, 3)
    assert len(problem.counts) == 6
    assert len(set(problem.counts.tolist())) == 1


@given(families.balanced(source="multi", n=(2, 5)))
@draws
def test_balanced_multi_source_has_every_class_of_a_task_equally_often(problem: ufm.MultiSource) -> None:
    for k, counts in zip(problem.classes, problem.counts, strict=True):
        assert len(counts) == k
        assert len(set(counts.tolist())) == 1
        assert 2 <= counts[0] <= 5


@given(families.pairwise_uniform())
@draws
def test_every_pair_of_tasks_is_uniform(problem: ufm.SingleSource) -> None:
    assert len(problem.classes) >= 3
    for s, t in itertools.combinations(range(len(problem.classes)), 2):
        table = joint_counts(problem, s, t)
        assert np.all(table == table[0, 0]), (s, t)


def test_pairwise_uniform_draws_counts_that_vary_and_tuples_that_are_absent() -> None:
    varying = smallest(families.pairwise_uniform(), lambda p: len(set(p.counts.tolist())) > 1)
    assert 4 < len(varying.counts) <= 16


@given(families.task_balanced(background=(0, 2)))
@draws
def test_task_balanced_has_constant_row_and_column_sums(problem: ufm.SingleSource) -> None:
    table = joint_counts(problem, 0, 1)
    assert len({*table.sum(axis=0).tolist(), *table.sum(axis=1).tolist()}) == 1


@given(families.task_balanced(symmetric=True))
@draws
def test_symmetric_counts_do_not_change_when_tasks_are_exchanged(problem: ufm.SingleSource) -> None:
    table = problem.count_tensor()
    np.testing.assert_array_equal(table, table.T)


@given(families.task_balanced(classes=range(3, 5), class_symmetric=True))
@draws
def test_class_symmetric_counts_do_not_change_when_classes_are_relabelled(problem: ufm.SingleSource) -> None:
    table = problem.count_tensor()
    K = problem.classes[0]
    for order in itertools.permutations(range(K)):
        np.testing.assert_array_equal(table[np.ix_(order, order)], table)


def test_task_balanced_reaches_counts_without_class_symmetry() -> None:
    def lopsided(problem: ufm.SingleSource) -> bool:
        return len(set(np.diag(problem.count_tensor()).tolist())) > 1

    assert smallest(families.task_balanced(classes=3), lopsided).classes == (3, 3)


@given(families.correlated(n_same=(0, 3), n_different=(0, 3)))
@draws
def test_correlated_counts_depend_on_agreement_only(problem: ufm.SingleSource) -> None:
    table = problem.count_tensor()
    assert len(set(np.diag(table).tolist())) == 1
    assert len(set(table[~np.eye(len(table), dtype=bool)].tolist())) == 1


@given(families.long_tailed(tasks=1, classes=4, n=(64, 64), ratio=(2**-6, 2**-6)))
@draws
def test_long_tailed_falls_geometrically(problem: ufm.SingleSource) -> None:
    assert problem.counts.tolist() == [64, 16, 4, 1]


@given(families.arbitrary())
@draws
def test_arbitrary_has_a_sample(problem: ufm.SingleSource) -> None:
    assert problem.samples >= 1


@given(families.multi_label(balanced=True))
@draws
def test_multi_label_balanced_within_each_multiplicity(problem: ufm.MultiLabel) -> None:
    for m in set(problem.multiplicities.tolist()):
        assert len(set(problem.counts[problem.multiplicities == m].tolist())) == 1


@pytest.mark.parametrize("name", list(families.FAMILIES))
def test_draws_lie_on_both_sides_of_the_thresholds(name: str) -> None:
    """λ_H λ_W against N/(4 K), the threshold of Theorem 3.1 for the largest task."""
    past = []

    @given(families.FAMILIES[name]())
    @settings(max_examples=100, database=None, derandomize=True)
    def draw(problem: Any) -> None:
        past.append(problem.lambda_H * problem.lambda_W >= problem.samples / (4 * max(problem.classes)))

    draw()
    assert 0.02 < np.mean(past) < 0.6


@pytest.mark.parametrize("name", list(families.FAMILIES))
def test_shrinking_ends_at_fewest_classes_and_samples_and_simple_settings(name: str) -> None:
    problem = smallest(families.FAMILIES[name]())
    assert set(problem.classes) == {2}
    assert problem.samples <= 6
    assert {problem.lambda_H, problem.lambda_W, problem.lambda_b} == {1 / 16}
    assert problem.task_weights.tolist() == [1.0] * len(problem.classes)
    assert problem.label_smoothing == 0


def test_shared_settings_are_drawn_from_their_ranges() -> None:
    seen = []
    lambdas = {"lambda_H": 0.3, "lambda_W": (0.1, 1.0)}
    family = families.balanced(
        tasks=2, lambdas=lambdas, task_weights=(0.25, 4), label_smoothing=(0, 0.25), reduction=("sum", "mean")
    )

    @given(family)
    @draws
    def draw(problem: ufm.SingleSource) -> None:
        seen.append(problem)
        assert problem.lambda_H == 0.3
        assert problem.lambda_W in (0.125, 0.25, 0.5, 1.0)
        assert set(problem.task_weights.tolist()) <= {0.25, 0.5, 1.0, 2.0, 4.0}
        assert 0 <= problem.label_smoothing <= 0.25

    draw()
    assert {p.reduction for p in seen} == {"sum", "mean"}
    assert len({p.label_smoothing for p in seen}) > 1
    assert len({p.lambda_b for p in seen}) > 1
    assert len({tuple(p.task_weights) for p in seen}) > 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: families.balanced(classes=1), "classes"),
        (lambda: families.balanced(classes=(3, 1)), "classes"),
        (lambda: families.balanced(tasks=0), "tasks"),
        (lambda: families.balanced(n=0), "n must"),
        (lambda: families.balanced(n=(5, 2)), "low ≤ high"),
        (lambda: families.balanced(n=(1, 2, 3)), "n must"),
        (lambda: families.balanced(lambdas=0), "lambda_H"),
        (lambda: families.balanced(lambdas=(1, 0.5)), "low ≤ high"),
        (lambda: families.balanced(lambdas={"lambda_Q": 1}), "lambda_Q"),
        (lambda: families.balanced(reduction="median"), "reduction"),
        (lambda: families.balanced(label_smoothing=(0, 1)), "label_smoothing"),
        (lambda: families.balanced(task_weights=-1), "task_weights"),
        (lambda: families.balanced(source="both"), "source"),
        (lambda: families.balanced(reduction=()), "reduction"),
        (lambda: families.balanced(lambda_H=1), "'lambda_H' is not a keyword of this family"),
        (lambda: families.pairwise_uniform(classes=4, tasks=4), "tasks=4"),
        (lambda: families.pairwise_uniform(classes=(2, 3, 2)), "equally many"),
        (lambda: families.task_balanced(classes=(2, 3)), "range"),
        (lambda: families.task_balanced(tasks=3), "tasks=3"),
        (lambda: families.correlated(classes=(3, 3, 3)), "2 tasks"),
        (lambda: families.long_tailed(ratio=0), "ratio"),
        (lambda: families.long_tailed(ratio=(0.5, 2)), "ratio must be at most 1"),
        (lambda: families.multi_label(tasks=2), "tasks=2"),
        (lambda: families.multi_label(task_weights=2), "task_weights"),
        (lambda: families.balanced(loss="squared"), "did you mean 'squared-error'"),
        (lambda: families.balanced(loss=()), "loss"),
        (lambda: families.balanced(loss=("squared-error", "hinge")), "'hinge'"),
        (lambda: families.balanced(mixed=1), "mixed must be True"),
        (lambda: families.multi_label(mixed=True), "mixed is not an option of multi_label"),
        (lambda: families.balanced(bias="free bias"), "bias"),
        (lambda: families.balanced(bias="none", lambdas={"lambda_b": 1}), "lambdas names 'lambda_b'"),
        (lambda: families.balanced(missing=-1), "missing"),
        (lambda: families.balanced(missing=(3, 1)), "missing must be a range"),
        (lambda: families.balanced(missing=1, tasks=1), "a sample of one task cannot miss its label"),
        (lambda: families.balanced(missing=1, source="multi"), "which it cannot miss"),
        (lambda: families.arbitrary(missing=10**6), "at most 1,000 labels"),
        (lambda: families.multi_label(missing=1), "'missing' is not a keyword of this family"),
        (lambda: families.family("task-balansed"), "did you mean 'task-balanced'"),
        (lambda: families.family(3), "family='3' is not known"),
    ],
)
def test_bad_arguments_are_refused_when_the_family_is_named(call: Any, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_size_orders_by_tasks_classes_labels_and_samples() -> None:
    shared = {"lambda_H": 1 / 16, "lambda_W": 1 / 16, "lambda_b": 1 / 16}
    ordered = [
        ufm.SingleSource([9, 9], **shared),
        ufm.SingleSource([1, 1, 1], **shared),
        ufm.SingleSource([[9, 0], [0, 9]], **shared),
        ufm.SingleSource([[1, 1], [1, 1]], **shared),
        ufm.SingleSource([[1, 1], [1, 1]], **{**shared, "lambda_b": 1 / 8}),
        ufm.SingleSource([[1, 1], [1, 2]], **shared),
    ]
    sizes = [size(problem) for problem in ordered]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(sizes)


ALL = ("cross-entropy", "binary-cross-entropy", "squared-error")


def drawn(strategy: Any) -> list[Any]:
    seen = []

    @given(strategy)
    @draws
    def draw(problem: Any) -> None:
        seen.append(problem)

    draw()
    return seen


@pytest.mark.parametrize("name", [name for name in families.FAMILIES if name != "mixed-losses"])
def test_every_family_draws_losses_and_biases(name: str) -> None:
    seen = drawn(families.family(name)(loss=ALL, bias=("free", "none", "penalized")))
    assert {problem.loss for problem in seen} == set(ALL)
    assert {problem.lambda_b for problem in seen} >= {0.0, None}
    assert any(problem.lambda_b for problem in seen)
    plain = drawn(families.family(name)())
    assert {problem.loss for problem in plain} == {"cross-entropy"}
    assert all(problem.lambda_b for problem in plain)


def test_tasks_draw_losses_of_their_own() -> None:
    seen = drawn(families.mixed_losses())
    assert {loss for problem in seen for loss in problem.losses} == set(ALL)
    assert any(len(set(problem.losses)) > 1 for problem in seen)
    two = drawn(families.balanced(source="multi", loss=ALL[:2], mixed=True))
    assert {loss for problem in two for loss in problem.losses} == set(ALL[:2])


@pytest.mark.parametrize(
    "name", ["balanced", "pairwise-uniform", "task-balanced", "correlated", "long-tailed", "arbitrary", "mixed-losses"]
)
def test_labels_are_left_out_and_no_class_or_sample_is_lost(name: str) -> None:
    seen = drawn(families.family(name)(missing=(1, 4)))
    assert any((problem.labels == -1).any() for problem in seen)
    assert sum((problem.labels == -1).sum() for problem in seen) > len(seen) // 4
    for problem in seen:
        assert (problem.labels != -1).any(axis=1).all()
        if name not in ("arbitrary", "mixed-losses"):
            for t, k in enumerate(problem.classes):
                assert set(problem.labels[:, t].tolist()) - {-1} == set(range(k))


def test_losses_and_biases_shrink_to_the_first_named() -> None:
    problem = smallest(families.balanced(loss=("squared-error", "cross-entropy"), bias=("none", "penalized")))
    assert (problem.loss, problem.lambda_b) == ("squared-error", None)
    missing = smallest(families.task_balanced(missing=(0, 3)), lambda problem: (problem.labels == -1).any())
    assert (missing.labels == -1).sum() == 1
