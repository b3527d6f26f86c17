"""``ufm landscape`` as a user runs it."""

import sys

import pytest

from verify.cli import main

PROBLEM = ["--classes", "6", "--samples", "10", "--lambda-H", "0.05", "--lambda-W", "0.05", "--lambda-b", "0.05"]


@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ([], 0, ("d = 5 (5 suffice)", "minimum, rank 5", "rank 4", "strict saddle")),
        (["--dim", "2"], 1, ("d = 2 (5 suffice)", "solver’s point, rank 2", "no negative curvature")),
        (["--dim", "0"], 2, ("dim must be an integer ≥ 1",)),
    ],
)
def test_status_says_whether_the_landscape_is_benign(more, status, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["ufm", "landscape", *PROBLEM, *more])
    monkeypatch.setenv("COLUMNS", "200")
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == status
    printed = "".join(capsys.readouterr())
    for word in words:
        assert word in printed
