"""``ufm falsify`` as a user runs it: exit status, files, messages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import forked
import pytest
from program import run

import verify.falsification
from verify import claims
from verify import strategies as families


def falsify(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    return run(monkeypatch, "falsify", *arguments)


@pytest.fixture(autouse=True)
def no_draws_of_before(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, in_a_folder_of_its_own: None) -> None:
    monkeypatch.setenv("HYPOTHESIS_STORAGE_DIRECTORY", str(tmp_path / "hypothesis"))


def test_a_counterexample_is_status_1_and_replays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["nc4", "--family", "task-balanced", "--classes", 3, "--tasks", 2, "--budget", 20, "--save", "f.json"]
    assert falsify(monkeypatch, *flags) == 1
    assert "ufm.SingleSource([[2, 1, 1]" in capsys.readouterr().out
    assert json.loads(Path("f.json").read_text())["claim"]["name"] == "nc4"
    assert falsify(monkeypatch, "--replay", "f.json") == 1
    assert "recurs" in capsys.readouterr().out


def test_nothing_found_is_status_0_and_nothing_tested_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert falsify(monkeypatch, "nc3", "--family", "balanced", "--classes", 2, 3, "--budget", 5, "--lambdas", 0.1) == 0
    assert "no proof" in capsys.readouterr().out
    assert falsify(monkeypatch, "nc1", "--family", "balanced", "--budget", 5) == 3
    few = ["--budget", 6, "--method", "gradient", "--classes", 2]
    assert falsify(monkeypatch, "nc1", "--family", "balanced", *few) == 0
    assert falsify(monkeypatch, "nc3", "--family", "balanced", "--classes", 3, 3, "--budget", 5, "--dim", 1) == 3


def test_task_weights_are_drawn_between_two_numbers(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Theorem 3.1 (4) without its hypothesis c^t = 1."""
    flags = ["nc4", "--family", "balanced", "--classes", 3, 3, "--budget"]
    assert falsify(monkeypatch, *flags, 6) == 0
    assert falsify(monkeypatch, *flags, 20, "--task-weights", 0.25, 4) == 1
    assert "task_weights=[" in capsys.readouterr().out


def test_list_names_every_claim_and_family(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert falsify(monkeypatch, "--list") == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in (*claims.LIBRARY, *families.FAMILIES))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--family"),
        (["nc4"], "--family"),
        (["nc44", "--family", "balanced"], "nc4"),
        (["nc4", "--family", "balancd"], "balanced"),
        (["nc4", "--family", "balanced", "--budget", 0], "budget"),
        (["nc4", "--family", "balanced", "--classes", 1], "classes"),
        (["nc4", "--family", "balanced", "--classes", 2, 3, "--tasks", 3], "--tasks"),
        (["nc4", "--family", "balanced", "--lambdas", 1, 2, 3], "lambda"),
        (["nc4", "--family", "balanced", "--task-weights", 4, 0.25], "task_weights"),
        (["nc4", "--family", "balanced", "--margin", -1], "margin"),
        (["nc4", "--family", "balanced", "--save", "absent/f.json"], "absent"),
        (["--replay", "absent.json"], "absent.json"),
        (["nc4", "--replay", "absent.json"], "leave claim out"),
        (["--replay", "absent.json", "--margin", 0.5, "--seed", 3], "leave --margin, --seed out"),
    ],
)
def test_bad_input_is_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[Any], message: str
) -> None:
    monkeypatch.setattr(verify.falsification.search, "_run", lambda *_: pytest.fail("began to search"))
    assert falsify(monkeypatch, *arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(("after", "status"), [(1, 130), (8, 1)])
def test_an_interrupt_prints_what_was_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], after: int, status: int
) -> None:
    calls = []

    def interrupting(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > after:
            raise KeyboardInterrupt
        return attempt(*arguments)

    attempt = verify.falsification.trials.attempt
    monkeypatch.setattr(verify.falsification.trials, "attempt", interrupting)
    assert falsify(monkeypatch, "nc2", "--family", "task-balanced", "--classes", 3, "--save", "f.json") == status
    assert "interrupted" in capsys.readouterr().out
    assert verify.Finding.load("f.json").ended == "interrupted"


def test_without_hypothesis_the_extra_is_named() -> None:
    """And only families and the search need it."""
    program = """
import sys
sys.modules["hypothesis"] = None
import verify
verify.claims.nc4, verify.Finding.load, verify.replay
for use in (lambda: verify.strategies, lambda: verify.falsify("nc4", "balanced")):
    try:
        use()
    except ModuleNotFoundError as error:
        print(error)
"""
    assert forked.run(program).count("pip install 'ufm-toolkit[falsify]'") == 2
