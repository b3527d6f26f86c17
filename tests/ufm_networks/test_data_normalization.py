"""Digits, enlarged pixels, and the statistics that images are normalized by."""

from __future__ import annotations

import numpy as np
import pytest
from data_set_files import decoded

from ufm_networks.datasets import ArrayImages, Source, load_source, multi, split

DIGITS = load_source("digits")


def test_normalization_is_that_of_the_composed_images() -> None:
    for data in (multi(DIGITS, 2, 3, samples=60), split(DIGITS, (5, 5))):
        scaled = decoded(data).astype(np.float64) / 255
        np.testing.assert_allclose(data.mean, scaled.mean(axis=(0, 2, 3)), rtol=1e-13)
        np.testing.assert_allclose(data.std, scaled.std(axis=(0, 2, 3)), rtol=1e-12)
        whole = data.in_memory()
        np.testing.assert_array_equal(decoded(whole), decoded(data))
    colours = Source(
        "colours", ArrayImages(np.arange(48, dtype=np.uint8).reshape(4, 3, 2, 2)), np.arange(4) % 2, ("a", "b")
    )
    pixels = np.arange(48).reshape(4, 3, 2, 2) / 255
    np.testing.assert_allclose(split(colours, (2,)).mean, pixels.mean(axis=(0, 2, 3)), rtol=1e-13)
    np.testing.assert_allclose(split(colours, (2,)).std, pixels.std(axis=(0, 2, 3)), rtol=1e-13)
    flat = Source("flat", ArrayImages(np.full((4, 1, 2, 2), 9, dtype=np.uint8)), np.arange(4) % 2, ("a", "b"))
    with pytest.raises(ValueError, match="channel 0 is constant"):
        split(flat, (2,))


def test_enlarged_pixels() -> None:
    small, large = DIGITS, load_source("digits", scale=3)
    assert large.images.shape == (1, 24, 24)
    index = np.array([5, 0])
    np.testing.assert_array_equal(large.images[index][:, :, 1::3, 2::3], small.images[index])
    assert np.kron(small.images[index][0, 0], np.ones((3, 3))).tolist() == large.images[index][0, 0].tolist()


def test_digits_are_all_there_once_and_every_sixth_of_a_class_is_for_testing() -> None:
    from sklearn.datasets import load_digits

    bundle = load_digits()
    parts = [load_source("digits", train=train) for train in (True, False)]
    pixels = np.concatenate([part.images[np.arange(len(part))][:, 0] for part in parts]).reshape(1797, 64)
    levels = np.rint(pixels * (16 / 255))
    np.testing.assert_allclose(pixels, levels * (255 / 16), atol=0.5)  # 0 … 16 stretched over 0 … 255
    labels = np.concatenate([part.labels for part in parts])
    there = sorted((int(y), row.tobytes()) for y, row in zip(labels, levels, strict=True))
    assert there == sorted((int(y), row.tobytes()) for y, row in zip(bundle.target, bundle.data, strict=True))
    np.testing.assert_array_equal(np.bincount(parts[1].labels), np.bincount(bundle.target) // 6)
