"""Real targets, soft labels and missing labels: what becomes a column, what is refused, and in which words."""

import warnings

import numpy as np
import pytest
import torch

from ufm import MultiLabel, MultiSource, Regression, SingleSource, SoftLabels, solve

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.01}
TABLE = [[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]
NAN = float("nan")


@pytest.mark.parametrize(
    "table",
    [
        TABLE,
        tuple(map(tuple, TABLE)),
        np.array(TABLE),
        np.array(TABLE, dtype=np.float32),
        np.array(TABLE, dtype=int),
        torch.tensor(TABLE, requires_grad=True),
        torch.tensor(TABLE, dtype=torch.bfloat16),
        [np.array(TABLE)],
        [TABLE],
        [torch.tensor(TABLE)],
    ],
    ids=lambda table: type(table).__name__,
)
def test_a_table_of_targets(table):
    problem = Regression(table, **LAMBDAS)
    assert problem.classes == (2,)
    assert problem.targets.tolist() == TABLE[:2]
    assert problem.targets.dtype == np.float64
    assert problem.counts.tolist() == [2, 1]
    assert problem.labels.tolist() == [[0], [1]]
    assert problem.loss == "squared-error"
    assert problem.columns(table).tolist() == [0, 1, 0]
    (form,) = problem.standard_forms()
    assert form.targets.tolist() == np.transpose(TABLE[:2]).tolist()


@pytest.mark.parametrize(
    "blocks",
    [
        [np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])],
        (torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[5.0], [6.0]])),
        [[[1, 2], [3, 4]], [[5], [6]]],
    ],
)
def test_one_array_for_each_task(blocks):
    problem = Regression(blocks, counts=[3, 1], task_weights=[1, 2], **LAMBDAS)
    assert problem.classes == (2, 1)
    assert problem.targets.tolist() == [[1, 2, 5], [3, 4, 6]]
    assert problem.samples == 4
    assert problem.columns(blocks).tolist() == [0, 1]


def test_a_vector_is_one_output():
    for vector in ([1.0, 2.0, 1.0], np.array([1.0, 2.0, 1.0]), torch.tensor([1.0, 2.0, 1.0])):
        assert Regression(vector, **LAMBDAS).classes == (1,)


def test_equal_rows_are_one_column_in_order_of_occurrence_and_zero_has_no_sign():
    problem = Regression([[5.0], [-0.0], [5.0], [0.0], [1.0]], counts=[1, 2, 3, 4, 0], **LAMBDAS)
    assert problem.targets.tolist() == [[5.0], [0.0]]
    assert problem.counts.tolist() == [4, 6]


def test_what_is_given_is_neither_written_nor_kept():
    given = np.array(TABLE)
    given.flags.writeable = False
    problem = Regression(given, **LAMBDAS)
    problem.targets[:] = 0
    assert given.tolist() == TABLE
    soft = np.array([[0.5, 0.5000001]])
    SingleSource.from_probabilities([soft], **LAMBDAS)
    assert soft.tolist() == [[0.5, 0.5000001]]


def test_soft_labels_are_columns_whose_rows_sum_to_one():
    P = torch.softmax(torch.randn(5, 7, generator=torch.Generator().manual_seed(0)), dim=1)
    problem = SingleSource.from_probabilities([P[[0, 1, 2, 3, 4, 0]]], counts=[1, 2, 3, 4, 5, 6], **LAMBDAS)
    assert isinstance(problem, SoftLabels)
    assert problem.counts.tolist() == [7, 2, 3, 4, 5]
    np.testing.assert_allclose(problem.targets.sum(axis=1), 1.0, rtol=1e-15)
    np.testing.assert_allclose(problem.targets, P, rtol=1e-6)
    assert problem.columns([P]).tolist() == [0, 1, 2, 3, 4]
    assert problem.columns([problem.targets]).tolist() == [0, 1, 2, 3, 4]  # divided once


def test_smoothing_keeps_the_mass_of_soft_labels():
    P = np.array([[0.7, 0.2, 0.1]])
    problem = SingleSource.from_probabilities([P], label_smoothing=0.3, **LAMBDAS)
    (form,) = problem.standard_forms()
    np.testing.assert_allclose(form.targets[:, 0], 0.7 * P[0] + 0.1, rtol=1e-15)
    assert problem.targets.tolist() == P.tolist()
    loose = SingleSource.from_probabilities([P / 2], label_smoothing=0.3, loss="binary-cross-entropy", **LAMBDAS)
    np.testing.assert_allclose(loose.standard_forms()[0].targets[:, 0], 0.35 * P[0] + 0.05, rtol=1e-15)


