"""How problems and solutions print."""

import pytest

from ufm import MultiLabel, MultiSource, Regression, SingleSource, solve
from ufm.support.display import Summary

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.01}
FREE = {**LAMBDAS, "lambda_b": 0}
PROBLEMS = [
    SingleSource([[1, 2, 0], [3, 0, 0]], task_weights=(1.0, 2.5), reduction="mean", label_smoothing=0.1, **LAMBDAS),
    MultiSource([[1, 2], [0, 7, 5]], task_weights=(1.0, 2.5), reduction="mean", label_smoothing=0.1, **LAMBDAS),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=["single", "multi"])
def test_text_and_table_name_every_setting(problem):
    for shown in (str(problem), problem._repr_html_()):
        for value in ("0.05", "0.02", "0.01", "mean", "1, 2.5", "0.1"):
            assert value in shown
        assert f"{problem.samples}" in shown
    assert f"samples={problem.samples}" in repr(problem)
    assert f"classes={problem.classes}" in repr(problem)


OTHERS = {
    "free": SingleSource.from_labels([[1, 0], [0, -1]], missing=-1, loss=["squared-error", "cross-entropy"], **FREE),
    "multi": MultiSource([[1, 2], [0, 7, 5]], loss="squared-error", **FREE),
    "multilabel": MultiLabel({(): 1, (0,): 2}, classes=3, loss="binary-cross-entropy", **FREE),
    "soft": SingleSource.from_probabilities([[[0.5, 0.5]], [[0.1, 0.9]]], loss="squared-error", **FREE),
    "regression": Regression([[0.5], [1.5]], **FREE),
}


@pytest.mark.parametrize("problem", OTHERS.values(), ids=OTHERS)
def test_losses_and_biases_are_told(problem):
    for shown in (str(problem), problem._repr_html_()):
        assert "0 (free bias)" in shown
        assert all(loss in shown for loss in problem.losses)
    assert "lambda_b=0" in repr(problem)
    assert repr(problem.loss) in repr(problem)
    assert repr(problem).startswith(type(problem).__name__)
    assert "none (no bias)" in str(SingleSource([1, 2], **FREE | {"lambda_b": None}))


def test_cross_entropy_is_no_news():
    assert "loss" not in repr(SingleSource([1, 2], **LAMBDAS))


def test_defaults_are_left_out():
    assert "smoothing" not in str(SingleSource([1, 2], **LAMBDAS))
    assert "weights" not in str(SingleSource([1, 2], **LAMBDAS))


def test_long_lists_are_cut():
    assert "…" in str(MultiSource([[1, 2]] * 50, **LAMBDAS))
    assert "…" in str(solve(MultiSource([[1, 2]] * 6, **LAMBDAS)))


def test_html_is_escaped():
    html = Summary("<b>&</b>", [("<script>", "a < b")]).html()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert "a &lt; b" in html
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in html
    assert html.count("<table>") == html.count("</table>") == 1


def test_solution_prints_what_was_reached():
    solution = solve(PROBLEMS[0])
    for shown in (repr(solution), str(solution), solution._repr_html_()):
        assert f"{solution.objective:.15g}" in shown
        assert "newton" in shown
    assert solution.dim == 3
    assert "(3, 3)" in str(solution)
