"""CelebA, TinyImageNet and ImageNet: image files in their folders, decoded when asked for."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from data_set_files import all_images, load, write_celeba, write_image, write_imagenet, write_tinyimagenet
from PIL import Image

from ufm_networks.datasets.image_files import ImageFiles

NAMES = ["Smiling", "High_Cheekbones", "Eyeglasses"]
ATTRIBUTES = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1]])


def test_celeba_parts_and_attributes(tmp_path: Path) -> None:
    write_celeba(tmp_path, ATTRIBUTES, NAMES, parts="00122")
    training, test = load("celeba", tmp_path), load("celeba", tmp_path, train=False)
    np.testing.assert_array_equal(training.attributes, ATTRIBUTES[:2])
    np.testing.assert_array_equal(test.attributes, ATTRIBUTES[3:])
    assert training.attribute_names == tuple(NAMES)
    assert training.images.shape == (3, 64, 64)
    # image i is red 10 i: JPEG may change a level or two
    assert np.abs(all_images(test)[:, 0].astype(int) - np.array([30, 40])[:, None, None]).max() <= 3


def test_celeba_without_partition_goes_by_image_number(tmp_path: Path) -> None:
    write_celeba(tmp_path, ATTRIBUTES, NAMES, parts=None)
    text = (tmp_path / "list_attr_celeba.txt").read_text()
    renamed = {"000004.jpg": "162771.jpg", "000005.jpg": "182638.jpg"}
    for old, new in renamed.items():
        text = text.replace(old, new)
        (tmp_path / "img_align_celeba" / old).rename(tmp_path / "img_align_celeba" / new)
    (tmp_path / "list_attr_celeba.txt").write_text(text)
    np.testing.assert_array_equal(load("celeba", tmp_path).attributes, ATTRIBUTES[:3])
    np.testing.assert_array_equal(load("celeba", tmp_path, train=False).attributes, ATTRIBUTES[4:])


def test_celeba_damaged(tmp_path: Path) -> None:
    write_celeba(tmp_path, ATTRIBUTES, NAMES, parts="00122")
    path = tmp_path / "list_attr_celeba.txt"
    whole = path.read_text()
    for broken, message in (
        ("\n".join(whole.split("\n")[:-2]), "expected 5 images, as its first line says, found 4"),
        (whole.replace(" 1\n", "\n", 1), "expected a name and 3 values 1 or -1 in line"),
        (whole.replace("-1", "0", 1), "values 1 or -1 in line"),
        (whole.replace("5\n", "five\n", 1), "expected the number of images"),
        ("", "expected the number of images"),
    ):
        path.write_text(broken)
        with pytest.raises(ValueError, match=rf"list_attr_celeba\.txt' is damaged or cut short: .*{message}"):
            load("celeba", tmp_path)
    path.write_text(whole)
    (tmp_path / "list_eval_partition.txt").write_text("000001.jpg 0\n")
    with pytest.raises(ValueError, match=r"list_eval_partition\.txt.*found none for 000002\.jpg"):
        load("celeba", tmp_path)
    (tmp_path / "list_eval_partition.txt").write_text("000001.jpg 3\n")
    with pytest.raises(ValueError, match=r"list_eval_partition\.txt.*0, 1 or 2 in line 1"):
        load("celeba", tmp_path)
    (tmp_path / "list_eval_partition.txt").unlink()
    (tmp_path / "img_align_celeba" / "000002.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 5 images are missing in .*000002\.jpg"):
        load("celeba", tmp_path)


def test_an_image_with_two_lines_is_refused(tmp_path: Path) -> None:
    write_celeba(tmp_path, ATTRIBUTES, NAMES, parts="00122")
    write_tinyimagenet(tmp_path)
    files = {
        tmp_path / "list_eval_partition.txt": ("celeba", "000004.jpg", "000002.jpg"),
        tmp_path / "list_attr_celeba.txt": ("celeba", "000004.jpg", "000002.jpg"),
        tmp_path / "tiny-imagenet-200" / "val" / "val_annotations.txt": ("tinyimagenet", "val_3.JPEG", "val_0.JPEG"),
    }
    for path, (name, image, other) in files.items():
        whole = path.read_text()
        path.write_text(whole.replace(image, other))
        with pytest.raises(ValueError, match=rf"{path.name}' is damaged .*every image once, found {other} again in"):
            load(name, tmp_path, train=False)
        path.write_text(whole)


def test_tinyimagenet(tmp_path: Path) -> None:
    names = write_tinyimagenet(tmp_path)
    for train, labels in ((True, [0] * 4 + [1] * 4 + [2] * 4), (False, [0, 1, 2, 0, 1, 2])):
        source = load("tinyimagenet", tmp_path, train)
        assert source.class_names == tuple(names)  # sorted, though wnids.txt is not
        np.testing.assert_array_equal(source.labels, labels)
        red = all_images(source)[:, 0].mean(axis=(1, 2))
        assert np.abs(red - 80 * np.array(labels)).max() <= 3  # labels are those of the images


def test_tinyimagenet_damaged(tmp_path: Path) -> None:
    names = write_tinyimagenet(tmp_path)
    folder = tmp_path / "tiny-imagenet-200"
    annotations = folder / "val" / "val_annotations.txt"
    whole = annotations.read_text()
    annotations.write_text(whole.rsplit("\n", 2)[0])
    with pytest.raises(ValueError, match=r"holds 6 images, val_annotations\.txt names 5; val_5\.JPEG"):
        load("tinyimagenet", tmp_path, train=False)
    annotations.write_text(whole.replace(names[1], "n99999999"))
    with pytest.raises(ValueError, match=r"val_annotations\.txt' is damaged.*line 2"):
        load("tinyimagenet", tmp_path, train=False)
    annotations.unlink()
    with pytest.raises(FileNotFoundError, match=r"val_annotations\.txt' is missing"):
        load("tinyimagenet", tmp_path, train=False)
    (folder / "wnids.txt").write_text("\n".join(names[:2]))
    with pytest.raises(ValueError, match=rf"{names[2]} is in one of them only"):
        load("tinyimagenet", tmp_path)
    for image in (folder / "train" / names[1] / "images").iterdir():
        image.unlink()
    with pytest.raises(ValueError, match=rf"class 1 \({names[1]}\) has no sample"):
        load("tinyimagenet", tmp_path)


def test_imagenet_is_scaled_and_cut(tmp_path: Path) -> None:
    write_imagenet(tmp_path)
    source = load("imagenet", tmp_path, image_size=32)
    assert source.images.shape == (3, 32, 32)
    np.testing.assert_array_equal(source.labels, [0] * 3 + [1] * 3 + [2] * 3)
    assert all_images(source).shape == (9, 3, 32, 32)
    assert load("imagenet", tmp_path, train=False).images.shape == (3, 224, 224)


def test_the_centre_is_what_is_kept(tmp_path: Path) -> None:
    """A picture of three colours, 3 : 1, of which the middle square is green."""
    for k in range(2):
        path = tmp_path / "train" / f"n{k}" / "image.png"
        path.parent.mkdir(parents=True)
        picture = np.zeros((20, 60, 3), dtype=np.uint8)
        picture[:, :20, 0], picture[:, 20:40, 1], picture[:, 40:, 2] = 200, 200, 200
        Image.fromarray(picture if k == 0 else picture.transpose(1, 0, 2)).save(path)
    images = all_images(load("imagenet", tmp_path, image_size=20))
    assert np.all(images == np.array([0, 200, 0])[None, :, None, None])


@pytest.mark.parametrize("mode", ["L", "RGBA", "CMYK"])
def test_every_colour_mode_becomes_three_channels(tmp_path: Path, mode: str) -> None:
    for k in range(2):
        suffix = "png" if mode == "RGBA" else "jpg"
        write_image(tmp_path / "train" / f"n{k}" / f"image.{suffix}", (90, 90, 90, 255)[: len(mode)], (40, 40), mode)
    assert all_images(load("imagenet", tmp_path, image_size=8)).shape == (2, 3, 8, 8)


def test_images_are_decoded_when_asked_for_and_named_when_damaged(tmp_path: Path) -> None:
    names = write_imagenet(tmp_path)
    first, second = (tmp_path / "train" / names[0] / f"{names[0]}_{i}.JPEG" for i in range(2))
    first.write_bytes(first.read_bytes()[:400])
    second.write_text("no image")
    source = load("imagenet", tmp_path, image_size=16)  # nothing is read yet
    assert source.images[np.arange(2, 9)].shape == (7, 3, 16, 16)
    for i, path in enumerate((first, second)):
        with pytest.raises(ValueError, match=rf"{path.name}' is not a whole image"):
            source.images[np.array([i])]
    second.unlink()
    with pytest.raises(FileNotFoundError, match=second.name):
        source.images[np.array([1])]


def test_threads_keep_the_order(tmp_path: Path) -> None:
    for k in range(2):
        for i in range(40):
            write_image(tmp_path / "train" / f"n{k}" / f"{i:03d}.png", (6 * i, 100 * k, 0), (8, 8))
    source = load("imagenet", tmp_path, image_size=8)
    order = np.random.default_rng(0).permutation(80)
    images = source.images[order]
    np.testing.assert_array_equal(images[:, 0, 0, 0], 6 * (order % 40))
    np.testing.assert_array_equal(images[:, 1, 0, 0], 100 * (order // 40))


def test_folders_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="imagenet: no train in"):
        load("imagenet", tmp_path)
    (tmp_path / "train").mkdir()
    with pytest.raises(ValueError, match="one folder of images per class, found 0"):
        load("imagenet", tmp_path)
    with pytest.raises(ValueError, match="image_size is for celeba, tinyimagenet, imagenet"):
        load("mnist", tmp_path, image_size=8)


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (2**31 - 1, 1)])
def test_an_image_that_claims_to_be_enormous(tmp_path: Path, width: int, height: int) -> None:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + header + pixels + chunk(b"IEND", b""))
    with pytest.raises(ValueError, match=r"a.png' is not a whole image \(Image size \(\d+ pixels\) exceeds"):
        ImageFiles(tmp_path, ["a.png"], 32)[np.array([0])]


EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n%%EndComments\n(chosen by the file) print\n"


def test_other_formats_start_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow has PostScript, whatever its name, drawn by Ghostscript."""
    folder = tmp_path / "tiny-imagenet-200" / "train"
    for name in write_tinyimagenet(tmp_path):
        (folder / name / "images" / f"{name}_0.JPEG").write_bytes(EPS)
    program = tmp_path / "bin" / "gs"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{tmp_path}/started'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr("PIL.EpsImagePlugin.gs_binary", None)  # as in a new process: not yet looked for
    source = load("tinyimagenet", tmp_path)
    with pytest.raises(ValueError, match=r"_0\.JPEG' is not a whole image"):
        source.images[np.arange(1)]
    assert not (tmp_path / "started").exists()


