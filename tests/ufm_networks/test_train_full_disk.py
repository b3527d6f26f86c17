"""A disk that is full: the file is named, nothing is left half written, and the run goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from toy_data import tables, toy

from ufm.support import whole_file
from ufm_networks.training import train

resource = pytest.importorskip("resource", reason="this system has no limits to set")


def _full_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file of that name finds room for ten bytes."""
    real = whole_file.staging

    @contextmanager
    def staging(parent: Path, of: str) -> Iterator[Path]:
        with real(parent, of) as stage:
            room, most = resource.getrlimit(resource.RLIMIT_FSIZE)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10 if of == name else room, most))
            try:
                yield stage
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))

    monkeypatch.setattr(whole_file, "staging", staging)


@pytest.mark.parametrize("name", ["config.toml", "metrics.csv", "features.safetensors", "checkpoint.pt"])
def test_the_file_is_named_and_the_run_can_go_on(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _full_for(name, monkeypatch)
    with pytest.raises(
        OSError, match=rf"{name}' cannot be written \(File too large.*\); what was there is kept; once it can"
    ):
        train(tables(epochs=1), tmp_path, data=toy())
    monkeypatch.undo()
    assert not (tmp_path / name).exists()
    assert {path.name for path in tmp_path.glob(".*")} <= {".lock"}
    assert train(tables(epochs=1), tmp_path, data=toy()).status == "1 epochs"


def test_the_system_s_reason_is_found_behind_pytorch_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _full_for("weights", monkeypatch)
    with (
        pytest.raises(OSError, match=r"weights' cannot be written \(File too large\)"),
        whole_file.whole_file(tmp_path / "weights") as partial,
        open(partial, "wb", buffering=0) as file,
    ):
        torch.save(torch.zeros(100_000), file)


def _interrupted_while_writing(path: Path) -> None:
    path.write_text("new, half wr")
    raise KeyboardInterrupt


def test_an_interrupt_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file.whole_file(tmp_path / "file") as partial:
        _interrupted_while_writing(partial)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"
