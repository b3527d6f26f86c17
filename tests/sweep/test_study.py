"""A study file: which problems it states, in which order, and what is refused by name before any work."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from studies import SMALL, study

from verify.sweeping import read_study
from verify.sweeping.study import of_text

FILE = """
[study]
chunk = 3
claims = ["nc3", "nc4", "closed-form"]
metrics = ["SNC1", "SNC3", "effective_rank"]

[problem]
classes = [2, 3]
n = 4
lambdas = 1e-2

[axes]
lambda_W = { low = 0.01, high = 10, points = 4, scale = "log" }
loss = ["cross-entropy", "squared-error"]
"""


def test_a_file_is_its_tables(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(FILE)
    read = read_study(tmp_path / "study.toml")
    assert read.digest == read_study(SMALL).digest
    assert of_text(read.as_text()).tables() == read.tables()


def test_a_grid_is_every_combination_with_the_last_axis_fastest() -> None:
    read = read_study(SMALL)
    stated = [read.parameters(i) for i in range(read.size)]
    lambdas = [0.01, 0.1, 1.0, 10.0]
    expected = list(product(lambdas, ["cross-entropy", "squared-error"]))
    assert [one.loss for one in stated] == [loss for _, loss in expected]
    np.testing.assert_allclose([float(one.lambda_W or 0) for one in stated], [x for x, _ in expected], rtol=1e-14)
    assert (stated[0].lambda_W, stated[-1].lambda_W) == (0.01, 10.0)  # ends are exact
    assert [len(chunk) for chunk in read.chunks] == [3, 3, 2]


def test_axes_in_another_order_are_another_study() -> None:
    """Their problems come in another order."""
    other = SMALL | {"axes": dict(reversed(SMALL["axes"].items()))}
    assert read_study(other).digest != read_study(SMALL).digest


def test_whole_numbers_of_a_range_come_once() -> None:
    read = read_study(study(axes={"n": {"low": 1, "high": 4, "points": 50}, "lambda_W": None}))
    assert sorted({read.parameters(i).n for i in range(read.size)}) == [1, 2, 3, 4]
    assert read.size == 8


@pytest.mark.parametrize("design", ["random", "latin-hypercube"])
def test_samples(design: str) -> None:
    asked = study(
        study={"design": design, "samples": 64, "seed": 5},
        axes={"lambda_W": {"low": 1e-4, "high": 1.0}, "n": {"low": 1, "high": 50, "scale": "linear"}},
    )
    read = read_study(asked)
    stated = [read.parameters(i) for i in range(64)]
    assert all(1e-4 <= float(one.lambda_W or 0) <= 1.0 and 1 <= one.n <= 50 for one in stated)
    assert {one.loss for one in stated} == {"cross-entropy", "squared-error"}
    again = read_study(asked)
    assert [again.parameters(i) for i in range(64)] == stated
    other = read_study(study(**asked | {"study": asked["study"] | {"seed": 6}}))
    assert [other.parameters(i) for i in range(64)] != stated
    strata = np.sort(np.floor(64 * (np.log10([float(one.lambda_W or 0) for one in stated]) + 4) / 4))
    if design == "latin-hypercube":  # one sample in each of 64 strata of every axis
        np.testing.assert_array_equal(strata, np.arange(64))
        assert sum(one.loss == "cross-entropy" for one in stated) == 32


LAMBDA = {"low": 1e-3, "high": 1.0, "points": 10_000}
REFUSED = {
    "table": ({"axis": {}}, "table='axis' is not known; did you mean 'axes'"),
    "study key": ({"study": {"chunks": 3}}, r"key of \[study\]='chunks' is not known; did you mean 'chunk'"),
    "problem key": ({"problem": {"lambdaW": 1}}, r"key of \[problem\]='lambdaW' is not known; did you mean 'lambda_W'"),
    "axis": ({"axes": {"lambda": [1.0]}}, r"key of \[axes\]='lambda' is not known; did you mean 'lambdas'"),
    "axis key": ({"axes": {"lambda_W": {"hig": 1}}}, r"key of \[axes.lambda_W\]='hig' is not known; did you mean 'hi"),
    "empty axis": ({"axes": {"n": []}}, "axes.n is empty: a grid over it has no problem"),
    "twice": ({"axes": {"n": [1, 2, 1]}}, "axes.n names a value twice"),
    "no points": ({"axes": {"lambda_W": {"low": 1e-3, "high": 1.0}}}, "axes.lambda_W.points is missing"),
    "one point": ({"axes": {"lambda_W": {"low": 1e-3, "high": 1.0, "points": 1}}}, "axes.lambda_W.points must be"),
    "upside down": ({"axes": {"lambda_W": {"low": 1.0, "high": 0.1, "points": 3}}}, "low=1 must be below high=0.1"),
    "log of 0": ({"axes": {"lambda_W": {"low": 0.0, "high": 0.1, "points": 3}}}, "low must be > 0 on a logarithmic"),
    "range of names": ({"axes": {"loss": {"low": 1, "high": 2, "points": 2}}}, "axes.loss has no numbers between"),
    "not a list": ({"axes": {"n": 3}}, "axes.n must be a list of values, or"),
    "axis value": ({"axes": {"n": [3, 0]}}, r"axes.n\[1\] must be an integer ≥ 1, got 0"),
    "too many": ({"axes": {"lambda_H": LAMBDA, "lambda_W": LAMBDA}}, "2 × 10,000 = 200,000,000 problems, more than"),
    "one axis too long": ({"axes": {"lambda_H": LAMBDA | {"points": 10**8}}}, r"= 800,000,000 problems, more"),
    "far too many": ({"axes": {"lambda_H": LAMBDA | {"points": 10**12}}}, r"= 8,000,000,000,000 problems"),
    "samples of a grid": ({"study": {"samples": 5}}, "study.samples=5 and design='grid'"),
    "no samples": ({"study": {"design": "random"}}, "study.samples=None and design='random'"),
    "points of samples": ({"study": {"design": "random", "samples": 9}}, "axes.lambda_W.points=4 is of a grid"),
    "design": ({"study": {"design": "latin"}}, "study.design='latin' is not known; did you mean 'latin-hypercube'"),
    "claim": ({"study": {"claims": ["nc33"]}}, "study.claims='nc33' is not known; did you mean 'nc3'"),
    "metric": ({"study": {"metrics": ["SNC9"]}}, "study.metrics='SNC9' is not known; did you mean"),
    "unused": ({"problem": {"ratio": 0.5}}, "ratio is given, but no problem of the study depends on it"),
    "unused axis": ({"axes": {"n_same": [1, 2]}}, "n_same is given, but no problem of the study depends on it"),
    "no lambda": ({"problem": {"lambdas": None}}, "lambda_H is missing; give it, or lambdas for all three"),
    "rule": ({"problem": {"counts": "drawn"}}, "counts='drawn': source='single' takes 'balanced', "),
    "tasks": ({"axes": {"tasks": [1, 2]}}, r"tasks=1 does not fit classes=\[2, 3\], which has 2 \(at .*tasks = 1\)"),
    "regression": ({"problem": {"source": "regression", "n": None, "rows": 4}}, "Regression has squared error"),
    "no classes": ({"problem": {"classes": None}}, "classes is missing, which counts='balanced' of source="),
    "label sets": ({"problem": {"source": "multilabel"}}, r"source='multilabel' has one task, got classes=\[2, 3\]"),
    "unequal": ({"problem": {"counts": "pairwise-uniform"}}, r"equally many classes in every task, got classes="),
    "huge": ({"problem": {"classes": [1000, 1000, 1000]}}, "label tuples, more than"),
    "seed of no column": ({"problem": {"seed": 2**63}}, "problem.seed must be at most 9,223,372,036,854,775,807"),
    "too many samples": ({"study": {"design": "random", "samples": 10**9}}, "study.samples must be at most 10,000,000"),
    "too many rows": (
        {"problem": {"source": "soft", "n": None, "rows": 10**9}}, "problem.rows must be at most 10,000,000, got"
    ),
    "rows beyond memory": (
        {"problem": {"source": "soft", "classes": 10**6, "n": None, "rows": 10**7}}, r"targets needs about .* GiB"
    ),
    "between the ends": (
        {"problem": {"classes": None, "tasks": 4, "counts": "pairwise-uniform"}, "axes": {"classes": [5, 6, 7]}},
        "tasks=4 is more than 3, the most for classes=6",
    ),
    "between the ends of a range": (
        {"problem": {"classes": None, "tasks": 4, "counts": "pairwise-uniform"},
         "axes": {"classes": {"low": 5, "high": 7, "points": 3, "scale": "linear"}}},
        "tasks=4 is more than 3, the most for classes=6",
    ),
    "no ratio": ({"problem": {"counts": "long-tailed"}}, "ratio is missing, which counts='long-tailed' of source="),
}  # fmt: skip


@pytest.mark.parametrize(("tables", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused(tables: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises((ValueError, TypeError, MemoryError), match=message):
        read_study(study(**tables))


def test_class_numbers_that_a_grid_passes_over_are_not_tried() -> None:
    """An orthogonal array of four tasks has no 6 classes; the grid has 5 and 7."""
    axes = {"classes": {"low": 5, "high": 7, "points": 2}, "lambda_W": None, "loss": None}
    problem = {"classes": None, "tasks": 4, "counts": "pairwise-uniform"}
    assert read_study(study(problem=problem, axes=axes)).size == 2


def test_a_key_stands_in_one_table() -> None:
    with pytest.raises(ValueError, match=r"n: given in \[problem\] and in \[axes\]; leave out one of the two"):
        read_study({"problem": SMALL["problem"], "axes": {"n": [3, 4]}})


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"study='.*absent.toml': no such file"):
        read_study(tmp_path / "absent.toml")
    (tmp_path / "bad.toml").write_text("[study\n")
    with pytest.raises(ValueError, match=r"study='.*bad.toml' is not a TOML file"):
        read_study(tmp_path / "bad.toml")
    with pytest.raises(TypeError, match="study must be a TOML file, its tables as a dict, or a Study, got 3"):
        read_study(3)