def test_missing_labels_are_masked_and_counted():
    labels = [[0, 7], [1, 0], [7, 0], [0, 7]]
    problem = SingleSource.from_labels(labels, missing=7, loss="squared-error", **LAMBDAS)
    assert problem.classes == (2, 2)
    assert problem.labels.tolist() == [[-1, 0], [0, -1], [1, 0]]
    assert problem.counts.tolist() == [1, 2, 1]
    (form,) = problem.standard_forms()
    assert form.labelled.tolist() == [[False, True, True], [True, False, True]]
    assert form.targets.tolist() == [[0, 1, 0], [0, 0, 1], [1, 0, 1], [0, 0, 0]]
    assert form.masses().tolist() == [[0, 1, 1], [1, 0, 1]]
    with pytest.raises(ValueError, match="no place in a dense tensor"):
        problem.count_tensor()
    same = SingleSource.from_labels(np.where(np.array(labels) == 7, -100, labels), missing=-100, **LAMBDAS)
    assert same.labels.tolist() == problem.labels.tolist()


def test_a_mark_that_no_sample_bears_changes_nothing():
    problem = SingleSource.from_labels([[0, 1], [1, 0]], missing=-1, **LAMBDAS)
    assert problem.standard_forms()[0].labelled is None


def test_an_empty_class_0_is_warned_of_beside_missing_labels():
    with pytest.warns(UserWarning, match=r"labels\[:, 0\] has no sample of class 0") as heard:
        SingleSource.from_labels([[1, 1], [2, -1], [-1, 0]], missing=-1, **LAMBDAS)
    assert len(heard) == 1
    assert heard[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SingleSource.from_labels([[0, 1], [1, -1], [-1, 0]], missing=-1, **LAMBDAS)


@pytest.mark.parametrize("loss", ["binary-cross-entropy", "squared-error"])
def test_the_empty_label_set_is_a_target_of_other_losses(loss):
    problem = MultiLabel.from_indicators([[0, 1], [0, 0], [0, 0]], loss=loss, **LAMBDAS)
    assert problem.label_sets == [(), (1,)]
    assert problem.samples_by_multiplicity() == {0: 2, 1: 1}
    assert problem.count(()) == 2
    assert MultiLabel.balanced(3, {0: 4, 2: 1}, loss=loss, **LAMBDAS).samples == 7
    assert MultiLabel({(): 0, (0,): 2}, classes=3, **LAMBDAS).samples == 2  # no sample, no matter


def single(**changes):
    return SingleSource([[3, 2], [1, 2]], **{**LAMBDAS, **changes})


def soft(tables, *counts, **changes):
    return SingleSource.from_probabilities(tables, *counts, **{**LAMBDAS, **changes})


def labelled(labels, **arguments):
    return SingleSource.from_labels(labels, **arguments, **LAMBDAS)


REFUSED = [
    (lambda: single(loss="squared-eror"), ValueError, "got 'squared-eror'; did you mean 'squared-error'"),
    (lambda: single(loss=["squared-error", "entropy"]), ValueError, r"loss\[1\] must be one of .*got 'entropy'"),
    (lambda: single(loss=["squared-error"]), ValueError, "loss must be one name or 2 names, one per task, got 1"),
    (lambda: single(loss=None), ValueError, "loss must be one of"),
    (lambda: single(loss=[]), ValueError, "loss must be one of"),
    (lambda: single(loss=3), ValueError, "loss must be one of"),
    (lambda: MultiSource([[1, 2]], loss=["squared-error"] * 2, **LAMBDAS), ValueError, "loss must be one name, got 2"),
    (lambda: single(lambda_b=-1), ValueError, "lambda_b must be finite and ≥ 0, or None, got -1; 0 leaves the bias"),
    (lambda: single(lambda_b="none"), TypeError, "lambda_b must be a number ≥ 0 or None, got 'none'"),
    (lambda: single(lambda_b=False), TypeError, "lambda_b must be a number ≥ 0 or None, got False"),
    (lambda: soft([[[0.5, 1.5]]], loss="binary-cross-entropy"), ValueError, r"\[0\]\[0, 1\] = 1.5 is not a prob"),
    (lambda: soft([[[0.5, 0.4]]]), ValueError, r"probabilities\[0\]\[0\] has .* sum 0.9.*loss='binary-cross-entropy'"),
    (lambda: soft([[[0.5, NAN]]]), ValueError, r"probabilities\[0\]\[0, 1\] = nan is not finite"),
    (lambda: soft(np.full((4, 2), 0.5)), ValueError, r"the table P of a single task is \[P\]"),
    (lambda: soft([[[1.0], [1.0]]]), ValueError, r"probabilities\[0\] must have shape \(N, K\) with K ≥ 2"),
    (lambda: soft([np.full((4, 2), 0.5), np.full((3, 2), 0.5)]), ValueError, r"probabilities\[1\] has 3 rows"),
    (lambda: soft([np.full((4, 2), 0.5)], [1, 2]), ValueError, r"counts must have shape \(4,\).*got \(2,\)"),
    (lambda: soft([np.full((2, 2), 0.5)], [0, 0]), ValueError, "counts sums to 0"),
    (lambda: soft([np.full((2, 2), 0.5)], [-1, 2]), ValueError, "counts must be ≥ 0, got -1"),
    (lambda: soft("ab"), TypeError, "probabilities must be a list of T arrays"),
    (lambda: soft([]), TypeError, "probabilities must be a list of T arrays"),
    (lambda: soft([[[0.5, 0.5]]], loss=["squared-error"] * 2), ValueError, "loss must be one name, got 2"),
    (lambda: Regression([[1.0, NAN]], **LAMBDAS), ValueError, r"targets\[0, 1\] = nan is not finite"),
    (lambda: Regression([[1.0], [2.0, 3.0]], **LAMBDAS), ValueError, "targets must be a full array"),
    (lambda: Regression(np.ones((2, 2, 2)), **LAMBDAS), ValueError, r"targets must have shape \(N, K\).*\(2, 2, 2\)"),
    (lambda: Regression(3.0, **LAMBDAS), ValueError, "targets must have shape"),
    (lambda: Regression(None, **LAMBDAS), TypeError, "targets must hold real numbers"),
    (lambda: Regression([["a"]], **LAMBDAS), TypeError, "targets must hold real numbers"),
    (lambda: Regression(np.ones((2, 1)) * 1j, **LAMBDAS), TypeError, "targets must hold real numbers"),
    (lambda: Regression([np.ones((3, 2)), np.ones((2, 1))], **LAMBDAS), ValueError, r"targets\[1\] has 2 rows"),
    (lambda: Regression(TABLE, [1, 2], **LAMBDAS), ValueError, r"counts must have shape \(3,\)"),
    (lambda: Regression(TABLE, task_weights=[1, 2], **LAMBDAS), ValueError, r"task_weights must have shape \(1,\)"),
    (lambda: Regression(TABLE, label_smoothing=0.1, **LAMBDAS), ValueError, "label_smoothing=0.1: real targets have"),
    (
        lambda: Regression(TABLE, loss="cross-entropy", **LAMBDAS),
        ValueError,
        "Regression has squared error",
    ),
    (lambda: Regression(TABLE, **LAMBDAS).columns([[3, 5]]), ValueError, r"targets\[0\] = \[3.0, 5.0\] is not a t"),
    (lambda: Regression(TABLE, **LAMBDAS).columns([[3], [1]]), ValueError, r"targets must have \(2,\) columns"),
    (lambda: labelled([[0, 1], [1, -1]]), ValueError, r"labels\[1, 1\] = -1; missing=-1 marks"),
    (
        lambda: labelled([[0, 1], [1, NAN]]),
        ValueError,
        r"labels\[1, 1\] = nan; .*replace it by -1",
    ),
    (lambda: labelled([[0, 1]], missing="nan"), TypeError, "missing must be the integer .* such as -1, got 'nan'"),
    (lambda: labelled([[0, 1]], missing=NAN), ValueError, "missing must be the integer .* such as -1, got nan"),
    (lambda: labelled([[0, 1]], missing=True), TypeError, "missing must be the integer .* got True"),
    (lambda: labelled([[0], [5], [6]], missing=5), ValueError, "missing=5 is one of task 0's classes 0 … 6"),
    (lambda: labelled([[0, 2], [1, 2]], missing=2, classes=(2, 3)), ValueError, "missing=2 is one of task 1's classes"),
    (lambda: labelled([[0, -2], [1, -1]], missing=-2), ValueError, r"labels\[1, 1\] = -1 is outside task 1"),
    (lambda: labelled([[0, -1], [1, -1]], missing=-1), ValueError, "task 1 has no label at all; leave the task out"),
    (lambda: labelled([[0, 1], [-1, -1]], missing=-1), ValueError, r"labels\[1\] has no label in any task"),
    (lambda: labelled([0, 1, -1], missing=-1), ValueError, r"labels\[2\] has no label in any task"),
]


def test_targets_too_large_for_float64_are_refused_before_any_work():
    with pytest.raises(ValueError, match=r"targets reach 1e\+200.*in units in which they are of order one"):
        solve(Regression([[1e200]], **LAMBDAS))


@pytest.mark.parametrize(("build", "error", "words"), REFUSED)
def test_refused_in_words_that_help(build, error, words):
    with pytest.raises(error, match=words):
        build()


@pytest.mark.parametrize(
    ("problem", "squares"),
    [
        (Regression([[3.0, 4.0]] * 5, task_weights=[2.0], **(LAMBDAS | {"lambda_b": 0.0})), 2 * 5 * 25),
        (Regression([[3.0, 4.0]] * 5, **LAMBDAS), 0),  # the bias costs
        (Regression([[3.0, 4.0]] * 5, **(LAMBDAS | {"lambda_b": None})), 0),
        (Regression([[3.0, 4.0], [3.0, 5.0]], **(LAMBDAS | {"lambda_b": 0.0})), 0),
        (SingleSource([6, 0], loss="squared-error", **(LAMBDAS | {"lambda_b": 0.0})), 6),
        (SingleSource([6, 1], loss="squared-error", **(LAMBDAS | {"lambda_b": 0.0})), 0),
    ],
)
def test_an_objective_that_counts_as_nothing_where_a_free_bias_may_fit_all(problem, squares):
    """float64's ε times ½ Σ c n ‖y‖², where every target is the same; else 0."""
    (form,) = problem.standard_forms()
    assert form.nothing() == 2.0**-52 * squares / 2
