"""What the views show is what was measured: principal axes keep angles and lengths, curves their points."""

from __future__ import annotations

import re

import numpy as np
import pytest
from reported_results import case, curve

from ufm import MultiLabel, Regression, SingleSource
from verify.comparison.curve_figure import curve_file
from verify.comparison.curve_plane import curve_plane
from verify.main_job.case import run_case
from verify.main_job.space import case_space
from verify.report.plane import LINE_POINTS, Plane, Series
from verify.report.space import FEATURES, space

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}


def test_three_dimensions_are_kept_whole() -> None:
    rng = np.random.default_rng(0)
    W, H = [rng.normal(size=(2, 3)), rng.normal(size=(3, 3))], [rng.normal(size=(3, 7))]
    turned, _ = np.linalg.qr(rng.normal(size=(9, 3)))
    seen = space([w @ turned.T for w in W], [turned @ H[0]], [[str(i) for i in range(7)]])
    assert seen is not None
    assert seen.share == pytest.approx(1.0)
    stacked = np.concatenate(W) / np.linalg.norm(np.concatenate(W), axis=1).max()
    scaled = H[0].T / np.linalg.norm(H[0], axis=0).max()
    np.testing.assert_allclose(seen.heads @ seen.heads.T, stacked @ stacked.T, atol=1e-12)
    np.testing.assert_allclose(seen.heads @ seen.features.T, stacked @ scaled.T, atol=1e-12)
    assert np.linalg.norm(seen.heads, axis=1).max() == pytest.approx(1.0)
    assert seen.head_names == ("w_1^1", "w_2^1", "w_1^2", "w_2^2", "w_3^2")
    assert seen.task_of == (0, 0, 1, 1, 1)


def test_the_axes_hold_most_of_any_three() -> None:
    rng = np.random.default_rng(1)
    W, H = rng.normal(size=(6, 8)) * np.arange(1, 9), rng.normal(size=(8, 20))
    seen = space([W], [H], [[""] * 20])
    assert seen is not None
    both = np.concatenate([W / np.linalg.norm(W, axis=1).max(), H.T / np.linalg.norm(H, axis=0).max()])
    for _ in range(20):
        axes, _ = np.linalg.qr(rng.normal(size=(8, 3)))
        assert np.sum((both @ axes) ** 2) / np.sum(both**2) <= seen.share + 1e-12
    placed = np.concatenate([seen.heads, seen.features])
    assert np.sum(placed**2) / np.sum(both**2) == pytest.approx(seen.share)


def test_few_dimensions_many_features_none() -> None:
    line = space([np.array([[1.0], [-1.0]])], [np.ones((1, 3 * FEATURES))], [["a"] * 3 * FEATURES])
    assert line is not None
    assert line.heads.shape == (2, 3)
    assert (len(line.features), line.left_out) == (FEATURES, 2 * FEATURES)
    assert "400 more features are left out" in line.told
    assert space([np.zeros((2, 4))], [np.zeros((4, 3))], [["a"] * 3]) is None
    assert space([np.full((2, 4), np.nan)], [np.ones((4, 3))], [["a"] * 3]) is None


def test_features_are_named_by_their_labels() -> None:
    assert case_space(case("balanced")).feature_names[:2] == ("labels 1, 1", "labels 1, 2")
    apart = case_space(case("multi"))
    assert apart.feature_names == tuple(f"label {k}" for k in (1, 2, 3, 1, 2, 3, 4))
    assert apart.own == (0, 0, 0, 1, 1, 1, 1)
    sets = run_case("sets", MultiLabel.balanced(3, {1: 10, 2: 5}, **LAMBDAS))
    assert "{1, 2}" in case_space(sets).feature_names
    targets = np.array([[0.0, 1.0], [2.0, 0.5], [-1.0, 0.0]])
    assert case_space(run_case("regression", Regression(targets, **LAMBDAS))).feature_names[0] == "target 1"
    missing = SingleSource.from_labels(np.array([[0, 1], [1, 0], [0, -1], [1, -1]]), missing=-1, **LAMBDAS)
    assert "labels 1, no label" in case_space(run_case("missing", missing)).feature_names
    assert case_space(case("zero")) is None or np.isfinite(case_space(case("zero")).heads).all()


def test_a_frame_places_the_points_where_the_figure_has_them() -> None:
    of = curve()
    file = curve_file(of)
    frame = file.frame
    assert frame is not None
    assert frame.x[0] < of.n_same.min() < of.n_same.max() < frame.x[1]
    hollow = re.compile(r'<use xlink:href="#m[0-9a-f]+" x="([\d.]+)" y="([\d.]+)" style="fill: #ffffff')
    markers = [tuple(map(float, found)) for found in hollow.findall(file.svg.decode())]
    placed = [
        (
            frame.left + (x - frame.x[0]) / (frame.x[1] - frame.x[0]) * frame.width,
            frame.top + (frame.y[1] - y) / (frame.y[1] - frame.y[0]) * frame.height,
        )
        for x, y in zip(of.solved_n_same, of.solved_cosine, strict=True)
    ]
    for point in placed:
        assert any(np.allclose(point, marker, atol=0.05) for marker in markers)


def test_a_line_is_thinned_and_points_are_not() -> None:
    x = np.linspace(0, 1, 1000)
    half = Series("points", x, np.where(x < 0.5, np.nan, x))
    data = Plane("x", "y", (Series("line", x, x**2, line=True), half)).data(curve_file(curve()).frame)
    line, points = data["series"]
    assert (len(line["x"]), line["x"][0], line["x"][-1]) == (LINE_POINTS, 0.0, 1.0)
    assert len(points["x"]) == 500
    assert len(curve_plane(curve()).series) == 2
