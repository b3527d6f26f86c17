"""Which theorem is picked, what is said where none is, and how answers and errors read."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from strangers import fields

import theory
from theory.reading import FIELDS, read
from theory.theorems import theorem_3_1, theorem_5_1
from ufm import MultiLabel, MultiSource, SingleSource

SETS = "Li et al. 2024, Theorem 1"
CLASSES = "Theorem 5.1 with K classes"
PAIRWISE = "Theorem 3.1 for pairwise-uniform counts"
LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}


def failures(problem):
    with pytest.raises(theory.NotCovered) as caught:
        theory.predict(problem)
    return caught.value


@pytest.mark.parametrize(
    ("problem", "theorem"),
    [
        (SingleSource.balanced((3, 3), n=2, **LAMBDAS), "Theorem 3.1"),
        (SingleSource.balanced((3, 3), n=2, task_weights=(1, 2), **LAMBDAS), "Theorem B.2"),
        (SingleSource.balanced((3, 3), n=2, task_weights=(2, 2), **LAMBDAS), "Theorem B.2"),
        (SingleSource.balanced((3, 4), n=2, **LAMBDAS), "Theorem B.2"),
        (SingleSource.balanced((2, 2), n=2, **LAMBDAS), "Theorem 3.1"),
        (SingleSource.balanced((2, 2, 2), n=2, **LAMBDAS), "Theorem 3.1"),
        (SingleSource.orthogonal_array(3, 4, **LAMBDAS), PAIRWISE),
        (SingleSource.orthogonal_array(3, 2, **LAMBDAS), "Theorem 3.1"),
        (SingleSource.correlated(2, n_same=3, n_different=2, **LAMBDAS), "Theorem 5.1"),
        (SingleSource.correlated(3, n_same=3, n_different=2, **LAMBDAS), CLASSES),
        (SingleSource.correlated(2, n_same=3, n_different=2, task_weights=(3, 3), **LAMBDAS), CLASSES),
        (MultiSource.balanced((2, 3), n=(4, 9), **LAMBDAS), "Theorem 3.2"),
        (MultiSource.balanced((2,), n=4, **LAMBDAS), "Theorem 3.2"),
        (MultiLabel.balanced(3, {1: 4, 3: 2}, **LAMBDAS), SETS),
    ],
)
def test_precedence(problem, theorem):
    prediction = theory.predict(problem)
    assert prediction.theorem == theorem
    assert all(row.holds for row in prediction.hypotheses)
    assert theory.predict(fields(problem)).objective == prediction.objective


def test_theorems_agree_where_both_hold():
    reading = read(SingleSource.balanced((2, 2), n=5, **LAMBDAS))
    one, other = (t.predict(reading, t.hypotheses(reading)) for t in (theorem_3_1, theorem_5_1))
    assert one.objective == pytest.approx(other.objective, rel=1e-14)
    np.testing.assert_allclose(one.gram_W, other.gram_W, rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(one.logits, other.logits, rtol=1e-14)
    np.testing.assert_allclose(one.cosines, other.cosines, atol=1e-15)
    np.testing.assert_allclose(one.feature_weights, other.feature_weights, rtol=1e-14)


def test_single_source_and_one_task_of_multi_source_agree():
    """Theorem B.2 with T = 1 is a task of Theorem 3.2."""
    one = theory.predict(SingleSource.balanced((5,), n=3, **LAMBDAS))
    other = theory.predict(MultiSource.balanced((5,), n=3, **LAMBDAS))
    assert one.objective == pytest.approx(other.objective, rel=1e-15)
    np.testing.assert_allclose(one.gram_W, other.gram_W, rtol=1e-14)
    np.testing.assert_allclose(one.logits, other.logits[0], rtol=1e-14)


def test_unbalanced_counts_are_named():
    answer = failures(SingleSource([[21, 6, 3], [6, 23, 1], [3, 1, 26]], **LAMBDAS))
    assert list(answer.failures) == ["Theorem 3.1", PAIRWISE, "Theorem 3.2", "Theorem 5.1", CLASSES, SETS]
    assert [row.name for row in answer.failures["Theorem 3.1"]] == ["label-balanced"]
    assert "Theorem 3.1: label-balanced fails: counts range 1 to 26 over 9 of 9 tuples" in str(answer)
    assert "Theorem 3.2: multi source fails: source 'single'" in str(answer)
    assert "Theorem 5.1: binary tasks fails: classes 3, 3" in str(answer)


def test_theorems_of_other_losses_are_named_only_where_none_is_about_the_loss():
    problem = SingleSource([5, 3], **LAMBDAS, loss="squared-error")
    assert list(failures(problem).failures) == ["Squared error"]
    assert "Theorem 3.1" in failures(fields(problem, loss="focal")).failures


def test_not_task_balanced():
    answer = failures(SingleSource([[5, 3], [2, 5]], **LAMBDAS))
    (row,) = answer.failures["Theorem 5.1"]
    assert row.name == "task-balanced"
    assert "n^{12} = 3, n^{21} = 2" in row.found


def test_missing_tuples():
    """One sample of one tuple of an orthogonal array moved to a tuple that is absent."""
    counts = SingleSource.orthogonal_array(3, 3, n=4, **LAMBDAS).count_tensor()
    assert theory.predict(SingleSource(counts, **LAMBDAS)).theorem == PAIRWISE
    counts[0, 0, 0] -= 1
    counts[0, 0, 1] += 1
    answer = failures(SingleSource(counts, **LAMBDAS))
    assert "counts range 1 to 4 over 10 of 27 tuples" in str(answer)
    assert "pairwise uniform fails: tasks 1 and 3: counts range 3 to 5 over 9 of 9 pairs" in str(answer)
    assert "two tasks fails: T = 3" in str(answer)


def test_pairs_of_classes_that_no_tuple_has():
    answer = failures(SingleSource([[[3, 0], [0, 0]], [[0, 0], [0, 3]]], **LAMBDAS))
    assert "pairwise uniform fails: tasks 1 and 2: 2 label tuples for 4 pairs of classes" in str(answer)
    answer = failures(SingleSource([3, 5], **LAMBDAS))
    assert "several tasks fails: T = 1" in str(answer)


def test_forty_binary_attributes():
    labels = np.random.default_rng(0).integers(0, 2, (500, 40))
    answer = failures(SingleSource.from_labels(labels, classes=(2,) * 40, **LAMBDAS))
    assert "over 500 of 1,099,511,627,776 tuples" in str(answer)
    assert "T = 40" in str(answer)


def test_unequal_weights_of_correlated_tasks():
    answer = failures(SingleSource.correlated(2, n_same=5, n_different=3, task_weights=(1, 2), **LAMBDAS))
    assert [row.name for row in answer.failures["Theorem 5.1"]] == ["equal task weights"]
    assert "c = 1, 2" in str(answer)


@pytest.mark.parametrize(
    "problem",
    [
        SingleSource.balanced((2, 2), n=3, label_smoothing=0.1, **LAMBDAS),
        SingleSource.correlated(2, n_same=3, n_different=1, label_smoothing=0.1, **LAMBDAS),
        SingleSource.orthogonal_array(3, 4, label_smoothing=0.1, **LAMBDAS),
        MultiSource.balanced((2, 2), n=3, label_smoothing=0.1, **LAMBDAS),
    ],
)
def test_label_smoothing_is_named(problem):
    prediction = theory.predict(problem)
    assert prediction.theorem.endswith("with label smoothing")
    assert not prediction.within_theorem
    assert str(prediction).startswith(f"{prediction.theorem} (beyond the paper)\n")


def test_one_task_is_that_of_zhu_et_al():
    assert "with T = 1 (Zhu et al. 2021" in theory.predict(SingleSource.balanced((5,), n=3, **LAMBDAS)).citation
    assert "Zhu" not in theory.predict(SingleSource.balanced((5, 5), n=3, **LAMBDAS)).citation


def test_unbalanced_tasks_of_multi_source():
    answer = failures(MultiSource([[3, 3], [4, 0, 4], [5, 6]], **LAMBDAS))
    assert [row.found for row in answer.failures["Theorem 3.2"]] == [
        "task 2: every count is 4 over 2 of 3 classes",
        "task 3: counts range 5 to 6 over 2 of 2 classes",
    ]


def test_another_kind_of_problem():
    answer = failures(SimpleNamespace(source="multi-label"))
    assert all("source 'multi-label'" in str(rows[0]) for rows in answer.failures.values())


@pytest.mark.parametrize("name", ["source", *FIELDS])
def test_missing_field(name):
    stranger = fields(SingleSource.balanced((2, 2), n=3, **LAMBDAS))
    delattr(stranger, name)
    with pytest.raises(TypeError, match=f"SimpleNamespace has no field '{name}'"):
        theory.predict(stranger)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lambda_H": 0.0}, "lambda_H must be finite and > 0, got 0.0"),
        ({"lambda_W": float("nan")}, "lambda_W must be finite"),
        ({"lambda_b": -1.0}, "lambda_b must be finite"),
        ({"reduction": "median"}, "reduction must be 'sum' or 'mean', got 'median'"),
        ({"label_smoothing": 1.0}, "label_smoothing must be ≥ 0 and < 1, got 1.0"),
        ({"label_smoothing": -0.1}, "label_smoothing must be"),
        ({"task_weights": [1.0]}, "task_weights has 1 entries, classes has 2"),
        ({"task_weights": [1.0, -1.0]}, r"task_weights\[1\] must be finite and > 0"),
        ({"labels": np.zeros((4, 3))}, r"labels must have shape \(columns, T\) = \(4, 2\), got \(4, 3\)"),
        ({"labels": np.full((4, 2), 2)}, "labels must lie in"),
        ({"counts": np.array([1, 1, 1, -1])}, "counts must be whole"),
        ({"counts": np.array([1, 1, 1, 0.5])}, "counts must be whole"),
    ],
)
def test_impossible_fields(changes, message):
    with pytest.raises(ValueError, match=message):
        theory.predict(fields(SingleSource.balanced((2, 2), n=3, **LAMBDAS), **changes))


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e-100, 1e100, 1e200, 1e300])
@pytest.mark.parametrize("settings", [{}, {"label_smoothing": 0.1}, {"reduction": "mean"}])
def test_extreme_lambdas_are_predicted(size, settings):
    """Products of λ's leave float64, their roots do not."""
    scale = {"lambda_H": size, "lambda_W": size, "lambda_b": size, **settings}
    for problem in (
        SingleSource.balanced((3, 3), 5, **scale),
        SingleSource.correlated(2, n_same=3, n_different=1, **scale),
        SingleSource.correlated(4, n_same=3, n_different=1, **scale),
        SingleSource.correlated(4, n_same=0, n_different=1, **scale),
        MultiSource.balanced((2, 3), 4, **scale),
        MultiLabel.balanced(3, {1: 3, 2: 2, 3: 1}, **scale),
    ):
        prediction = theory.predict(problem)
        enclosed = theory.objective_in_balls(problem)
        assert prediction.objective == pytest.approx((enclosed.lower + enclosed.upper) / 2, rel=1e-12)
        assert np.isfinite(prediction.gram_W[0, 0])
        assert "λ_Hλ_W" in str(prediction)