@pytest.mark.parametrize("side", [5_000, 9_000, 12_000])
def test_a_small_file_of_many_pixels_is_not_decoded(side: int, tmp_path: Path) -> None:
    """A few kB of an empty PNG are 25 to 144 million pixels."""
    Image.new("1", (side, side)).save(tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size < 50_000
    with pytest.raises(ValueError, match=r"a\.png' is not a whole image .*(pixels in [\d,]+ bytes|exceeds limit)"):
        ImageFiles(tmp_path, ["a.png"], 64)[np.zeros(1, dtype=np.int64)]


def test_large_photographs_are_decoded(tmp_path: Path) -> None:
    """17 million pixels, and the bytes that a photograph has for them."""
    row = np.random.default_rng(0).integers(0, 256, (1, 4_200, 1), dtype=np.uint8)
    Image.fromarray(np.broadcast_to(row, (4_100, 4_200, 1))[..., 0]).save(tmp_path / "a.jpg")
    assert ImageFiles(tmp_path, ["a.jpg"], 8)[np.zeros(1, dtype=np.int64)].shape == (1, 3, 8, 8)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(ValueError, match=r"a\.jpg' is not a regular file but a pipe"):
        ImageFiles(tmp_path, ["a.jpg"], 8)[np.zeros(1, dtype=np.int64)]


def test_a_celeba_table_larger_than_its_file_is_not_made(tmp_path: Path) -> None:
    """100,000 images of 100,000 attributes would be 80 GB."""
    lines = ["100000", " ".join("a" * 100_000), *("x 1" for _ in range(100_000))]
    (tmp_path / "list_attr_celeba.txt").write_text("\n".join(lines))
    (tmp_path / "img_align_celeba").mkdir()
    with pytest.raises(ValueError, match=r"each of 100,000 × 100,000 attributes, found a smaller file"):
        load("celeba", tmp_path)
