"""Two images on a canvas: what is shown is what the labels say, as often as asked for."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import numpy as np
import pytest
from data_set_files import corners, counts_of, numbered_source
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples

import ufm
from ufm_networks.datasets import cross, load_source, multi
from ufm_networks.datasets.compose._multi import _apart

LAMBDAS = {"lambda_H": 0.01, "lambda_W": 0.02, "lambda_b": 0.03}
DIGITS = load_source("digits")


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


@settings(max_examples=examples(60))
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


@pytest.mark.parametrize("seed", range(5))
def test_images_beside_themselves_are_exchanged_with_the_first_that_will_do(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many places are looked through at a time: held against a search through all of them."""
    rng = np.random.default_rng(seed)
    labels = np.arange(12) % 3
    left, right = rng.integers(0, 12, (2, 200))
    expected = right.copy()
    for i in range(len(left)):
        if left[i] == expected[i]:
            same = labels[expected] == labels[left[i]]
            other = next(j for j in range(len(left)) if same[j] and left[i] not in (left[j], expected[j]))
            expected[i], expected[other] = expected[other], expected[i]
    for places in (1, 7, 1000):
        monkeypatch.setattr(import_module("ufm_networks.datasets.compose._multi"), "PLACES", places)
        found = _apart("pairs", left, right, labels)
        np.testing.assert_array_equal(found, expected)
        assert not (found == left).any()
    with pytest.raises(ValueError, match="image 0 of class 0 would stand beside itself"):
        _apart("pairs", np.array([0, 0, 1]), np.array([0, 0, 2]), labels)


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
