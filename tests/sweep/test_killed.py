"""A sweep that is killed, interrupted or out of disk: no finished chunk is lost or computed again, no file is half."""

from __future__ import annotations

import collections
import itertools
import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas
import pyarrow.parquet as pq
import pytest
import tomli_w
from studies import SMALL, study

import verify
from ufm.support import whole_file
from verify.sweeping import Progress, read_study
from verify.sweeping.parts import parts_of

KILLS = 12
MANY = study(study={"chunk": 2}, axes={"lambda_W": {"low": 0.01, "high": 10.0, "points": 60}})


def test_killed_at_random_moments(tmp_path: Path) -> None:
    table, log = tmp_path / "table.parquet", tmp_path / "log"
    program = Path(__file__).with_name("killed_sweeps.py")
    done = subprocess.run(
        [sys.executable, program, table, log, json.dumps(MANY), str(KILLS)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=Path(__file__).parents[2],
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1", "PATH": ""},
    )
    assert done.returncode == 0, done.stderr
    ends = [json.loads(line) for line in done.stdout.splitlines()]
    kept = [set(end["parts"]) for end in ends if not end["table"]]
    assert all(before <= after for before, after in itertools.pairwise(kept))  # none is lost
    assert sum(end["status"] == signal.SIGKILL for end in ends) >= 3
    assert ends[-1] == {"status": 0, "table": True, "parts": []}
    computed = collections.Counter(map(int, log.read_text().split()))
    assert set(computed) == set(range(60))
    again = sum(computed.values()) - 60
    assert again <= KILLS  # at most the chunk that each kill hit
    found = pq.ParquetFile(table)
    assert [found.metadata.row_group(k).num_rows for k in range(found.num_row_groups)] == [2] * 60
    assert pandas.read_parquet(table)["problem"].tolist() == list(range(120))
    assert {path.name for path in tmp_path.iterdir()} == {"table.parquet", "log"}


def test_parts_left_beside_a_whole_table_go(tmp_path: Path) -> None:
    table = verify.sweep(SMALL, tmp_path / "table.parquet").path
    parts_of(table).mkdir()
    (parts_of(table) / "chunk-0000000.parquet").write_bytes(table.read_bytes())
    assert verify.sweep(SMALL, table).computed == 0
    assert [path.name for path in tmp_path.iterdir()] == ["table.parquet"]


@pytest.mark.slow
def test_the_program_with_workers_killed_at_random_moments(tmp_path: Path) -> None:
    """No chunk that was there is lost, the table is that of a run in peace, and no worker outlives its sweep."""
    asked = study(study={"chunk": 2}, axes={"lambda_W": {"low": 0.01, "high": 10.0, "points": 20}})
    (tmp_path / "study.toml").write_text(tomli_w.dumps(asked))
    draws, there = random.Random(0), set[str]()
    parts = parts_of(tmp_path / "study.parquet")
    for kill in range(5):
        run = subprocess.Popen(
            [sys.executable, "-c", "import ufm_command; ufm_command.main()", "sweep", "study.toml", "--jobs", "2"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,  # closed when the last worker has ended
            text=True,
        )
        until = time.monotonic() + 300
        if kill < 4:
            while run.poll() is None and _names(parts) == there and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(draws.uniform(0.0, 0.3))
            run.kill()
        run.communicate(timeout=300)
        assert there <= _names(parts) or (tmp_path / "study.parquet").exists()
        there = _names(parts)
    peace = verify.sweep(tmp_path / "study.toml", tmp_path / "peace.parquet")
    assert (tmp_path / "study.parquet").read_bytes() == peace.path.read_bytes()


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("chunk-*.parquet")}


def interrupt_after(chunks: int) -> tuple[list[Progress], object]:
    told: list[Progress] = []

    def progress(so_far: Progress) -> None:
        told.append(so_far)
        if len(told) == chunks + 1:
            signal.raise_signal(signal.SIGINT)

    return told, progress


def test_ctrl_c_keeps_what_is_finished_and_says_how_it_goes_on(tmp_path: Path) -> None:
    whole = verify.sweep(SMALL, tmp_path / "whole.parquet")
    table = tmp_path / "table.parquet"
    _, progress = interrupt_after(2)
    with pytest.raises(verify.SweepInterrupted, match=r"6 of 8 problems are kept in '.*table.parquet.parts'"):
        verify.sweep(SMALL, table, progress=progress)  # type: ignore[arg-type]
    assert not table.exists()
    again = verify.sweep(SMALL, table)
    assert again.computed == 2
    assert table.read_bytes() == whole.path.read_bytes()


def test_parts_of_another_study_are_refused(tmp_path: Path) -> None:
    table = tmp_path / "table.parquet"
    _, progress = interrupt_after(1)
    with pytest.raises(verify.SweepInterrupted):
        verify.sweep(SMALL, table, progress=progress)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"chunk-0000000.parquet' is the table of another study \(study.seed is 0"):
        verify.sweep(study(study={"seed": 1}), table)
    with pytest.raises(ValueError, match=r"chunk-0000000.parquet' is the table of another study \(study.chunk is 3"):
        verify.sweep(study(study={"chunk": 8}), table)


