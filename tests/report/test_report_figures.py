import itertools
from pathlib import Path

import forked
import numpy as np
import pytest
from reported_results import PROBLEMS, as_gradient, case, curve, falling

from verify.main_job.cosine_figure import cosine_figure, cosine_file
from verify.main_job.history_figure import history_figure
from verify.plot._cosine_curve import cosine_curve
from verify.plot.layout import tidy
from verify.plot.points import cosines_of
from verify.plot.style import literal, new_figure
from verify.report.figure_files import figure_file

TIGHT = 1e-12  # rounding of a product of unit vectors


def panels(figure):
    """Title → matrix drawn, NaN where grey."""
    drawn = {}
    for axes in figure.axes:
        if axes.get_title():
            size = int(np.sqrt(axes.collections[0].get_array().size))
            drawn[axes.get_title()] = axes.collections[0].get_array().reshape(size, size).filled(np.nan)
    return drawn


def plain_cosines(solution):
    W = np.concatenate([w.numpy() for w in solution.W])
    return np.array([[w @ v / np.sqrt((w @ w) * (v @ v)) for v in W] for w in W])


@pytest.mark.parametrize("name", [n for n in PROBLEMS if "zero" not in n])
def test_measured_and_predicted_are_drawn_as_they_are(name):
    of = case(name)
    drawn = panels(cosine_figure(of))
    expected = plain_cosines(of.solution)
    if of.problem.source == "multi":  # tasks that share no feature may rotate alone: grey between them
        task = np.repeat(np.arange(len(of.problem.classes)), of.problem.classes)
        expected[task[:, None] != task] = np.nan
    np.testing.assert_allclose(drawn.pop("measured"), expected, atol=TIGHT)
    if of.report.prediction is None:
        assert drawn == {}
    else:
        (title,) = drawn
        assert of.report.prediction.theorem in title
        np.testing.assert_array_equal(drawn[title], of.report.prediction.cosines)


def test_between_tasks_with_features_of_their_own_is_grey_and_free():
    figure = cosine_figure(case("multi"))
    words = [text.get_text() for text in figure.axes[1].texts]
    assert words.count("free") == 2
    assert np.isnan(panels(figure)["predicted, Theorem 3.2"][:3, 3:]).all()
    assert "free" in cosine_file("x", case("multi")).caption


@pytest.mark.parametrize(("name", "rows"), [("zero", slice(0, 4)), ("partly zero", slice(2, 7))])
def test_zero_heads_have_no_cosine(name, rows):
    of = case(name)
    measured = cosines_of(of.solution)
    assert np.isnan(measured[rows]).all()
    np.testing.assert_array_equal(np.isnan(measured), np.isnan(of.report.prediction.cosines))
    assert "zero" in cosine_file("x", of).caption
    assert "zero" in [text.get_text() for text in cosine_figure(of).axes[0].texts]


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_lines_stand_between_tasks(name):
    axes = cosine_figure(case(name)).axes[0]
    edges = sorted(line.get_ydata()[0] for line in axes.lines if line.get_ydata()[0] == line.get_ydata()[1])
    assert edges == [end - 0.5 for end in np.cumsum(PROBLEMS[name].classes)[:-1]]


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_row_names_do_not_overlap(name):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = cosine_figure(case(name))
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes[:1]:
        for labels, side in ((axes.get_xticklabels(), 0), (axes.get_yticklabels(), 1)):
            spans = sorted((box.min[side], box.max[side]) for box in (text.get_window_extent() for text in labels))
            assert all(before[1] <= after[0] + 1 for before, after in itertools.pairwise(spans))


def test_curve_is_drawn_as_it_is():
    of = curve()
    axes = cosine_curve(of)
    lines = {line.get_label(): line for line in axes.lines}
    line, points = lines["Theorem 5.1, eq. 31"], lines["certified global minimum"]
    np.testing.assert_array_equal(line.get_xydata(), np.stack([of.n_same, of.cosine], axis=1))
    np.testing.assert_array_equal(points.get_xydata(), np.stack([of.solved_n_same, of.solved_cosine], axis=1))
    assert axes.get_xlabel() == "$n^{11}$"
    assert "N = 200" in axes.get_title()