def test_impossible_fields_of_multi_source():
    with pytest.raises(ValueError, match="counts has 1 entries, one per task, classes has 2"):
        theory.predict(fields(MultiSource.balanced((2, 2), n=3, **LAMBDAS), counts=[np.ones(2)]))


def test_order_of_columns_is_the_problems():
    problem = SingleSource.correlated(2, n_same=5, n_different=3, **LAMBDAS)
    order = [2, 0, 3, 1]
    shuffled = fields(problem, labels=problem.labels[order], counts=problem.counts[order])
    one, other = theory.predict(problem), theory.predict(shuffled)
    np.testing.assert_array_equal(one.logits[:, order], other.logits)
    np.testing.assert_array_equal(one.H()[:, order], other.H())


def test_a_repeated_tuple_is_not_balance():
    problem = SingleSource.balanced((2, 3), n=3, **LAMBDAS)
    labels = problem.labels.copy()
    labels[0] = labels[1]
    assert "label-balanced" in str(failures(fields(problem, labels=labels)))


def test_dim_must_be_an_integer():
    prediction = theory.predict(SingleSource.balanced((2, 2), n=3, **LAMBDAS))
    with pytest.raises(TypeError, match=r"dim must be an integer ≥ 2, got 2\.5"):
        prediction.W(2.5)
    assert prediction.W(np.int64(3))[0].shape == (2, 3)


