"""Images are known again by their pixels, however they are kept."""

from __future__ import annotations

import numpy as np
import pytest
from data_set_files import numbered_source

from ufm_networks.datasets import ArrayImages, digest, multi
from ufm_networks.datasets.digest import pixel_digest


def test_one_pixel_or_the_order_makes_another_digest() -> None:
    array = np.random.default_rng(0).integers(0, 256, (700, 1, 4, 4)).astype(np.uint8)
    first = pixel_digest(ArrayImages(array))
    assert first == pixel_digest(ArrayImages(array.copy()))
    for image in (0, 511, 512, 699):
        changed = array.copy()
        changed[image, 0, 2, 1] += 1
        assert pixel_digest(ArrayImages(changed)) != first
    assert pixel_digest(ArrayImages(array[::-1])) != first


def test_images_on_a_canvas_are_those_decoded() -> None:
    data = multi(numbered_source(np.repeat(np.arange(4), 8), 4), 2, 2)
    assert pixel_digest(data.images) == pixel_digest(data.in_memory().images)


def test_of_many_images_a_sample_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.random.default_rng(0).integers(0, 256, (1000, 1, 4, 4)).astype(np.uint8)
    monkeypatch.setattr(digest, "WHOLE", array.size - 1)
    read: list[int] = []

    class Lazy(ArrayImages):
        def __getitem__(self, index: np.ndarray) -> np.ndarray:
            read.extend(index.tolist())
            return super().__getitem__(index)

    first = pixel_digest(Lazy(array))
    assert (len(set(read)), read[0], read[-1]) == (digest.SAMPLE, 0, 999)
    assert max(np.diff(read)) <= 4
    assert pixel_digest(ArrayImages(array)) == first
    assert pixel_digest(ArrayImages(255 - array)) != first
