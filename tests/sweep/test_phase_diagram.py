"""The phase diagram: cells where the problems are, boundaries where the paper's formulas put them, refusals by name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from program import run

import verify
from verify.plot.files import drawn
from verify.sweeping import read_study
from verify.sweeping.boundaries import Boundary, boundaries
from verify.sweeping.diagram_colours import colours
from verify.sweeping.diagram_figure import draw_plane, phase_diagram_figure
from verify.sweeping.plane import Plane, _direction, read_plane

CORRELATED: dict[str, Any] = {
    "study": {"claims": ["nc3"], "metrics": []},
    "problem": {"classes": [2, 2], "counts": "correlated", "n_different": 8, "lambda_H": 0.5, "lambda_b": 0.01},
    "axes": {
        "n_same": {"low": 2, "high": 32, "points": 4},
        "lambda_W": {"low": 0.7, "high": 70.0, "points": 5},
        "reduction": ["sum", "mean"],
    },
}
LOSSES: dict[str, Any] = {
    "study": {"claims": [], "metrics": []},
    "problem": {"classes": [3, 3], "n": 4, "lambdas": 0.5},
    "axes": {"loss": ["cross-entropy", "squared-error"], "lambda_W": [0.5, 5.0, 50.0]},
}
SAMPLED: dict[str, Any] = {
    "study": {"design": "latin-hypercube", "samples": 6, "claims": [], "metrics": []},
    "problem": {"classes": [3, 3], "n": 4, "lambda_b": "none"},
    "axes": {"lambda_H": {"low": 0.1, "high": 10.0}, "lambda_W": {"low": 0.1, "high": 10.0}, "seed": [0, 1]},
}


@pytest.fixture(scope="module")
def correlated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return verify.sweep(CORRELATED, tmp_path_factory.mktemp("correlated") / "table.parquet").path


@pytest.fixture(scope="module")
def losses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return verify.sweep(LOSSES, tmp_path_factory.mktemp("losses") / "table.parquet").path


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return verify.sweep(SAMPLED, tmp_path_factory.mktemp("sampled") / "table.parquet").path


def plane_of(table: Path, x: str = "n_same", y: str = "lambda_W", colour: str = "rank", **at: str) -> Plane:
    return read_plane(table, x, y, colour, at)


def without_problems(tables: dict[str, Any], x: str, y: str, **held: Any) -> Plane:
    """The plane of a study that nobody has swept."""
    study = read_study(tables)
    along = [_direction(study, key, study.values(range(study.size))[key]) for key in (x, y)]
    return Plane(study, *along, "rank", held, np.empty(0), np.empty(0), pandas.DataFrame())


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_boundaries_are_those_of_theorem_5_1(reduction: str) -> None:
    """λ_H λ_W = n/2 for the labels that agree and for those that differ; under "mean" with N λ for λ (Theorem 5.1)."""
    lambda_H = 0.5 if reduction == "sum" else 0.0005
    varied = CORRELATED | {"problem": CORRELATED["problem"] | {"lambda_H": lambda_H}}
    found, covered = boundaries(without_problems(varied, "n_same", "lambda_W", reduction=reduction))
    assert covered == 1.0
    assert [boundary.label for boundary in found] == [
        "Theorem 5.1: labels that agree",
        "Theorem 5.1: labels that differ",
    ]
    for boundary, counts in zip(found, (lambda n: n, lambda n: 8.0), strict=True):
        (line,) = boundary.lines  # whole, though at n_same = 8 Theorem 3.1 speaks
        n, lambda_W = np.exp(line[0]), np.exp(line[1])
        samples = 2 * n + 16 if reduction == "mean" else 1.0
        at_counts = np.isclose(n, np.round(n), rtol=1e-9)
        assert at_counts.sum() >= 5
        np.testing.assert_allclose((lambda_H * lambda_W * samples**2)[at_counts], counts(n[at_counts]) / 2, rtol=1e-9)


def test_cells_are_the_problems(correlated: Path) -> None:
    plane = plane_of(correlated, reduction="sum")
    lines = (Boundary("one", ((np.zeros(2), np.ones(2)),)), Boundary("other", ((np.ones(2), np.zeros(2)),)))
    (axes, _) = draw_plane(plane, lines).get_figure().axes
    (mesh,) = axes.collections
    frame = pandas.read_parquet(correlated)
    frame = frame[frame["reduction"] == "sum"]
    expected = frame.pivot(index="lambda_W", columns="n_same", values="rank").to_numpy()
    np.testing.assert_array_equal(np.asarray(mesh.get_array()).reshape(expected.shape), expected)
    assert set(np.unique(expected)) == {0, 1, 2}
    assert len(axes.lines) == 4  # two boundaries, each on a white ground
    np.testing.assert_allclose(np.exp(axes.get_xlim()), [1.265, 50.2], rtol=0.01)


def test_an_axis_of_names_has_strokes(losses: Path) -> None:
    """Theorem B.2: λ_H λ_W = N/(4 K) = 3 with λ_H = 0.5; squared error has the singular value √(n K) of its targets."""
    found, covered = boundaries(without_problems(LOSSES, "loss", "lambda_W"))
    assert covered == 1.0
    (entropy,) = (boundary for boundary in found if "3.1" in boundary.label or "B.2" in boundary.label)
    (stroke,) = entropy.lines
    np.testing.assert_allclose(stroke[0], [-0.5, 0.5])
    np.testing.assert_allclose(np.exp(stroke[1]), 6.0, rtol=1e-9)
    turned, _ = boundaries(without_problems(LOSSES, "lambda_W", "loss"))
    assert [boundary.label for boundary in turned] == [boundary.label for boundary in found]
    np.testing.assert_allclose(turned[0].lines[0], found[0].lines[0][::-1])
    assert drawn(phase_diagram_figure(plane_of(losses, "loss", "lambda_W"))[0], "png").startswith(b"\x89PNG")


def test_an_axis_of_one_number_has_strokes() -> None:
    """λ_H λ_W = N/(4 K) = 3, whichever axis has the one value; its cell is as wide as the stroke."""
    for size, rim in ((0.5, (0.25, 0.75)), (100.0, (50.0, 150.0))):
        varied = LOSSES | {"axes": {"lambda_H": [size], "lambda_W": [0.001, 0.5, 5.0, 50.0]}}
        varied["problem"] = LOSSES["problem"] | {"lambdas": 0.5}
        (stroke,) = boundaries(without_problems(varied, "lambda_H", "lambda_W"))[0][0].lines
        np.testing.assert_allclose(stroke[0], rim)
        np.testing.assert_allclose(np.exp(stroke[1]), 3.0 / size, rtol=1e-9)
        (turned,) = boundaries(without_problems(varied, "lambda_W", "lambda_H"))[0][0].lines
        np.testing.assert_allclose(turned, stroke[::-1])


def test_sizes_that_no_problem_has_are_passed_over() -> None:
    """Between 5 and 7 classes there is no orthogonal array of four tasks of 6."""
    problem = {"counts": "pairwise-uniform", "tasks": 4, "lambda_W": 1.0, "lambda_b": 0.01}
    axes = {"classes": [5, 7], "lambda_H": {"low": 0.1, "high": 100.0, "points": 3}}
    found, covered = boundaries(without_problems({"problem": problem, "axes": axes}, "classes", "lambda_H"))
    assert covered == pytest.approx(2 / 3)
    (line,) = found[0].lines
    np.testing.assert_allclose(line[0][[0, -1]], [5.0, 7.0])


def test_an_axis_of_one_value_is_held_by_itself(tmp_path: Path) -> None:
    varied = LOSSES | {"axes": LOSSES["axes"] | {"reduction": ["mean"]}}
    plane = plane_of(verify.sweep(varied, tmp_path / "table.parquet").path, "loss", "lambda_W")
    assert plane.held == {"reduction": "mean"}
    assert len(plane.frame) == 6


def test_samples_are_points(sampled: Path) -> None:
    plane = plane_of(sampled, "lambda_H", "lambda_W", "regime", seed="0")
    axes = draw_plane(plane, ())
    frame = pandas.read_parquet(sampled).query("seed == 0")
    points = np.asarray(axes.collections[0].get_offsets())
    np.testing.assert_allclose(points, np.log(frame[["lambda_H", "lambda_W"]].to_numpy()))
    assert len(points) == 3


def test_what_is_refused(correlated: Path, sampled: Path, tmp_path: Path) -> None:
    for arguments, message in (
        ({}, r"the table varies reduction as well; hold it by --at reduction=VALUE, one of sum, mean"),
        ({"reduction": "median"}, r"at reduction='median' is not a value of the table; it has sum, mean"),
        (
            {"x": "n_sam", "reduction": "sum"},
            r"x='n_sam' is not known; did you mean 'n_same'\? Valid: n_same, lambda_W",
        ),
        ({"y": "lambda_H", "reduction": "sum"}, r"y='lambda_H' is not known; did you mean 'lambda_W'"),
        ({"colour": "rnk", "reduction": "sum"}, r"colour='rnk' is not known; did you mean 'rank'"),
        ({"x": "lambda_W", "reduction": "sum"}, r"x='lambda_W', y='lambda_W' .* must be different"),
        ({"n_same": "2"}, r"x='n_same', .* at=n_same must be different axes"),
        ({"loss": "cross-entropy"}, r"at='loss' is not known"),
    ):
        with pytest.raises(ValueError, match=message):
            plane_of(correlated, **arguments)
    with pytest.raises(ValueError, match="lambda_W is another number in every sample and cannot be held"):
        plane_of(sampled, "lambda_H", "seed")
    with pytest.raises(FileNotFoundError, match=r"table='.*absent.parquet': no such file"):
        plane_of(tmp_path / "absent.parquet")
    pandas.DataFrame({"a": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(ValueError, match=r"other.parquet' is not a table of ufm sweep"):
        plane_of(tmp_path / "other.parquet")


def test_a_number_is_held_as_it_is_printed(correlated: Path) -> None:
    plane = plane_of(correlated, "n_same", "reduction", lambda_W="2.2136")
    assert plane.held["lambda_W"] == pytest.approx(0.7 * 10**0.5)
    assert len(plane.frame) == 8


def test_colours() -> None:
    words = colours(pandas.Series(["b", None, "a", "b"]))
    assert (words.words, words.ticks) == (["a", "b"], None)
    np.testing.assert_array_equal(words.numbers, [1, np.nan, 0, 1])
    true_or_false = colours(pandas.Series([True, False]))
    assert true_or_false.words == ["False", "True"]
    np.testing.assert_array_equal(true_or_false.numbers, [1, 0])
    few = colours(pandas.Series([0, 4, 4, 2]))
    assert (few.words, few.ticks) == (["0", "2", "4"], [0, 2, 4])
    assert [few.norm(value) for value in (0, 2, 4)] == [0, 1, 2]
    many = colours(pandas.Series([1e-9, math.nan, 1.0]))
    assert many.words is None
    assert type(many.norm).__name__ == "LogNorm"
    assert type(colours(pandas.Series([0.25, 0.75])).norm).__name__ == "Normalize"
    assert len(colours(pandas.Series([math.nan, math.nan])).numbers) == 2


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_the_command(correlated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ("figure", "phase-diagram", correlated, "--at", "reduction=sum")
    assert run(monkeypatch, *wanted, "--colour", "claim_nc3") == 0
    said = capsys.readouterr().out
    assert "claim_nc3 over n_same and lambda_W, reduction = sum: 20 problems, 20 of them certified" in said
    assert "rank of the heads is theory's in 20 of 20 covered problems. White: claim_nc3 is undefined." in said
    names = {path.name for path in Path("figures").iterdir()}
    assert names == {f"phase-diagram-n_same-lambda_W-claim_nc3.{kind}" for kind in ("png", "svg")}
    for arguments, message in (
        (("figure", "phase-diagram"), "ufm figure phase-diagram needs a table"),
        (wanted[:3], "the table varies reduction as well; hold it by --at"),
        ((*wanted[:3], "--at", "reduction"), "--at takes AXIS=VALUE, each axis once"),
        ((*wanted, "--at", "n_same=2"), "at=reduction, n_same: a phase diagram needs two of n_same, "),
        ((*wanted, "--points", "3"), "--points: not of phase-diagram; leave it out"),
        (("figure", "61", correlated, "--colour", "gap"), "--colour, FILE: not of 61; leave it out"),
    ):
        assert run(monkeypatch, *arguments) == 2
        assert message in capsys.readouterr().err
