"""The folder of a run: one process at a time, and a place that can be written to, before any work."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from toy_data import tables, toy

from ufm_networks.training import train
from ufm_networks.training.folder_lock import LOCK, locked, require_folder

HOLDS = """
import sys
from pathlib import Path
from ufm_networks.training.folder_lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_train_into_one_folder(tmp_path: Path) -> None:
    """While the other runs the folder is refused, and untouched; when it ends, however it ends, it is free."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(ValueError, match="another process trains into this folder now"):
            train(tables(), tmp_path, data=toy())
        assert [path.name for path in tmp_path.iterdir()] == [LOCK]
        other.kill()
    assert train(tables(), tmp_path, data=toy()).status == "3 epochs"
    assert (tmp_path / "checkpoint.pt").exists()


def test_a_folder_is_free_after_an_error_inside(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(KeyError), locked(tmp_path):
            raise KeyError
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_a_file_in_the_way_is_named_before_data_are_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for output in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ValueError, match=r"output='.*file' is a file, not a folder"):
            train({"data": {"source": "mnist", "dir": str(tmp_path / "absent")}}, output)
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match="cannot be written to"):
        require_folder(tmp_path / "run")
    tmp_path.chmod(0o700)
    require_folder(tmp_path / "run")


def test_a_network_that_no_memory_holds(tmp_path: Path) -> None:
    with pytest.raises(MemoryError, match=r"width=1000000: resnet18 with [\d,]+ parameters.*take a smaller width"):
        train(tables({"width": 1_000_000}), tmp_path / "run", data=toy())
    assert not (tmp_path / "run").exists()
