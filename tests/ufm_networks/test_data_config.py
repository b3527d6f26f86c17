"""The [data] table: what it says is what is built, and what it cannot say is named."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from data_set_files import write_celeba, write_cifar10_binary, write_cifar100_binary, write_mnist

from ufm_networks.datasets import build_data, load_source


def built(text: str) -> Any:
    return build_data(tomllib.loads(text)["data"])


def test_digits_in_pairs() -> None:
    training, test = built("""[data]
source = "digits"
compose = "multi"
p = 2
q = 2
samples = 800
balanced = true
replacement = true
seed = 1
""")
    np.testing.assert_array_equal(training.problem(lambda_H=1, lambda_W=1, lambda_b=1).count_tensor(), [[200] * 2] * 2)
    assert len(test) == 4 * (np.bincount(load_source("digits", train=False).labels)[:2].min() // 2)
    assert (test.mean, test.std) == (training.mean, training.std)
    assert training.images.shape == (1, 16, 16)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [("[[30, 10], [20, 5]]", [[30, 10], [20, 5]]), ("{same = 30, different = 10}", [[30, 10], [10, 30]])],
)
def test_correlated_counts(counts: str, expected: Any) -> None:
    training, test = built(f'[data]\nsource = "digits"\ncompose = "multi"\np = 2\nq = 2\ncounts = {counts}')
    problem = training.problem(lambda_H=1, lambda_W=1, lambda_b=1)
    np.testing.assert_array_equal(problem.count_tensor(), expected)
    assert len(set(test.problem(lambda_H=1, lambda_W=1, lambda_b=1).counts)) == 1  # tests are balanced


def test_splits_and_crosses_of_digits() -> None:
    training, test = built(
        '[data]\nsource = "digits"\ncompose = "split"\nclasses = [3, 4]\nlong_tailed = 0.1\nscale = 2'
    )
    assert [c[-1] / c[0] for c in training.class_counts] == pytest.approx([0.1, 0.1], abs=0.01)
    assert min(map(min, test.class_counts)) > 25  # not long-tailed, all of them
    assert training.images.shape == test.images.shape == (1, 16, 16)
    training, test = built(
        '[data]\nsource = "digits"\ncompose = "cross"\nradices = [2, 2, 2]\nbalanced = true\ntest_samples = 80'
    )
    assert len(set(training.problem(lambda_H=1, lambda_W=1, lambda_b=1).counts)) == 1
    assert set(test.problem(lambda_H=1, lambda_W=1, lambda_b=1).counts) == {10}


def test_sets_of_labels() -> None:
    text = '[data]\nsource = "digits"\ncompose = "multi_label"\nclasses = 4\ncounts = {1 = 50, 2 = 10, "0,1,2" = 3}'
    training, test = built(text)
    problem = training.problem(lambda_H=1, lambda_W=1, lambda_b=1)
    assert sorted(problem.counts) == [3] + [10] * 6 + [50] * 4
    assert set(test.labels.sum(axis=1)) == {1, 2, 3}


def test_files_on_disk(tmp_path: Path) -> None:
    def table(source: str, rest: str) -> str:
        return f'[data]\nsource = "{source}"\ndirectory = "{tmp_path}"\nwhole = false\n{rest}'

    write_mnist(tmp_path, n=30)
    write_mnist(tmp_path, train=False, n=20)
    training, test = built(table("mnist", 'compose = "split"\nclasses = [3, 7]\nmean = 0.5\nstd = [0.25]'))
    assert [c.tolist() for c in training.class_counts] == [[3] * 3, [3] * 7]
    assert (test.mean, test.std) == ((0.5,), (0.25,))
    write_cifar10_binary(tmp_path, n=60)
    training, test = built(table("cifar10", 'compose = "multi"\np = 4\nq = 6\ntest_samples = 24\nreplacement = false'))
    assert training.images.shape == (3, 64, 64)
    write_cifar100_binary(tmp_path)
    training, test = built(table("cifar100", 'compose = "split"\nclasses = "coarse"'))
    assert training.classes == test.classes == (5,) * 20
    attributes = np.array([[i % 2, i // 2 % 2] for i in range(16)])
    write_celeba(tmp_path, attributes, ["Smiling", "Eyeglasses"], parts="0" * 8 + "2" * 8)
    training, test = built(
        table(
            "celeba", 'compose = "attributes"\nattributes = ["Eyeglasses", "Smiling"]\nbalanced = true\nimage_size = 16'
        )
    )
    np.testing.assert_array_equal(training.problem(lambda_H=1, lambda_W=1, lambda_b=1).count_tensor(), [[2, 2], [2, 2]])
    assert test.images.shape == (3, 16, 16)


def test_without_test_data(tmp_path: Path) -> None:
    write_mnist(tmp_path)
    text = f'[data]\nsource = "mnist"\ndirectory = "{tmp_path}"\nwhole = false\ncompose = "cross"\nradices = [2, 5]\n'
    assert built(text + "test = false")[1] is None
    with pytest.raises(FileNotFoundError, match=r"test data: mnist: no t10k-images.*test = false leaves them out"):
        built(text)


BASE = {"source": "digits", "compose": "multi", "p": 2, "q": 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"balancd": True}, r"key of \[data\]='balancd' is not known; did you mean 'balanced'"),
        ({"xyzzy": True}, r"key of \[data\]='xyzzy' is not known; Valid: source, directory"),
        ({"radices": [2, 2]}, "radices is for compose 'cross', not 'multi'"),
        ({"classes": 3}, "classes is for compose 'split' or 'multi_label', not 'multi'"),
        ({"source": "digit"}, "source='digit' is not known; did you mean 'digits'"),
        ({"source": 3}, "source=3 is not known"),
        ({"compose": "Multi"}, "compose='Multi' is not known; did you mean 'multi'"),
        ({"p": 2.5}, "p must be an integer"),
        ({"q": "2"}, "data.q must be an integer"),
        ({"replacement": 1}, "data.replacement must be true or false, got 1"),
        ({"scale": 0}, "data.scale must be an integer ≥ 1"),
        ({"sed": 1}, r"key of \[data\]='sed' is not known; did you mean 'seed'"),
        ({"counts": {"same": 3}}, "must be a list, or {same = n, different = m}"),
        ({"q": 3, "counts": {"same": 3, "different": 1}}, "must be a list, or {same = n, different = m}"),
        ({"test": False, "test_samples": 4}, "test_samples needs test = true"),
        ({"test": 1}, "test must be true or false"),
        ({"whole": "no"}, "whole must be true or false"),
        ({"directory": 3}, "directory must be a str"),
        ({"mean": ["a"], "std": [1]}, "mean must hold one number per channel"),
        ({"mean": [0.5]}, "give both mean and std"),
        ({"mean": [0.5, 0.5], "std": [1, 1]}, "mean must hold 1 numbers"),
        ({"seed": 1.5}, "seed must be an integer"),
        ({"image_size": 8}, "image_size is for celeba"),
        ({"test_samples": 10_000}, r"test data: multi-digits-2-2: class 0 top-left has \d+ images.*test = false"),
    ],
)
def test_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        build_data(BASE | changes)


@pytest.mark.parametrize("key", ["source", "compose", "p"])
def test_needed_keys(key: str) -> None:
    with pytest.raises(ValueError, match=rf"\[data\] (lacks|compose='multi' needs) {key}"):
        build_data({name: value for name, value in BASE.items() if name != key})


def test_keys_of_label_sets() -> None:
    with pytest.raises(ValueError, match="'one' must be a multiplicity"):
        build_data({"source": "digits", "compose": "multi_label", "counts": {"one": 3}})
    with pytest.raises(ValueError, match="test_samples is not for compose='multi_label'"):
        build_data({"source": "digits", "compose": "multi_label", "counts": {"1": 3}, "test_samples": 3})
