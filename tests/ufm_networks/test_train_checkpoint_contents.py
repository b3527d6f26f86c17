"""Checkpoints that were changed: bit by bit, part by part, and with a checksum that is right all the same."""

from __future__ import annotations

import os
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_data import tables, toy

from ufm.support.content_digest import content_digest
from ufm_networks.training import train
from ufm_networks.training.checkpoint import FORMAT, PARTS

REFUSED = r"cannot be used .* left as it is|is of another (run|model)"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], bytes]:
    folder = tmp_path_factory.mktemp("run")
    train(tables(epochs=1), folder, data=toy())
    path = folder / "checkpoint.pt"
    return torch.load(path, weights_only=True), path.read_bytes()


def resume(folder: Path) -> Any:
    return train(tables(epochs=1), folder, data=toy())


def write(folder: Path, content: dict[str, Any]) -> None:
    """With a checksum that is right."""
    content = {name: part for name, part in content.items() if name != "sha256"}
    torch.save(content | {"sha256": content_digest(content)}, folder / "checkpoint.pt")


def test_what_was_saved_is_resumed_from(trained: Any, tmp_path: Path) -> None:
    write(tmp_path, trained[0])
    assert resume(tmp_path).history == trained[0]["history"]


def test_a_flipped_bit_is_refused_or_without_effect(trained: Any, tmp_path: Path) -> None:
    content, whole = trained
    rng = random.Random(0)
    refused = 0
    for _ in range(25):
        flipped = bytearray(whole)
        flipped[rng.randrange(len(whole))] ^= 1 << rng.randrange(8)
        (tmp_path / "checkpoint.pt").write_bytes(flipped)
        try:
            run = resume(tmp_path)
        except ValueError:
            refused += 1
        else:  # in what nothing reads, such as a date of the archive
            assert run.history == content["history"]
            assert all(torch.equal(value, content["network"][name]) for name, value in run.network.state_dict().items())
    assert refused > 15


@pytest.mark.parametrize("name", [*PARTS, "format", "sha256"])
def test_a_part_changed_without_the_checksum_is_refused(name: str, trained: Any, tmp_path: Path) -> None:
    for value in (None, 5, "x", [], {}):
        if value == trained[0][name]:
            continue
        torch.save(trained[0] | {name: value}, tmp_path / "checkpoint.pt")
        with pytest.raises(ValueError, match=REFUSED):
            resume(tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *((name, value) for name in PARTS for value in (None, 5, "x", {"a": 1}, [{}])),
        ("history", [{"epoch": 2, "loss": 1.0}]),
        ("history", [{"epoch": 1, "loss": "low"}]),
        ("optimizer", {"state": {}}),
        ("optimizer", {"state": {}, "param_groups": []}),
    ],
)
def test_parts_of_another_kind_are_refused_though_the_checksum_be_right(
    name: str, value: Any, trained: Any, tmp_path: Path
) -> None:
    write(tmp_path, trained[0] | {name: value})
    with pytest.raises(ValueError, match=REFUSED):
        resume(tmp_path)


def test_momenta_of_another_shape_are_refused(trained: Any, tmp_path: Path) -> None:
    content = trained[0]
    state = dict(content["optimizer"]["state"])
    state[0] = {"momentum_buffer": torch.zeros(2, 3)}
    write(tmp_path, content | {"optimizer": content["optimizer"] | {"state": state}})
    with pytest.raises(ValueError, match=r"another optimizer or weighting.*momentum_buffer has shape \(2, 3\)"):
        resume(tmp_path)


def test_a_tensor_larger_than_the_file_is_not_written_out(trained: Any, tmp_path: Path) -> None:
    huge = torch.zeros(1).expand(10**12)
    torch.save(trained[0] | {"network": {"x": huge}}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match=r"holds a tensor \(1000000000000,\) larger than the file"):
        resume(tmp_path)


def test_a_packed_archive_is_refused(trained: Any, tmp_path: Path) -> None:
    """A few kB of it could hold any number of bytes."""
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(trained[1])
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    with pytest.raises(ValueError, match=r"its part .* is damaged"):
        resume(tmp_path)


def test_files_without_checksum_are_refused_by_name(trained: Any, tmp_path: Path) -> None:
    content = {name: part for name, part in trained[0].items() if name != "sha256"}
    torch.save(content, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="it is without its SHA-256"):
        resume(tmp_path)
    torch.save(content | {"format": FORMAT[:-1] + "1"}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="an earlier version wrote it, without a checksum"):
        resume(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="is not a regular file but a pipe"):
        resume(tmp_path)