def test_rows_damaged_on_disk_are_named_and_made_again(tmp_path: Path) -> None:
    table = tmp_path / "table.parquet"
    _, progress = interrupt_after(2)
    with pytest.raises(verify.SweepInterrupted):
        verify.sweep(SMALL, table, progress=progress)  # type: ignore[arg-type]
    second = parts_of(table) / "chunk-0000001.parquet"
    content = bytearray(second.read_bytes())
    content[200] ^= 0xFF  # of a page: the footer is whole
    second.write_bytes(content)
    with pytest.raises(ValueError, match=r"chunk-0000001.parquet' is damaged \(.*\); remove it, and the same sweep"):
        verify.sweep(SMALL, table)
    assert not table.exists()
    second.unlink()
    assert verify.sweep(SMALL, table).computed == 3


def test_a_table_without_some_of_its_rows_is_refused(tmp_path: Path) -> None:
    table = verify.sweep(SMALL, tmp_path / "table.parquet").path
    pq.write_table(pq.read_table(table).slice(0, 5), table)
    with pytest.raises(ValueError, match=r"table.parquet' has 5 of the study's 8 problems; remove it, or name another"):
        verify.sweep(SMALL, table)


@pytest.mark.parametrize("damage", ["cut", "other chunk", "text"])
def test_damaged_parts_are_refused_by_name(damage: str, tmp_path: Path) -> None:
    table = tmp_path / "table.parquet"
    _, progress = interrupt_after(2)
    with pytest.raises(verify.SweepInterrupted):
        verify.sweep(SMALL, table, progress=progress)  # type: ignore[arg-type]
    first, second = sorted(parts_of(table).glob("chunk-*"))
    content = first.read_bytes()
    second.write_bytes({"cut": content[:-7], "other chunk": content, "text": b"text"}[damage])
    message = "does not hold problems 3 … 5; remove it" if damage == "other chunk" else "is not a whole Parquet file"
    with pytest.raises(ValueError, match=rf"chunk-0000001.parquet' {message}"):
        verify.sweep(SMALL, table)
    second.unlink()
    assert verify.sweep(SMALL, table).computed == 5


def test_one_sweep_at_a_time(tmp_path: Path) -> None:
    table = tmp_path / "table.parquet"

    def second(so_far: Progress) -> None:
        with pytest.raises(ValueError, match=r"table.parquet' is being swept by another process"):
            verify.sweep(SMALL, table)

    assert verify.sweep(SMALL, table, progress=second).computed == 8


def _full_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of that name finds room for a thousand bytes."""
    resource = pytest.importorskip("resource", reason="this system has no limits to set")
    real = whole_file.staging

    @contextmanager
    def staging(parent: Path, of: str) -> Iterator[Path]:
        with real(parent, of) as stage:
            room, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000 if of == name else room, most))
            try:
                yield stage
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))

    monkeypatch.setattr(whole_file, "staging", staging)


@pytest.mark.parametrize(("name", "kept"), [("chunk-0000001.parquet", 1), ("table.parquet", 3)])
def test_a_full_disk(name: str, kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "table.parquet"
    _full_for(name, monkeypatch)
    with pytest.raises(OSError, match=rf"{name}' cannot be written \(File too large\); .* goes on where it was"):
        verify.sweep(SMALL, table)
    monkeypatch.undo()
    assert not table.exists()
    assert len(list(parts_of(table).glob("chunk-*.parquet"))) == kept
    assert not list(tmp_path.rglob("*.part"))
    assert verify.sweep(SMALL, table).computed == 8 - min(3 * kept, 8)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    parts_of(tmp_path / "table.parquet").write_text("in the way")
    with pytest.raises(NotADirectoryError, match=r"table.parquet.parts' is a file; name a folder"):
        verify.sweep(SMALL, tmp_path / "table.parquet")


def test_chunks_cover_the_study_once() -> None:
    read = read_study(MANY)
    assert [i for chunk in read.chunks for i in chunk] == list(range(read.size))
