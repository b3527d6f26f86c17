"""What compositions and data refuse, and that the error names it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from data_set_files import numbered_source

from ufm_networks.datasets import ArrayImages, TaskData, cross, load_source, multi, multi_label, split

SOURCE = numbered_source(np.repeat(np.arange(4), [3, 8, 8, 8]), 4)
IMAGES = ArrayImages(np.zeros((3, 1, 2, 2), dtype=np.uint8))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: multi(SOURCE, 5, 2), "p=5 is more than the 4 classes"),
        (lambda: multi(SOURCE, 1, 2), "p must be an integer ≥ 2"),
        (lambda: multi(SOURCE, 2, 2, samples=30), "samples=30 does not divide by 4 labels; 32 would be balanced"),
        (lambda: multi(SOURCE, 2, 2, samples=32), "class 0 top-left has 3 images, and 16 are needed"),
        (lambda: multi(SOURCE, 2, 2, counts=[[0, 1], [5, 2]]), "class 0 bottom-right has 3 images, and 5 are needed"),
        (lambda: multi(SOURCE, 2, 2, counts=[1, 2]), r"counts must have shape \(2, 2\)"),
        (lambda: multi(SOURCE, 2, 2, counts=[[1, -1], [1, 1]]), "counts must be ≥ 0, got -1"),
        (lambda: multi(SOURCE, 2, 2, counts=[[1, 0], [1, 0]]), "class 1 of task 1 has no sample"),
        (lambda: multi(SOURCE, 2, 2, counts=[[1, 1], [1, 1]], samples=4), "samples=4 must not be given as well"),
        (lambda: multi(SOURCE, 2, 2, counts=[[1, 1], [1, 1]], long_tailed=0.1), "give one of counts and long_tailed"),
        (lambda: multi(SOURCE, 2, 2, long_tailed=1.5), r"an imbalance ratio in \(0, 1\), such as 0.01, got 1.5"),
        (lambda: multi(SOURCE, 2, 2, replacement=True), "replacement=True needs samples or counts"),
        (lambda: multi(SOURCE, 2, 2, balanced=False, samples=50), "samples=50 are more than 11 images"),
        (lambda: multi(SOURCE, 4, 4), "class 0 top-left has 3 images, too few for a sample of every label"),
        (lambda: multi(SOURCE, 2, 2, seed=-1), "seed must be an integer ≥ 0"),
        (lambda: cross(SOURCE, (2, 3)), r"radices \(2, 3\) need 6 classes; numbered has 4"),
        (lambda: cross(SOURCE, (2, 2), balanced=True, samples=16), r"label \(0, 0\) has 3 images, and 4 are needed"),
        (lambda: cross(SOURCE, (2, 2), samples=28), "samples=28 are more than its 27 images"),
        (lambda: split(SOURCE, (2, 3)), r"classes \(2, 3\) are 5 in all; numbered has 4"),
        (lambda: split(SOURCE, (2, 2), counts=[[1, 1]]), "counts must have one entry per task, 2 in all, got 1"),
        (lambda: split(SOURCE, (2, 2), counts=[[4, 1], [1, 1]]), "task 0: class 0 has 3 images, and 4 are needed"),
        (lambda: split(SOURCE, (2, 2), counts=[[1, 0], [1, 1]]), "class 1 of task 0 has no sample"),
        (lambda: split(SOURCE, (2, 2), samples=12), "task 0: samples=12 are more than its 11 images"),
        (lambda: split(SOURCE, (2, 2), long_tailed=0.01), "leaves|too few"),
        (lambda: multi_label(SOURCE, {2: 2}), "class 0 has 3 images, and 6 are needed"),
        (lambda: multi_label(SOURCE, {5: 2}), "multiplicity in counts must be at most 4"),
        (lambda: multi_label(SOURCE, {(0, 4): 2}), "must be at most 3"),
        (lambda: multi_label(SOURCE, {(1, 1): 2}), "must be different classes"),
        (lambda: multi_label(SOURCE, {1: 1, (2,): 1}), r"gives the set \(2,\) twice"),
        (lambda: multi_label(SOURCE, {(0, 1): 1}), "class 2 of task 0 has no sample"),
        (lambda: multi_label(SOURCE, {1: 0}), "counts are all 0"),
        (lambda: load_source("minst"), "source='minst' is not known; did you mean 'mnist'"),
        (lambda: load_source("digits", scale=0), "scale must be an integer ≥ 1"),
    ],
)
def test_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("request_", [{"counts": [[10**12] * 2] * 2}, {"samples": 4 * 10**12}])
def test_more_samples_than_memory_has_places_for(request_: dict[str, Any]) -> None:
    with pytest.raises(MemoryError, match=r"images needs about .*available; ask for fewer"):
        multi(SOURCE, 2, 2, replacement=True, **request_)
    if "samples" in request_:
        with pytest.raises(MemoryError, match=r"images drawn needs about .*available; ask for fewer"):
            split(SOURCE, (2, 2), replacement=True, **request_)


def test_whole_floats_are_numbers_of_samples() -> None:
    assert len(multi(SOURCE, 2, 2, samples=4.0)) == len(cross(SOURCE, (2, 2), samples=4.0)) == 4
    with pytest.raises(ValueError, match="samples must be an integer"):
        multi(SOURCE, 2, 2, samples=4.5)


@pytest.mark.parametrize("field", ["balanced", "replacement"])
def test_flags_are_not_numbers(field: str) -> None:
    with pytest.raises(TypeError, match=f"{field} must be true or false, got 1"):
        cross(SOURCE, (2, 2), **{field: 1})


def test_an_image_does_not_stand_beside_itself_even_where_it_is_the_only_one() -> None:
    single = numbered_source([0, 1], 2)
    with pytest.raises(ValueError, match="would stand beside itself"):
        multi(single, 2, 2, counts=[[1, 0], [0, 1]])
    crossed = multi(single, 2, 2, counts=[[0, 1], [1, 0]])
    assert sorted(map(tuple, crossed.labels.tolist())) == [(0, 1), (1, 0)]


def data(labels: Any, classes: tuple[int, ...], kind: str, **changes: Any) -> TaskData:
    fields: dict[str, Any] = {"name": "data", "images": IMAGES, "mean": (0.0,), "std": (1.0,)}
    return TaskData(**(fields | {"labels": labels, "classes": classes, "kind": kind} | changes))


class Floats:
    """Images from 0 to 1, as many programs have them."""

    shape = (1, 2, 2)

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: Any) -> Any:
        return np.zeros((len(index), 1, 2, 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: data([[0, 1], [0, 2], [1, 0]], (2, 2), "single"),
            r"labels\[1, 1\] = 2 is outside task 1's classes 0 … 1",
        ),
        (lambda: data([[0, 1], [0, -1], [1, 0]], (2, 2), "single"), r"labels\[1, 1\] = -1 is outside"),
        (lambda: data([[0, -1], [-1, 1], [1, 0]], (2, 2), "multi"), r"labels\[2\] belongs to 2 tasks"),
        (lambda: data([[0, -1], [-1, -1], [1, -1]], (2, 2), "multi"), r"labels\[1\] belongs to 0 tasks"),
        (lambda: data([[0, 1], [0, 2], [1, 0]], (2,), "multilabel"), r"labels\[1, 1\] = 2 is outside indicators"),
        (lambda: data([[0, 1], [0, 0], [1, 0]], (2,), "multilabel"), r"labels\[1\] has no label at all"),
        (lambda: data([[0], [1]], (2,), "single"), r"labels must have shape \(3, 1\)"),
        (lambda: data([[0], [1], [1]], (1,), "single"), r"classes\[0\] must be an integer ≥ 2, got 1"),
        (lambda: data([[0], [0.5], [1]], (2,), "single"), "labels must hold integers, got 0.5"),
        (lambda: data([[0], [1], []], (2,), "single"), "labels must be a full array"),
        (lambda: data([[0], [1], [1]], (2,), "single", mean=("0",)), r"mean must hold 1 numbers.*got \('0',\)"),
        (lambda: data([[0], [1], [1]], (2,), "single", images=np.zeros((3, 1, 2, 2))), "images must be uint8"),
        (lambda: data([[0], [1], [1]], (2,), "single", images=Floats()), r"images\[index\] must be uint8 .*float64"),
        (lambda: data(np.empty((0, 1)), (2,), "single", images=IMAGES.array[:0]), "images are empty"),
        (lambda: data([[0], [1], [1]], (2,), "both"), "kind must be one of"),
        (lambda: data([[0], [1], [1]], (2,), "single", std=(0.0,)), "std must be > 0"),
        (lambda: data([[0], [1], [1]], (2,), "single", mean=(0.0, 1.0)), "mean must hold 1 numbers"),
    ],
)
def test_data_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_weights_of_one_task_with_sets_of_labels() -> None:
    with pytest.raises(ValueError, match="task_weights must be None"):
        data([[0, 1], [1, 1], [1, 0]], (2,), "multilabel").problem(lambda_H=1, lambda_W=1, lambda_b=1, task_weights=[1])


def test_lists_and_arrays_are_taken_as_what_they_hold() -> None:
    made = data([[0.0, 1], [1, 0], [1, 1]], [2, 2], "single", mean=[0], std=np.array([1]), images=IMAGES.array)
    assert (made.labels.dtype, made.classes, made.mean, made.std) == (np.int64, (2, 2), (0.0,), (1.0,))
    assert isinstance(made.images, ArrayImages)
    indicators = data(np.array([[True, False]] * 3), (2,), "multilabel")
    assert indicators.labels.tolist() == [[1, 0]] * 3
    for field, wrong in (("labels", [["a", "b"]] * 3), ("classes", 2), ("images", [[1]])):
        with pytest.raises(TypeError, match=field):
            TaskData(**{**vars(made), field: wrong})
    with pytest.raises(TypeError, match="images must be an array of uint8"):
        ArrayImages([[1]])  # type: ignore[arg-type]