def test_prints():
    inside = theory.predict(SingleSource.correlated(2, n_same=38, n_different=2, **LAMBDAS))
    text = str(inside)
    assert text.splitlines()[0] == "Theorem 5.1"
    assert re.search(r"regime +both pairs of labels below threshold", text)
    assert re.search(r"labels that differ +λ_Hλ_W = 0.0025 < 1, margin 3.66356", text)
    assert re.search(r"task-balanced +holds: n\^\{11\} = 38", text)
    assert len(repr(inside)) < 200
    past = theory.predict(SingleSource.correlated(2, n_same=38, n_different=0, **LAMBDAS))
    assert str(past).startswith("Theorem 5.1, past its threshold (beyond the paper)\n")
    html = past._repr_html_()
    assert html.startswith("<table>")
    assert "λ_Hλ_W = 0.0025 ≥ 0" in html
    assert "< 1" not in inside._repr_html_()  # escaped


def test_prints_many_tasks():
    text = str(theory.predict(MultiSource.balanced((2,) * 20, n=3, **LAMBDAS)))
    assert "… and 14 more" in text
    assert len(text.splitlines()) < 20


def test_not_covered_travels():
    answer = failures(SingleSource([[5, 3], [2, 5]], **LAMBDAS))
    copy = pickle.loads(pickle.dumps(answer))
    assert str(copy) == str(answer)
    assert copy.failures == answer.failures


def test_knows_no_solver():
    for path in Path(theory.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & {"ufm", "verify", "torch"}, path


@pytest.mark.parametrize(("tasks", "told"), [(6, "3, 3, 3, 3, 3, 3"), (7, "3, 3, 3, 3, 3, 3, …")])
def test_a_hypothesis_lists_six_numbers_at_most(tasks, told):
    problem = SingleSource(np.zeros((3,) * tasks, dtype=int) + 1, lambda_H=0.1, lambda_W=0.1, lambda_b=0.1)
    binary = next(row for row in theorem_5_1.hypotheses(read(problem)) if row.name == "binary tasks")
    assert binary.found == f"classes {told}"
