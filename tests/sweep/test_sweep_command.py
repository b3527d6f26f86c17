"""``ufm sweep``: the study from a file, what it prints, its exit status, and what it refuses."""

from __future__ import annotations

import signal
from pathlib import Path

import pandas
import pytest
import tomli_w
from program import run
from studies import SMALL, study

from verify.sweeping.slurm import slurm_options

pytestmark = pytest.mark.usefixtures("in_a_folder_of_its_own")


@pytest.fixture
def file() -> Path:
    path = Path("small.toml")
    path.write_text(tomli_w.dumps(SMALL))
    return path


def test_a_sweep(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "sweep", file) == 0
    said = capsys.readouterr().out
    assert "8 problems in 3 chunks" in said
    assert "small.parquet" in said
    assert "covered by a theorem  8" in said
    assert len(pandas.read_parquet("small.parquet")) == 8
    assert run(monkeypatch, "sweep", file) == 0
    assert "8, 0 of them solved now" in capsys.readouterr().out


def test_what_is_not_certified_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("strict.toml").write_text(
        tomli_w.dumps(study(study={"tolerance": 1e-30}, problem={"classes": [2, 2], "counts": "table", "n": None,
                                                                "table": [[9, 2], [1, 9]]}))
    )  # fmt: skip
    assert run(monkeypatch, "sweep", "strict.toml", "--table", "t.parquet") == 1


def test_a_dry_run_writes_nothing(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, "sweep", file, "--dry-run") == 0
    assert [path.name for path in tmp_path.iterdir()] == ["small.toml"]


def test_ctrl_c(file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from verify.sweeping import spread

    real = spread.run_chunk

    def run_chunk(chunk):  # type: ignore[no-untyped-def]
        if chunk.number == 1:
            signal.raise_signal(signal.SIGINT)
        return real(chunk)

    monkeypatch.setattr(spread, "run_chunk", run_chunk)
    assert run(monkeypatch, "sweep", file) == 130
    assert "3 of 8 problems are kept in 'small.parquet.parts', and the same sweep goes on" in capsys.readouterr().out
    monkeypatch.setattr(spread, "run_chunk", real)
    assert run(monkeypatch, "sweep", file) == 0
    assert "8, 5 of them solved now" in capsys.readouterr().out


def test_bad_input_leaves_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    Path("misspelt.toml").write_text("[problem]\nclases = [2, 2]\n")
    for arguments, message in {
        ("misspelt.toml",): "key of [problem]='clases' is not known; did you mean 'classes'?",
        ("absent.toml",): "study='absent.toml': no such file",
        (file, "--table", "absent/t.parquet"): "table='absent/t.parquet': there is no folder",
        (file, "--jobs", "0"): "jobs must be an integer ≥ 1, got 0",
        (file, "--slurm", "partition=gpu"): "there is no Slurm here",
        (file, "--slurm", "part=gpu"): "--slurm='part' is not known; did you mean 'partition'?",
    }.items():
        assert run(monkeypatch, "sweep", *arguments) == 2
        assert message in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"small.toml", "misspelt.toml"}


def test_slurm_options() -> None:
    assert slurm_options("partition=gpu, time=60,memory=8GB,at_once=4") == {
        "partition": "gpu",
        "time": 60,
        "mem": "8GB",
        "array_parallelism": 4,
    }
    assert slurm_options("") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gpu", "such as partition=gpu,time=60; got 'gpu'"),
        ("time=", "got 'time='"),
        ("time=1h", "--slurm time must be a whole number of minutes ≥ 1, got '1h'"),
        ("gpus=0", "--slurm gpus must be a whole number ≥ 1, got '0'"),
        ("time=1,time=2", "--slurm names time twice"),
        ("timee=1", "--slurm='timee' is not known; did you mean 'time'"),
    ],
)
def test_slurm_options_that_cannot_be(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        slurm_options(text)
