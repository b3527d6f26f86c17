"""Orthogonal arrays and pick-all-label problems from flags and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ufm
from verify.cli.label_files import read_label_sets
from verify.cli.problem_options import ProblemOptions

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.01}


def assert_same(one: ufm.solution.Problem, two: ufm.solution.Problem) -> None:
    assert type(one) is type(two)
    assert one.classes == two.classes
    np.testing.assert_array_equal(one.labels, two.labels)
    np.testing.assert_array_equal(one.counts, two.counts)
    for name in (*LAMBDAS, "reduction", "label_smoothing"):
        assert getattr(one, name) == getattr(two, name)


def test_orthogonal_array() -> None:
    built = ProblemOptions(classes=(5, 5, 5, 5), samples=(2,), orthogonal_array=True, **LAMBDAS).build()
    assert_same(built, ufm.SingleSource.orthogonal_array(5, 4, 2, **LAMBDAS))


def test_samples_by_multiplicity() -> None:
    options = {"reduction": "mean", "label_smoothing": 0.1, **LAMBDAS}
    built = ProblemOptions(classes=(4,), multi_label=True, samples_by_multiplicity=("1:10", "2:5"), **options).build()
    assert_same(built, ufm.MultiLabel.balanced(4, {1: 10, 2: 5}, **options))


def test_indicator_files(tmp_path: Path) -> None:
    rows = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1], [1, 1, 1]])
    expected = ufm.MultiLabel.from_indicators(rows, **LAMBDAS)
    np.save(tmp_path / "a.npy", rows)
    np.save(tmp_path / "b.npy", rows.astype(bool))
    text = "\n".join(",".join(map(str, row)) for row in rows)
    (tmp_path / "c.csv").write_text(f"cat,dog,bird\n{text}\n")
    for name in ("a.npy", "b.npy", "c.csv"):
        for classes in ((), (3,)):
            options = ProblemOptions(labels=(tmp_path / name,), classes=classes, multi_label=True, **LAMBDAS)
            assert_same(options.build(), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,0\n2,1\n", "x.csv, column 1, sample 2: 2; .* 0 and 1"),
        ("1,0\n1,-1\n", "x.csv, column 2, sample 2: -1; .* 0 and 1"),
        ("yes,1\nno,0\n", "x.csv, column 1, sample 1: yes; .* 0 and 1"),
        ("1,0\n0,0\n", "x.csv, line 2: names no class"),
    ],
)
def test_files_that_are_not_indicators(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_label_sets(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"classes": (3, 4), "samples": (2,), "orthogonal_array": True}, "--orthogonal-array needs --classes K … K"),
        ({"classes": (3, 3), "orthogonal_array": True}, "--samples with one number"),
        ({"classes": (3, 3), "samples": (2,), "orthogonal_array": True, "n_same": 0}, "leave --n-same out"),
        ({"classes": (3, 3), "samples": (2,), "orthogonal_array": True, "multi_source": True}, "--multi-source out"),
        ({"classes": (4, 4, 4, 4), "samples": (2,), "orthogonal_array": True}, "tasks=4 is more than 3"),
        ({"classes": (4,), "multi_label": True}, "needs --samples-by-multiplicity"),
        ({"classes": (4,), "samples_by_multiplicity": ("1:2",)}, "goes with --multi-label"),
        ({"multi_label": True, "samples_by_multiplicity": ("1:2",)}, "--multi-label needs --classes K"),
        (
            {"classes": (4, 3), "multi_label": True, "samples_by_multiplicity": ("1:2",)},
            "--multi-label needs --classes",
        ),
        ({"classes": (4,), "multi_label": True, "samples_by_multiplicity": ("12",)}, "takes m:n.*got '12'"),
        ({"classes": (4,), "multi_label": True, "samples_by_multiplicity": ("1:2", "1:3")}, "names one twice"),
        ({"classes": (4,), "multi_label": True, "samples_by_multiplicity": ("5:2",)}, "multiplicity must be at most 4"),
        ({"classes": (4,), "multi_label": True, "samples": (3,)}, "leave --samples out"),
        ({"classes": (4,), "multi_label": True, "task_weights": (2.0,)}, "leave --task-weights out"),
        ({"labels": (Path("a.csv"),), "samples_by_multiplicity": ("1:2",)}, "leave --samples-by-multiplicity out"),
        ({"labels": (Path("a.csv"),), "n_same": 0}, "leave --n-same out"),
        ({"labels": (Path("a.csv"), Path("b.csv")), "multi_label": True}, "takes one file with --multi-label"),
        ({"labels": (Path("absent.csv"),), "multi_label": True}, "no file absent.csv"),
    ],
)
def test_contradictory_flags(options: dict[str, object], message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        ProblemOptions(**options).build()  # type: ignore[arg-type]


def test_columns_and_classes_must_agree(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.eye(3, dtype=int))
    with pytest.raises(ValueError, match=r"a\.npy has 3 columns, --classes 4"):
        ProblemOptions(labels=(tmp_path / "a.npy",), classes=(4,), multi_label=True).build()


@pytest.mark.parametrize(
    "flags",
    [
        ["--orthogonal-array", "--classes", "3", "3", "3", "--samples", "2"],
        ["--multi-label", "--classes", "3", "--samples-by-multiplicity", "1:10", "2:5"],
    ],
)
def test_solved_from_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    from verify.cli import main

    monkeypatch.setattr("sys.argv", ["ufm", "solve", *flags, "--lambda-H", "0.05", "--lambda-W", "0.05"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    assert "global minimum" in capsys.readouterr().out
