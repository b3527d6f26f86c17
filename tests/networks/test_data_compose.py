"""Compositions: images, labels and counts against what was asked for, on sources whose every image is known."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from data_set_files import COARSE_OF_FINE, numbered_source
from hypothesis import given, settings
from hypothesis import strategies as st

import ufm
from networks.datasets import ArrayImages, Source, TaskData, attributes, cross, load_source, multi, multi_label, split

LAMBDAS = {"lambda_H": 0.01, "lambda_W": 0.02, "lambda_b": 0.03}
DIGITS = load_source("digits")


def decoded(data: TaskData) -> Any:
    return data.images[np.arange(len(data))]


def corners(data: TaskData) -> tuple[Any, Any, Any]:
    """Top-left quarters, bottom-right quarters, and everything else."""
    images = decoded(data)
    half_height, half_width = images.shape[2] // 2, images.shape[3] // 2
    first = images[:, :, :half_height, :half_width]
    second = images[:, :, half_height:, half_width:]
    rest = np.concatenate([images[:, :, :half_height, half_width:], images[:, :, half_height:, :half_width]], axis=2)
    return first, second, rest


def counts_of(data: TaskData) -> Any:
    counts = np.zeros(data.classes, dtype=np.int64)
    np.add.at(counts, tuple(data.labels.T), 1)
    return counts


# a source of which image i has the label it was given, and shows i + 1


def test_multi_shows_what_its_labels_say() -> None:
    source = numbered_source(np.arange(60) % 5, 5)
    data = multi(source, 2, 3, samples=24, seed=3)
    first, second, rest = corners(data)
    assert data.images.shape == (1, 8, 8)
    assert not rest.any()
    for side, task in ((first, 0), (second, 1)):
        shown = side[:, 0, 0, 0].astype(int) - 1
        assert np.all(side == side[:, :, :1, :1])
        np.testing.assert_array_equal(source.labels[shown], data.labels[:, task])
        assert len(set(shown)) == len(shown)  # every image at most once on a side
    np.testing.assert_array_equal(counts_of(data), np.full((2, 3), 4))


@settings(max_examples=60, deadline=None)
@given(p=st.integers(2, 4), q=st.integers(2, 4), seed=st.integers(0, 2**32), replacement=st.booleans(), drawn=st.data())
def test_multi_has_exactly_the_counts(p: int, q: int, seed: int, replacement: bool, drawn: st.DataObject) -> None:
    per_class = 8
    source = numbered_source(np.arange(4 * per_class) % 4, 4)
    most = per_class if replacement else per_class // max(p, q)
    entries = st.lists(st.integers(1, most), min_size=p * q, max_size=p * q)
    counts = np.array(drawn.draw(entries)).reshape(p, q)
    data = multi(source, p, q, counts=counts, replacement=replacement, seed=seed)
    np.testing.assert_array_equal(counts_of(data), counts)
    problem = data.problem(**LAMBDAS)
    assert isinstance(problem, ufm.SingleSource)
    np.testing.assert_array_equal(problem.count_tensor(), counts)
    first, second, _ = corners(data)
    left, right = first[:, 0, 0, 0], second[:, 0, 0, 0]
    assert not np.any(left == right)  # no image beside itself
    for shown, uses in ((left, counts.sum(axis=1)), (right, counts.sum(axis=0))):
        for k, use in enumerate(uses):
            times = Counter(shown[source.labels[shown.astype(int) - 1] == k])
            assert sum(times.values()) == use
            if not replacement:
                assert max(times.values()) == 1


def test_replacement_uses_images_evenly() -> None:
    source = numbered_source(np.arange(20) % 2, 2)
    data = multi(source, 2, 2, samples=200, replacement=True)
    times = Counter(corners(data)[0][:, 0, 0, 0].tolist())
    assert set(times.values()) == {10}  # 100 uses of 10 images


@pytest.mark.parametrize("p", [2, 10])
def test_multi_takes_as_many_balanced_pairs_as_there_are(p: int) -> None:
    data = multi(DIGITS, p, p)
    counts = counts_of(data)
    assert np.all(counts == counts[0, 0])
    fewest = np.bincount(DIGITS.labels)[:p].min()
    assert counts[0, 0] == fewest // p
    with pytest.raises(ValueError, match="replacement=True to use images several times"):
        multi(DIGITS, p, p, samples=p * p * (fewest // p + 1))


def test_multi_at_random_and_long_tailed() -> None:
    source = numbered_source(np.arange(200) % 4, 4)
    free = multi(source, 4, 4, balanced=False)
    assert len(free) == 200
    assert counts_of(free).std() > 0
    tailed = counts_of(multi(source, 4, 4, long_tailed=1 / 64, samples=200, replacement=True))
    assert tailed.sum() == 200
    assert np.all(np.diff(tailed, axis=0) <= 0)
    assert np.all(np.diff(tailed, axis=1) <= 0)
    exact = 64.0 ** -((np.arange(4)[:, None] + np.arange(4)) / 6)  # ratio 1/64 from (0, 0) to (3, 3)
    assert np.abs(tailed - 200 * exact / exact.sum()).max() < 1


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


def test_only_one_side() -> None:
    data = multi(DIGITS, 3, 3, samples=45)
    first, second, _ = corners(data)
    for side, kept, blank in (("left", 0, 1), ("right", 1, 0)):
        alone = data.only(side)
        parts = corners(alone)
        np.testing.assert_array_equal(parts[kept], (first, second)[kept])
        assert not parts[blank].any()
        np.testing.assert_array_equal(alone.labels, data.labels)
        assert (alone.mean, alone.std) == (data.mean, data.std)
    few = data.subset([4, 2]).only("left")
    np.testing.assert_array_equal(corners(few)[0], first[[4, 2]])
    with pytest.raises(ValueError, match="'left' or 'right'"):
        data.only("top")
    with pytest.raises(ValueError, match="needs images pasted on a canvas"):
        cross(DIGITS, (2, 2)).only("left")


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