def test_history_is_drawn_from_the_certified_bound():
    of = case("balanced")
    bound = of.report.certificate.lower_bound
    loss, gradient, metrics = history_figure(as_gradient(of, falling(bound, seconds=[0, 1, 2, 3]))).axes
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [1.0, 0.1, 1e-3, np.nan], atol=1e-12)
    np.testing.assert_array_equal(loss.lines[0].get_xdata(), [0, 10, 100, 1000])
    np.testing.assert_array_equal(gradient.lines[0].get_ydata(), [0.5, 0.05, 1e-3, 1e-9])
    drawn = {line.get_label(): line.get_ydata() for line in metrics.lines}
    assert set(drawn) == {"SNC1", "SNC3-max"}
    np.testing.assert_array_equal(drawn["SNC1"], [1.0, 0.1, np.nan, np.nan])
    assert {axes.get_yscale() for axes in (loss, gradient, metrics)} == {"log"}
    assert {axes.get_xscale() for axes in (loss, gradient, metrics)} == {"symlog"}


def test_a_short_run_has_linear_iterations():
    short = falling(case("balanced").report.certificate.lower_bound, step=[0, 10, 20, 30])
    figure = history_figure(as_gradient(case("balanced"), short))
    assert {(axes.get_xscale(), axes.get_yscale()) for axes in figure.axes} == {("linear", "log")}


def test_history_of_each_task_is_a_line():
    of = case("multi")
    parts = [falling(task.lower_bound, MNC1=[1, 1, 1, 1]) for task in of.report.certificate.tasks]
    loss, gradient, metrics = history_figure(as_gradient(of, parts)).axes
    assert [line.get_label() for line in loss.lines] == ["task 1", "task 2"]
    np.testing.assert_allclose(loss.lines[1].get_ydata()[:3], [1.0, 0.1, 1e-3], atol=1e-12)
    assert (len(gradient.lines), len(metrics.lines)) == (2, 6)


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [100.0]},
        {"iterations": [1], "loss": [100.0], "SNC1": [0.0]},
        {"loss": [100.0, float("inf")], "step": [0]},
        {"loss": [0.0, 0.0], "gradient_norm": [0.0, 0.0]},
        {"loss": [200.0, 100.0], "step": [0, 0]},
    ],
)
def test_odd_histories_are_drawn(history):
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(history_figure(as_gradient(case("balanced"), history))).draw()


@pytest.mark.parametrize("history", [{}, [], {"loss": []}, None])
def test_no_history_is_no_figure(history):
    assert history_figure(as_gradient(case("balanced"), history)) is None


def test_newton_has_no_run_to_draw():
    assert history_figure(case("balanced")) is None


def test_matplotlib_waits_for_a_figure_and_needs_no_pyplot():
    code = (
        "import sys; sys.path.insert(0, 'tests/report'); import verify.report, reported_results as r;"
        "assert 'matplotlib' not in sys.modules;"
        "from verify.comparison.curve_figure import curve_file; curve_file(r.curve());"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    forked.run(code, cwd=Path(__file__).parents[2])


def test_equal_figures_are_equal_files():
    """matplotlib names the parts of an SVG at random unless told otherwise."""
    first, second = (cosine_file("same", case("balanced")) for _ in range(2))
    assert (first.svg, first.png) == (second.svg, second.png)
    assert b"<dc:date>" not in first.svg


@pytest.mark.parametrize("name", ["$x^", "a$b$c", "_hidden", "two\nlines", "caf\udce9", "\x00\x1b", r"\frac{"])
def test_any_name_can_be_drawn_and_is_shown_as_it_is(name):
    figure = new_figure(2, 2)
    axes = figure.subplots()
    axes.plot([1, 2], label=literal(name))
    tidy(axes, literal(name))
    axes.legend()
    assert figure_file("name", figure, "", "").png
    assert len(axes.get_legend().get_texts()) == 1
    parsed, math = axes.title._preprocess_math(axes.get_title())
    assert not math
    escaped = {"\n": " ", "\udce9": r"\udce9", "\x00": r"\x00", "\x1b": r"\x1b"}
    assert parsed.strip() == "".join(escaped.get(c, c) for c in name)
