"""Label files in which samples have no label in some tasks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from program import run

import ufm
from verify.cli.label_files import read_tasks
from verify.cli.problem_options import ProblemOptions

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.04, "lambda_b": 0.03}
TEXT = "glasses,age\n0,old\n-1,young\n1,\n0,young\n1,old\n-1.0,old\n"
LABELS = [[0, 0], [-1, 1], [1, -1], [0, 1], [1, 0], [-1, 0]]


def test_the_problem_is_that_of_from_labels(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(TEXT)
    problem, reading = ProblemOptions(labels=(path,), missing=("-1", ""), **LAMBDAS).stated()
    expected = ufm.SingleSource.from_labels(LABELS, (2, 2), missing=-1, **LAMBDAS)
    np.testing.assert_array_equal(problem.labels, expected.labels)
    np.testing.assert_array_equal(problem.counts, expected.counts)
    assert reading is not None
    assert [task.unlabelled for task in reading.tasks] == [2, 1]
    assert [task.counts for task in reading.tasks] == [(2, 2), (3, 2)]
    assert "glasses  2 classes: 0 (2), 1 (2); 2 without a label" in str(reading)


def test_arrays(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[0.0, 2.0], [np.nan, 0.0], [1.0, np.nan]]))
    (labels,), reading = read_tasks([tmp_path / "a.npy"], missing=["nan"])
    np.testing.assert_array_equal(labels, [[0, 1], [-1, 0], [1, -1]])
    assert reading.tasks[0].unlabelled == 1


def test_words_do_not_hide_a_header(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("pose,light\n1,2\nunknown,1\n2,unknown\n1,2\n")
    (labels,), reading = read_tasks([tmp_path / "a.csv"], missing=["unknown"])
    assert reading.files[0].header
    np.testing.assert_array_equal(labels, [[0, 1], [-1, 0], [1, -1], [0, 1]])


def test_empty_classes_keep_their_places(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("0,3\n-1,1\n2,-1\n")
    (labels,), reading = read_tasks([tmp_path / "a.csv"], (3, 4), missing=["-1"])
    np.testing.assert_array_equal(labels, [[0, 3], [-1, 1], [2, -1]])
    assert reading.tasks[0].counts == (1, 0, 1)


@pytest.mark.parametrize(
    ("text", "missing", "message"),
    [
        ("0,1\n-1,0\n", (), "line 2: column 1 holds -1.*--missing"),
        ("0,1\n,0\n", ("-1",), "line 2: column 1 is empty.*--missing"),
        ("0,1\n1,0\n-1,-1\n-1,-1\n", ("-1",), "line 3: no label in any task, so no loss .and 1 more rows.; remove"),
        ("0,-1\n1,-1\n", ("-1",), "column 2 has no label at all; leave the column out"),
    ],
)
def test_refused(tmp_path: Path, text: str, missing: tuple[str, ...], message: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_tasks([tmp_path / "a.csv"], missing=missing)


def test_a_source_of_its_own_misses_no_label(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("0\n1\n-1\n")
    options = ProblemOptions(
        labels=(tmp_path / "a.csv", tmp_path / "b.csv"), missing=("-1",), multi_source=True, **LAMBDAS
    )
    with pytest.raises(ValueError, match=r"a\.csv, line 3: no label in any task"):
        options.build()


def test_other_refusals(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("0,1\n1,0\n")
    with pytest.raises(ValueError, match="--missing: of a file"):
        ProblemOptions(classes=(2, 2), samples=(3,), missing=("-1",)).build()
    with pytest.raises(ValueError, match="leave --missing out"):
        ProblemOptions(labels=(tmp_path / "a.csv",), multi_label=True, missing=("-1",)).build()
    _, reading = read_tasks([tmp_path / "a.csv"], missing=["9"])
    assert "--missing '9' occurs in no column" in reading.warnings


@pytest.mark.usefixtures("in_a_folder_of_its_own")
def test_solved(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Path("people.csv").write_text(TEXT)
    flags = ["--labels", "people.csv", "--missing", "-1", "", "--lambda-H", "0.05", "--lambda-W", "0.05"]
    assert run(monkeypatch, "solve", *flags) == 0
    out = capsys.readouterr().out
    assert "6, 3 with labels missing" in out
    assert "global minimum" in out
