"""A disk that is full: the file is named, nothing is left half written, and the run goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from toy_data import tables, toy

from ufm_networks.training import train
from ufm_networks.training.whole_file import whole_file

FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(not FULL.is_char_device(), reason="this system has no device that is always full")


@pytest.mark.parametrize("name", ["config.toml", "metrics.csv", "features.safetensors", "checkpoint.pt"])
def test_the_file_is_named_and_the_run_can_go_on(name: str, tmp_path: Path) -> None:
    (tmp_path / f"{name}.partial").symlink_to(FULL)
    with pytest.raises(
        OSError, match=rf"{name}' cannot be written \(No space left on device\); what was there is kept"
    ):
        train(tables(), tmp_path, data=toy())
    assert not (tmp_path / name).exists()
    assert not list(tmp_path.glob("*.partial"))
    assert train(tables(), tmp_path, data=toy()).status == "3 epochs"


def test_the_system_s_reason_is_found_behind_pytorch_s(tmp_path: Path) -> None:
    (tmp_path / "weights.partial").symlink_to(FULL)
    with (
        pytest.raises(OSError, match=r"weights' cannot be written \(No space left on device\)"),
        whole_file(tmp_path / "weights") as partial,
        open(partial, "wb", buffering=0) as file,
    ):
        torch.save(torch.zeros(100_000), file)


def _interrupted_while_writing(path: Path) -> None:
    path.write_text("new, half wr")
    raise KeyboardInterrupt


def test_an_interrupt_leaves_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(KeyboardInterrupt), whole_file(tmp_path / "file") as partial:
        _interrupted_while_writing(partial)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert (tmp_path / "file").read_text() == "old"
