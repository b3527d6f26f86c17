"""Files are whole or as they were, on disk before they are renamed, and nothing else is left."""

import fcntl
import os

import pytest
import torch
from safetensors.torch import load_file

from ufm.support.checked_tensors import save_checked
from ufm.support.whole_file import write_together, write_whole
from ufm.support.writable import open_folder, require_file

LEFT = ".result.json.0123abcd.part"


def one(folder, content):
    write_whole(folder / "result.json", content)


def together(folder, content):
    write_together(folder, {"result.json": content})


def tensors(folder, content):
    save_checked({"x": torch.zeros(3)}, folder / "result.json", {"content": content})


WRITERS = [one, together, tensors]


@pytest.mark.parametrize("write", WRITERS)
def test_bytes_are_on_disk_before_the_name_and_the_name_after(write, tmp_path, monkeypatch):
    steps, sync, replace = [], os.fsync, os.replace

    def synced(descriptor):
        steps.append("folder" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "file")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", lambda *names: (steps.append("rename"), replace(*names)))
    write(tmp_path, "new")
    assert steps == ["file", "rename", "folder"]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("mask", [0o022, 0o027, 0o077])
def test_permissions_follow_the_umask(write, mask, tmp_path):
    before = os.umask(mask)
    try:
        write(tmp_path, "new")
    finally:
        os.umask(before)
    assert (tmp_path / "result.json").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize("write", WRITERS)
def test_a_link_stays_and_its_target_is_replaced(write, tmp_path):
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
    (tmp_path / "here" / "result.json").symlink_to("../there/target")
    write(tmp_path / "here", "new")
    assert (tmp_path / "here" / "result.json").is_symlink()
    assert b"new" in (tmp_path / "there" / "target").read_bytes() or write is tensors
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["target"]


@pytest.mark.parametrize("write", [one, tensors])
def test_what_a_killed_run_left_is_removed_and_what_another_run_writes_is_not(write, tmp_path):
    (tmp_path / LEFT).mkdir()
    (tmp_path / LEFT / "result.json").write_text("half")
    (tmp_path / LEFT.replace("0123", "4567")).write_text("half, by an earlier version")
    used = tmp_path / LEFT.replace("0123", "89ab")
    used.mkdir()
    (tmp_path / ".other.json.0123abcd.part").mkdir()
    lock = os.open(used, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    write(tmp_path, "new")
    assert {path.name for path in tmp_path.iterdir()} == {"result.json", used.name, ".other.json.0123abcd.part"}
    os.close(lock)
    write(tmp_path, "new")
    assert not used.exists()


def test_what_a_killed_report_left_is_removed(tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / ".report.0123abcd.part").mkdir()
    write_together(tmp_path / "report", {"page.html": "new", "figures/1.svg": b"new"})
    assert {path.name for path in (tmp_path / "report").iterdir()} == {"page.html", "figures"}


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_what_was_there_and_names_it(write, error, step, tmp_path, monkeypatch):
    one(tmp_path, "old")

    def fail(*_):
        raise error

    monkeypatch.setattr(os, step, fail)
    message = r"result.json' cannot be written \(No space left on device\)" if isinstance(error, OSError) else None
    with pytest.raises(type(error), match=message):
        write(tmp_path, "new")
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]
    assert (tmp_path / "result.json").read_text() == "old"


def test_equal_tensors_and_metadata_give_equal_bytes(tmp_path):
    """The library orders metadata anew for every file."""
    written = set()
    for _ in range(20):
        save_checked({"b": torch.ones(2), "a": torch.zeros(1)}, tmp_path / "file", dict.fromkeys("wxyz", "λ"))
        written.add((tmp_path / "file").read_bytes())
    assert len(written) == 1


def test_views_and_tensors_given_twice_are_stored_whole(tmp_path):
    x = torch.arange(12.0).reshape(3, 4)
    given = {"x": x, "again": x, "transposed": x.T, "row": x[1], "empty": x[:0]}
    save_checked(given, tmp_path / "file", {})
    read = load_file(tmp_path / "file")
    assert read.keys() == given.keys()
    assert all(torch.equal(read[name], given[name]) for name in given)


def test_bytes_of_names_that_are_no_characters_are_escaped(tmp_path):
    one(tmp_path, os.fsdecode(b"caf\xe9"))
    assert (tmp_path / "result.json").read_text() == r"caf\udce9"


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (".", ValueError, "is a folder; name a file, such as 'result.json'"),
        ("absent/file", FileNotFoundError, "there is no folder"),
        ("link", FileNotFoundError, "there is no folder"),
        ("/dev/null", ValueError, "is not a regular file"),
        ("pipe", ValueError, "is not a regular file"),
        ("x" * 300, ValueError, "cannot be a file's name"),
        ("null\0byte", ValueError, "cannot be a file's name"),
    ],
)
def test_what_is_no_place_for_a_file_is_refused(name, error, message, tmp_path):
    (tmp_path / "link").symlink_to("absent/file")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(error, match=rf"--save=.*{message}"):
        require_file(tmp_path / name, "--save")
    with pytest.raises(error, match=rf"path=.*{message}"):
        write_whole(tmp_path / name, "new")


def test_a_name_as_long_as_they_may_be(tmp_path):
    name = "λ" * 127
    write_whole(require_file(tmp_path / name), "new")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_folder_is_refused_for_the_files_it_cannot_take(tmp_path):
    (tmp_path / "page.html").mkdir()
    (tmp_path / "figures").write_text("mine")
    open_folder(tmp_path, "other.html")
    with pytest.raises(ValueError, match=r"page.html' is a folder"):
        open_folder(tmp_path, "page.html")
    with pytest.raises(NotADirectoryError, match=r"figures' is a file"):
        open_folder(tmp_path, "figures/")
