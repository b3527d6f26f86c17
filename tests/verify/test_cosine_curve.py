"""The curves of Figures 3(c), 60, 61 and 62: what passes, what does not, and λ's for which there is no cosine."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from program import run

import verify
from verify.comparison.cosine_curve import cosine_curve


@pytest.mark.parametrize(("classes", "samples"), [(2, 800), (3, 900), (10, 9000)])
def test_certified_points_lie_on_the_law(classes, samples):
    curve = cosine_curve(classes, samples, 4)
    assert curve.passed
    assert (np.diff(curve.solved_cosine) > 0).all()
    shifted = dataclasses.replace(curve, solved_cosine=curve.solved_cosine + 2 * curve.tolerance)
    assert not shifted.passed
    assert not dataclasses.replace(curve, relative_gap=curve.relative_gap + 1e-6).passed


@pytest.mark.parametrize("which", range(4))
def test_one_point_off_the_law_is_enough(which):
    """Off by less than the points are apart: they still rise."""
    curve = cosine_curve(2, 800, 4)
    moved = curve.solved_cosine.copy()
    moved[which] += 0.01
    off = dataclasses.replace(curve, solved_cosine=moved)
    assert (np.diff(off.solved_cosine) > 0).all()
    assert off.deviation == pytest.approx(0.01, abs=curve.tolerance)
    assert not off.passed


def test_heads_that_are_parallel_or_opposite_need_not_turn_further():
    curve = cosine_curve(2, 8000, 5, lambda_H=700.0, lambda_W=1.0)
    level = np.array([-1.0, -1.0, 0.0, 1.0, 1.0])
    assert curve.solved_cosine == pytest.approx(level, abs=1e-12)
    assert curve.passed
    assert dataclasses.replace(curve, solved_cosine=level).passed


def test_points_that_do_not_rise_fail_elsewhere():
    curve = cosine_curve(2, 800, 3)
    level = np.full(3, curve.solved_cosine[0])
    assert not dataclasses.replace(curve, solved_cosine=level, tolerance=2.0).passed


def test_zero_heads_have_no_cosine():
    with pytest.raises(ValueError, match=r"lambda_H=2500 and lambda_W=1 .* n\^\{11\} = 300"):
        cosine_curve(3, 18_000, 3, lambda_H=2500.0, lambda_W=1.0)


def test_command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "figure", "61", "--points", "3", "--output", "curves") == 0
    assert sorted(path.name for path in Path("curves").iterdir()) == [
        f"figure-61.{kind}" for kind in ("csv", "png", "svg")
    ]
    rows = list(csv.DictReader(Path("curves/figure-61.csv").read_text(encoding="utf-8").splitlines()))
    assert sum(row["series"] == "certified minimum" for row in rows) == 3
    for arguments in (
        ("61", "--points", "1"),
        ("61", "--lambda-H", "0"),
        ("61", "--lambda-H", "1e6", "--lambda-W", "1"),
    ):
        assert run(monkeypatch, "figure", *arguments) == 2
    errors = capsys.readouterr().err
    assert all(words in errors for words in ("--points must be", "lambda_H must be", "have no cosine"))


def test_it_is_at_the_front_door():
    assert verify.cosine_curve is cosine_curve
    assert "cosine_curve" in verify.__all__
