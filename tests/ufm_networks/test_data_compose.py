"""Compositions of images that have one label: against what was asked for, on sources whose every image is known."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from data_set_files import COARSE_OF_FINE, counts_of, decoded, numbered_source

import ufm
from ufm_networks.datasets import ArrayImages, Source, attributes, cross, load_source, multi, multi_label, split

LAMBDAS = {"lambda_H": 0.01, "lambda_W": 0.02, "lambda_b": 0.03}
DIGITS = load_source("digits")


def test_a_seed_says_everything() -> None:
    for make in (
        lambda seed: multi(DIGITS, 3, 2, samples=60, seed=seed),
        lambda seed: cross(DIGITS, (2, 2), balanced=True, samples=40, seed=seed),
        lambda seed: split(DIGITS, (3, 4), samples=30, seed=seed),
        lambda seed: multi_label(DIGITS, {1: 5, 2: 2}, classes=4, seed=seed),
    ):
        same, again, other = make(7), make(7), make(8)
        np.testing.assert_array_equal(decoded(same), decoded(again))
        np.testing.assert_array_equal(same.labels, again.labels)
        assert not np.array_equal(decoded(same), decoded(other))


def test_cross_is_mixed_radix() -> None:
    source = numbered_source(np.repeat(np.arange(100), 2), 100)
    data = cross(source, (10, 10))
    assert len(data) == 200
    classes = source.labels[decoded(data)[:, 0, 0, 0].astype(int) - 1]
    np.testing.assert_array_equal(data.labels[:, 0], classes // 10)  # the paper's formula
    np.testing.assert_array_equal(data.labels[:, 1], classes % 10)
    for radices in ((4, 4, 4), (3, 3, 3, 3), (2, 5, 3)):
        data = cross(source, radices)
        tuples = int(np.prod(radices))
        assert len(data) == 2 * tuples
        value = np.zeros(len(data), dtype=int)
        for t, radix in enumerate(radices):
            value = value * radix + data.labels[:, t]
        np.testing.assert_array_equal(value, source.labels[decoded(data)[:, 0, 0, 0].astype(int) - 1])
        assert set(value) == set(range(tuples))


def test_cross_with_counts() -> None:
    source = numbered_source(np.arange(80) % 8, 8)
    counts = np.arange(1, 9).reshape(2, 2, 2)
    data = cross(source, (2, 2, 2), counts=counts)
    np.testing.assert_array_equal(data.problem(**LAMBDAS).count_tensor(), counts)
    uneven = numbered_source([0] * 5 + [1] * 7 + [2] * 9 + [3] * 4, 4)
    np.testing.assert_array_equal(counts_of(cross(uneven, (2, 2), balanced=True)), np.full((2, 2), 4))
    np.testing.assert_array_equal(counts_of(cross(uneven, (2, 2))), [[5, 7], [9, 4]])
    assert len(cross(uneven, (2, 2), samples=20)) == 20
    zeros = cross(uneven, (2, 2), counts=[[5, 0], [0, 4]])
    np.testing.assert_array_equal(counts_of(zeros), [[5, 0], [0, 4]])


def test_split_unequal_sizes() -> None:
    source = numbered_source(np.arange(50) % 10, 10)
    data = split(source, (3, 4))
    assert data.kind == "multi"
    assert data.classes == (3, 4)
    assert len(data) == 35
    for image, labels in zip(decoded(data), data.labels, strict=True):
        k = source.labels[int(image[0, 0, 0]) - 1]
        assert labels.tolist() == ([k, -1] if k < 3 else [-1, k - 3])
    problem = data.problem(task_weights=[1.5, 1], **LAMBDAS)
    assert isinstance(problem, ufm.MultiSource)
    assert [c.tolist() for c in problem.count_tensor()] == [[5] * 3, [5] * 4]
    assert problem.task_weights.tolist() == [1.5, 1]


def test_split_with_counts_and_tails() -> None:
    source = numbered_source(np.repeat(np.arange(6), [40, 41, 42, 43, 44, 45]), 6)
    given = split(source, (2, 4), counts=[[3, 1], [4, 5, 6, 7]])
    assert [c.tolist() for c in given.problem(**LAMBDAS).count_tensor()] == [[3, 1], [4, 5, 6, 7]]
    assert [c.tolist() for c in split(source, (2, 4), balanced=True).class_counts] == [[40] * 2, [42] * 4]
    assert [c.tolist() for c in split(source, (2, 4), balanced=True, samples=[6, 8]).class_counts] == [[3] * 2, [2] * 4]
    tailed = split(source, (2, 4), long_tailed=0.1)
    assert [c.tolist() for c in tailed.class_counts] == [[40, 4], [42, 19, 9, 4]]  # ⌊42 · 10^(−k/3)⌋


def test_split_by_superclass() -> None:
    fine = np.arange(300) % 100
    images = ArrayImages(np.random.default_rng(0).integers(0, 256, (300, 3, 2, 2), dtype=np.uint8))
    names = tuple(map(str, range(100)))
    source = Source("cifar100", images, fine, names, coarse_labels=COARSE_OF_FINE[fine], coarse_names=names[:20])
    data = split(source, "coarse")
    assert data.classes == (5,) * 20
    assert len(data) == 300
    task = np.argmax(data.labels, axis=1)
    np.testing.assert_array_equal(task, source.coarse_labels)
    assert len({(t, y) for t, y in zip(task, data.labels.max(axis=1), strict=True)}) == 100
    one_class = {(t, y, f) for t, y, f in zip(task, data.labels.max(axis=1), fine, strict=True)}
    assert len(one_class) == 100  # a label of a task is one class of the source
    torn = Source("torn", images, fine, names, coarse_labels=np.arange(300) % 7, coarse_names=names[:20])
    with pytest.raises(ValueError, match="must belong to one superclass"):
        split(torn, "coarse")
    with pytest.raises(ValueError, match="needs superclasses"):
        split(DIGITS, "coarse")


def test_attributes() -> None:
    rng = np.random.default_rng(1)
    values = (rng.random((400, 4)) < [0.5, 0.3, 0.8, 0.5]).astype(np.int64)
    pixels = np.broadcast_to((np.arange(400) % 255)[:, None, None, None], (400, 3, 2, 2)).astype(np.uint8)
    names = ("Smiling", "Eyeglasses", "Young", "Male")
    source = Source("celeba", ArrayImages(pixels), attributes=values, attribute_names=names)
    everything = attributes(source, ["Young", "Smiling"])
    np.testing.assert_array_equal(everything.labels, values[:, [2, 0]])
    balanced = attributes(source, ["Smiling", "Eyeglasses", "Young"], balanced=True)
    codes = values[:, :3] @ [4, 2, 1]
    np.testing.assert_array_equal(counts_of(balanced), np.full((2, 2, 2), np.bincount(codes).min()))
    correlated = attributes(source, ["Smiling", "Male"], counts=[[60, 10], [10, 60]])
    np.testing.assert_array_equal(correlated.problem(**LAMBDAS).count_tensor(), [[60, 10], [10, 60]])
    with pytest.raises(ValueError, match="attribute='smiling' is not known; did you mean 'Smiling'"):
        attributes(source, ["smiling"])
    with pytest.raises(ValueError, match="must differ"):
        attributes(source, ["Male", "Male"])
    with pytest.raises(ValueError, match="has classes, not attributes"):
        attributes(DIGITS, ["Male"])
    with pytest.raises(ValueError, match="multi needs classes; celeba has attributes"):
        multi(source, 2, 2)


def test_multi_label_shows_its_labels() -> None:
    source = numbered_source(np.arange(120) % 4, 4)
    data = multi_label(source, {1: 6, 2: 3, 3: 2})
    images = decoded(data)
    assert data.kind == "multilabel"
    assert images.shape == (6 * 4 + 3 * 6 + 2 * 4, 1, 8, 8)
    seen: Counter[int] = Counter()
    places = set()
    for image, indicator in zip(images[:, 0], data.labels, strict=True):
        cells = [image[r : r + 4, c : c + 4] for r in (0, 4) for c in (0, 4)]
        assert all(np.all(cell == cell[0, 0]) for cell in cells)
        shown = [int(cell[0, 0]) - 1 for cell in cells if cell[0, 0]]
        seen.update(shown)
        places.update(i for i, cell in enumerate(cells) if cell[0, 0])
        assert sorted(source.labels[shown]) == np.flatnonzero(indicator).tolist()
    assert max(seen.values()) == 1  # every image once
    assert places == {0, 1, 2, 3}
    problem = data.problem(**LAMBDAS)
    balanced = ufm.MultiLabel.balanced(classes=4, n_by_multiplicity={1: 6, 2: 3, 3: 2}, **LAMBDAS)
    np.testing.assert_array_equal(problem.labels, balanced.labels)
    np.testing.assert_array_equal(problem.counts, balanced.counts)


def test_multi_label_sets_tails_and_canvas() -> None:
    source = numbered_source(np.arange(200) % 5, 5)
    data = multi_label(source, {(0,): 4, (2, 1): 3, (0, 1, 2, 3, 4): 2})
    assert data.images.shape == (1, 12, 12)  # five images need 3 × 3 cells
    counts = Counter(tuple(np.flatnonzero(row).tolist()) for row in data.labels)
    assert counts == {(0,): 4, (1, 2): 3, (0, 1, 2, 3, 4): 2}
    tailed = multi_label(source, {1: 40}, long_tailed=0.1)
    assert tailed.class_counts[0].tolist() == [40, 22, 12, 7, 4]  # ⌊40 · 10^(−k/4)⌋
    fitted = multi_label(source, {1: 300, 2: 100}, fit=True)
    counts = Counter(tuple(np.flatnonzero(row).tolist()) for row in fitted.labels)
    assert {len(key): n for key, n in counts.items()} == {1: 17, 2: 5}  # 700 uses of 40 images a class: 40/700
    assert fitted.class_counts[0].max() <= 40
