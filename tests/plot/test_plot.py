"""What the figures of verify.plot show: the numbers themselves, on the axes given, in any global settings."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path
from typing import Any

import forked
import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure
from mpl_toolkits.mplot3d.art3d import Line3D

import theory
import ufm
import verify
from verify import plot
from verify.plot._spectrum import spectra_of
from verify.plot.of_solution import history_figure

LAMBDAS: dict[str, Any] = {"lambda_H": 0.05, "lambda_W": 0.03, "lambda_b": 0.02}
PROBLEMS: dict[str, Any] = {
    "one task": ufm.SingleSource.balanced((3,), 10, **LAMBDAS),
    "two tasks": ufm.SingleSource.balanced((3, 2), 10, task_weights=(2.0, 1.0), **LAMBDAS),
    "own features": ufm.MultiSource.balanced((3, 4), (10, 7), task_weights=(0.5, 3.0), **LAMBDAS),
    "label sets": ufm.MultiLabel.balanced(4, {1: 5, 2: 3}, **LAMBDAS),
}


@pytest.fixture(scope="module")
def solutions() -> dict[str, ufm.Solution]:
    return {name: ufm.solve(problem) for name, problem in PROBLEMS.items()}


@pytest.fixture(scope="module")
def run() -> ufm.Solution:
    problem = PROBLEMS["two tasks"]
    return ufm.solve(problem, "gradient", metrics=verify.tracked(problem), progress=False)


@pytest.fixture(scope="module")
def curve() -> verify.CosineCurve:
    return verify.cosine_curve(3, 600, 3)


def drawn_at(axes: Any) -> list[Any]:
    """The points of every line, (n, 2) or (n, 3)."""
    return [np.stack(line.get_data_3d() if isinstance(line, Line3D) else line.get_data()).T for line in axes.lines]


def gram(rows: Any) -> Any:
    return rows @ rows.T


@pytest.mark.parametrize("name", ["one task", "two tasks"])
def test_vectors_have_the_angles_and_the_lengths_of_heads_and_features(
    solutions: dict[str, ufm.Solution], name: str
) -> None:
    """Their products, which no rotation changes, over the largest norm: three dimensions hold these problems."""
    solution = solutions[name]
    axes = plot.heads(solution, kind="vectors")
    lines = drawn_at(axes)
    tips = np.array([line[1] for line in lines if len(line) == 2 and not line[0].any()])
    W = np.concatenate([head.numpy() for head in solution.W])
    np.testing.assert_allclose(gram(tips), gram(W) / np.diag(gram(W)).max(), atol=1e-9)
    H = solution.H.numpy().T
    points = np.concatenate([line for line in lines if len(line) == 1])
    assert len(points) == len(H)
    np.testing.assert_allclose(gram(points), gram(H) / np.diag(gram(H)).max(), atol=1e-6)
    cross = tips @ points.T
    np.testing.assert_allclose(cross, W @ H.T / np.sqrt(np.diag(gram(W)).max() * np.diag(gram(H)).max()), atol=1e-6)


def test_vectors_are_the_same_for_every_rotation(solutions: dict[str, ufm.Solution]) -> None:
    heads = [head.numpy() for head in solutions["two tasks"].W]
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(heads[0].shape[1],) * 2))[0]
    one, other = (drawn_at(plot.heads(W, kind="vectors")) for W in (heads, [head @ turn for head in heads]))
    for before, after in zip(one, other, strict=True):
        np.testing.assert_allclose(np.abs(before), np.abs(after), atol=1e-9)


def test_matrices_are_those_of_solution_prediction_and_heads(solutions: dict[str, ufm.Solution]) -> None:
    solution = solutions["two tasks"]
    prediction = theory.predict(solution.problem)
    W = np.concatenate([head.numpy() for head in solution.W])
    norms = np.linalg.norm(W, axis=1)
    for point in (solution, prediction, [head.numpy() for head in solution.W]):
        mesh = plot.heads(point).collections[0]
        np.testing.assert_allclose(
            np.asarray(mesh.get_array()).reshape(5, 5), gram(W) / np.outer(norms, norms), atol=1e-6
        )


@pytest.mark.parametrize("name", list(PROBLEMS))
def test_spectra_of_heads_and_features_are_one_at_a_minimum(solutions: dict[str, ufm.Solution], name: str) -> None:
    """And their squares are the penalties; at another point they differ."""
    solution = solutions[name]
    problem = solution.problem
    spectra = spectra_of(solution, problem, solution.counts)
    for heads, features in spectra:
        np.testing.assert_allclose(heads, features, atol=1e-5 * heads[0])
    share = sum(float((heads**2).sum()) for heads, _ in spectra)
    plain = sum(c * float((W**2).sum()) for c, W in zip(problem.task_weights, solution.W, strict=True))
    np.testing.assert_allclose(share, problem.lambda_W * plain, rtol=1e-12)
    moved = ufm.Solution(**{**vars(solution), "W": [2 * W for W in solution.W]})
    for heads, features in spectra_of(moved, problem, solution.counts):
        assert heads[0] > 1.9 * features[0]


def test_a_spectrum_is_drawn_beside_the_predicted_one(solutions: dict[str, ufm.Solution]) -> None:
    solution = solutions["own features"]
    axes = plot.spectrum(solution)
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    first, second = spectra_of(solution, solution.problem, solution.counts)
    np.testing.assert_array_equal(lines["$W^{2}$"], second[0])
    np.testing.assert_array_equal(lines["$H^{2}$"], second[1])
    np.testing.assert_allclose(lines["predicted, Theorem 3.2"], first[0][:2], rtol=1e-6)
    threshold = lines[r"zero below: $10^{-6} \sqrt{F}$"]
    np.testing.assert_allclose(threshold, 1e-6 * np.sqrt(solution.objective))
    assert not any("predicted" in line.get_label() for line in plot.spectrum(solution, prediction=False).lines)


def test_a_history_is_that_of_the_solver(run: ufm.Solution) -> None:
    bound = verify.certify(run.problem, run).lower_bound
    gap, objective = np.array(run.history["loss"]) - bound, run.history["loss"]
    np.testing.assert_array_equal(plot.history(run).lines[0].get_ydata(), np.where(gap > 0, gap, np.nan))
    assert plot.history(run, show="objective").lines[0].get_ydata().tolist() == objective
    gradient = plot.history(run, show="gradient").lines[0]
    assert gradient.get_ydata().tolist() == run.history["gradient_norm"]
    assert gradient.get_xdata().tolist() == run.history["step"]
    metrics = {line.get_label(): line.get_ydata().tolist() for line in plot.history(run, show="metrics").lines}
    assert metrics["SNC1"] == run.history["SNC1"]
    assert metrics["SNC2-1"] == run.history["SNC2_1"]


def test_a_newton_run_has_steps_too(solutions: dict[str, ufm.Solution]) -> None:
    (line,) = plot.history(solutions["one task"], show="objective").lines
    assert line.get_xdata().tolist() == list(range(len(line.get_ydata())))
    tasks = plot.history(solutions["own features"], tasks=("shape", "colour")).lines
    assert [line.get_label() for line in tasks] == ["shape", "colour"]


def everything(solutions: dict[str, ufm.Solution], run: ufm.Solution, curve: Any, ax: Any = (None,) * 5) -> Any:
    return {
        "heads": plot.heads(solutions["two tasks"], ax=ax[0]),
        "spectrum": plot.spectrum(solutions["own features"], ax=ax[1]),
        "history": plot.history(run, show="metrics", ax=ax[2]),
        "curve": plot.cosine_curve(curve, ax=ax[3]),
        "vectors": plot.heads(solutions["one task"], kind="vectors", ax=ax[4]),
    }


def test_every_figure_takes_axes(solutions: dict[str, ufm.Solution], run: ufm.Solution, curve: Any) -> None:
    figure = Figure(layout="constrained")
    panels = figure.subplots(1, 5)
    assert list(everything(solutions, run, curve, panels).values()) == list(panels) == figure.axes
    space = Figure().add_subplot(projection="3d")
    assert plot.heads(solutions["one task"], kind="vectors", ax=space) is space
    for draw in (
        lambda: plot.heads(solutions["one task"], ax=figure),
        lambda: plot.cosine_curve(curve, ax="axes"),
    ):
        with pytest.raises(TypeError, match="ax must be a matplotlib Axes or None, got"):
            draw()


def test_legends_are_off_the_data_and_inside_the_figure(
    solutions: dict[str, ufm.Solution], run: ufm.Solution, curve: Any
) -> None:
    for name, axes in everything(solutions, run, curve).items():
        figure = axes.get_figure()
        figure.draw_without_rendering()
        whole = figure.bbox.expanded(1.01, 1.01)
        tight = figure.get_tightbbox().transformed(figure.dpi_scale_trans)
        assert whole.x0 <= tight.x0, name
        assert whole.x1 >= tight.x1, name
        assert whole.y0 <= tight.y0, name
        assert whole.y1 >= tight.y1, name
        if axes.get_legend() is not None:
            below = axes.get_legend().get_window_extent()
            assert below.y1 <= axes.get_window_extent().y0, name
            assert below.y1 <= axes.xaxis.label.get_window_extent().y0 or not axes.get_xlabel(), name
        for text in (*axes.texts, axes.title, axes.xaxis.label, *axes.get_xticklabels()):
            assert text.get_fontsize() >= 6, name


@pytest.mark.parametrize("name", ["heads", "vectors", "history"])
def test_equal_figures_are_equal_files_whatever_the_global_settings(
    solutions: dict[str, ufm.Solution], run: ufm.Solution, curve: Any, name: str, tmp_path: Path
) -> None:
    files: dict[str, list[bytes]] = {"pdf": [], "svg": [], "png": []}
    for settings in ({}, {"font.size": 30, "lines.linewidth": 9, "figure.autolayout": True, "text.usetex": True}):
        with matplotlib.rc_context(settings):
            before = dict(matplotlib.rcParams)
            figure = everything(solutions, run, curve)[name].get_figure()
            for kind, contents in files.items():
                path = plot.save(figure, tmp_path / f"a.{kind}")
                contents.append(path.read_bytes())
            assert dict(matplotlib.rcParams) == before
    assert all(one == other for one, other in files.values())
    assert b"/Type3" not in files["pdf"][0]  # fonts that editors and printers take
    assert b"CreationDate" not in files["pdf"][0]
    assert b"<text" not in files["svg"][0]  # outlines: no font of the reader's
    assert b"date>" not in files["svg"][0]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pdf", "a.png", "a.svg"]


def test_axes_of_a_part_of_a_figure_are_drawn_on_and_the_whole_is_saved(
    solutions: dict[str, ufm.Solution], run: ufm.Solution, curve: Any, tmp_path: Path
) -> None:
    figure = Figure(layout="constrained", figsize=(20, 5))
    left, right = figure.subfigures(1, 2)
    panels = [*left.subplots(1, 3), *right.subplots(1, 2)]
    drawn = everything(solutions, run, curve, panels)
    for part in (left, drawn["curve"]):
        assert matplotlib.image.imread(plot.save(part, tmp_path / "a.png")).shape[:2] == (1500, 6000)


def test_twenty_tasks_have_room_in_a_figure_of_their_own() -> None:
    """Warnings are errors, and matplotlib warns of axes that a legend leaves nothing."""
    many = ufm.solve(ufm.MultiSource.balanced((2,) * 20, (5,) * 20, **LAMBDAS))
    for figure in (plot.spectrum(many).get_figure(), plot.history(many).get_figure(), history_figure(many)):
        figure.draw_without_rendering()
        for axes in figure.axes:
            assert axes.get_window_extent().height > 1.2 * figure.dpi
    axes = plot.heads([np.eye(2)] * 12)
    axes.get_figure().draw_without_rendering()
    places = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert all(below.y1 <= above.y0 for above, below in pairwise(places))


def test_steps_and_indices_are_whole_numbers(solutions: dict[str, ufm.Solution]) -> None:
    short = dataclasses.replace(solutions["one task"], history={"step": [0, 1, 2], "loss": [3.0, 2.0, 1.0]})
    one = ufm.solve(ufm.Regression(np.arange(12.0)[:, None], lambda_H=0.01, lambda_W=0.01, lambda_b=0.01))
    for axes in (plot.history(short, show="objective"), plot.spectrum(one)):
        axes.get_figure().draw_without_rendering()
        ticks = axes.get_xticks()
        np.testing.assert_array_equal(ticks, np.round(ticks))


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_heads_of_any_size_have_their_cosines(size: float) -> None:
    W = [size * np.array([[3.0, 4.0], [0.0, 1.0]])]
    np.testing.assert_allclose(np.asarray(plot.heads(W).collections[0].get_array()).ravel(), [1, 0.8, 0.8, 1])
    tips = [line[1] for line in drawn_at(plot.heads(W, kind="vectors"))]
    np.testing.assert_allclose(np.linalg.norm(tips, axis=1), [1, 0.2])


def test_what_is_refused(solutions: dict[str, ufm.Solution], run: ufm.Solution, tmp_path: Path) -> None:
    own, one = solutions["own features"], solutions["one task"]
    zero = ufm.SingleSource.balanced((2, 2), 1, lambda_H=0.9, lambda_W=0.9, lambda_b=0.1)
    for draw, error, message in (
        (lambda: plot.heads(one, kind="vector"), ValueError, "kind='vector' is not known; did you mean 'vectors'"),
        (lambda: plot.heads(3), TypeError, "point must be a solution, a prediction or a list of heads"),
        (lambda: plot.heads([np.ones(3)]), ValueError, r"matrices \(K_t, d\) with one d, got shapes \(3,\)"),
        (lambda: plot.heads([np.ones((0, 3))]), ValueError, r"matrices \(K_t, d\) with one d, got shapes \(0, 3\)"),
        (lambda: plot.heads([1j * np.eye(2)]), ValueError, "heads must be real numbers, got complex128"),
        (lambda: plot.heads([["a"]]), ValueError, "heads must be real numbers"),
        (lambda: plot.heads([np.array([[1.0, np.nan]])]), ValueError, "heads must be finite numbers"),
        (lambda: plot.heads(one, ax=Figure().add_subplot(projection="3d")), TypeError, "plain Axes, got 3d ones"),
        (lambda: plot.history(one, ax=Figure().add_subplot(projection="polar")), TypeError, "plain Axes, got polar"),
        (lambda: plot.history(one, show="metrics"), ValueError, "solution.history has no collapse metrics; solve"),
        (lambda: plot.save(3, tmp_path / "a.png"), TypeError, "figure must be a matplotlib Figure or Axes of one"),
        (lambda: plot.heads(own, kind="vectors"), ValueError, "2 tasks with features of their own"),
        (lambda: plot.heads(ufm.solve(zero), kind="vectors"), ValueError, "all heads are zero"),
        (lambda: plot.history(one, show="loss"), ValueError, "show='loss' is not known"),
        (lambda: plot.history(run, lower_bound=[1.0, 2.0]), ValueError, "lower_bound must be 1 number, one a history"),
        (lambda: plot.history(own, tasks=("a",)), ValueError, "tasks must name 2 tasks, got 1"),
        (lambda: plot.save(Figure(), tmp_path / "a.jpg"), ValueError, "format='jpg' is not known; did you mean 'png'"),
    ):
        with pytest.raises(error, match=message):
            draw()


def test_nothing_imports_matplotlib_before_a_figure_and_without_it_the_extra_is_named() -> None:
    code = (
        "import sys, verify, verify.plot; assert 'matplotlib' not in sys.modules\n"
        "sys.modules['matplotlib'] = sys.modules['matplotlib.figure'] = None\n"
        "try: verify.plot.heads([[[1.0, 0.0], [0.0, 1.0]]])\n"
        "except ModuleNotFoundError as error: assert \"pip install 'ufm-toolkit[cli]'\" in str(error)\n"
        "else: raise AssertionError"
    )
    forked.run(code)
