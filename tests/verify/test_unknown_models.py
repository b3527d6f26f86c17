"""A problem that says more of itself than a reader knows may be of another model: each reader refuses it, by name."""

from __future__ import annotations

import dataclasses
import json
import math
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.torch import load_file

import theory
import ufm
import verify
from ufm import storage
from ufm.support.public_fields import public_fields
from verify.certification.rigorous.ball_form import ball_forms
from verify.falsification.problems import from_record, record
from verify.reading.form import forms

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
PROBLEMS = {
    "single": ufm.SingleSource.balanced((3, 3), n=2, **LAMBDAS),
    "multi": ufm.MultiSource.balanced((3, 2), n=2, **LAMBDAS),
    "multilabel": ufm.MultiLabel.balanced(3, {1: 4, 2: 2}, **LAMBDAS),
    "soft": ufm.SoftLabels([[[0.9, 0.1], [0.2, 0.8]]], **LAMBDAS),
    "regression": ufm.Regression([[1.0, 2.0], [0.5, -1.0]], **LAMBDAS),
}
POINTS = {name: ufm.solve(problem) for name, problem in PROBLEMS.items()}
NAMES = (
    *("source", "classes", "labels", "counts", "task_weights", "lambda_H", "lambda_W", "lambda_b", "reduction"),
    *("loss", "label_smoothing"),
)


def stranger(source: str = "single", **more: Any) -> SimpleNamespace:
    problem = PROBLEMS[source]
    named = NAMES + (("targets",) if hasattr(problem, "targets") else ())
    return SimpleNamespace(**{name: getattr(problem, name) for name in named} | more)


class Focal(ufm.SingleSource):
    gamma = 2.0


class Computed(ufm.SingleSource):
    @property
    def margin(self) -> float:
        return 0.5


class Late(ufm.SingleSource):
    @cached_property
    def margin(self) -> float:
        return 0.5


class Slotted(ufm.SingleSource):
    __slots__ = ("margin",)


class Callable(ufm.SingleSource):
    def loss(self) -> float:
        return 0.0


class Hidden:
    """Fields that only ``__getattr__`` knows."""

    def __init__(self) -> None:
        self._of = stranger(loss="focal")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)


@dataclasses.dataclass
class Record:
    source: Any
    classes: Any
    labels: Any
    counts: Any
    task_weights: Any
    lambda_H: float
    lambda_W: float
    lambda_b: float
    reduction: str
    loss: str
    label_smoothing: float
    temperature: float = 2.0


def assigned(name: str, value: Any) -> ufm.SingleSource:
    problem = ufm.SingleSource.balanced((3, 3), n=2, **LAMBDAS)
    setattr(problem, name, value)
    return problem


def slotted() -> Slotted:
    problem = Slotted.balanced((3, 3), n=2, **LAMBDAS)
    problem.margin = 0.5
    return problem


UNKNOWN = {
    "loss": (stranger(loss="focal"), "loss='focal'"),
    "losses": (stranger(loss=["cross-entropy", "focal"]), "loss=.*'cross-entropy', 'focal'"),
    "kind": (stranger(kind="regression"), "kind='regression'"),
    "instance": (assigned("loss", "focal"), "loss='focal'"),
    "attribute": (assigned("class_weights", np.ones(3)), "class_weights=array"),
    "none": (assigned("margin", None), "margin=None"),
    "class": (Focal.balanced((3, 3), n=2, **LAMBDAS), "gamma=2.0"),
    "property": (Computed.balanced((3, 3), n=2, **LAMBDAS), "margin=0.5"),
    "cached": (Late.balanced((3, 3), n=2, **LAMBDAS), "margin=0.5"),
    "slots": (slotted(), "margin=0.5"),
    "method": (Callable.balanced((3, 3), n=2, **LAMBDAS), "loss="),
    "getattr": (Hidden(), "loss='focal'"),
    "dataclass": (Record(**vars(stranger())), "temperature=2.0"),
}
SOLUTION = SimpleNamespace(W=POINTS["single"].W, H=POINTS["single"].H, b=POINTS["single"].b)
READERS = {
    "predict": lambda problem: theory.predict(problem),
    "vanishing": lambda problem: theory.vanishing_regularization(problem),
    "balls": lambda problem: theory.objective_in_balls(problem),
    "certify": lambda problem: verify.certify(problem, SOLUTION),
    "rigorous": lambda problem: verify.certify(problem, SOLUTION, rigorous=True),
    "metrics": lambda problem: verify.metrics(problem, SOLUTION),
    "compare": lambda problem: verify.compare(problem, SOLUTION),
    "curvature": lambda problem: verify.curvature(problem, SOLUTION),
    "forms": forms,
    "ball forms": ball_forms,
    "record": record,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", UNKNOWN)
def test_refused_by_name(name: str, reader: str) -> None:
    problem, words = UNKNOWN[name]
    with pytest.raises(ValueError, match=words):
        READERS[reader](problem)


OURS = [name for name, (problem, _) in UNKNOWN.items() if isinstance(problem, ufm.SingleSource)]


@pytest.mark.parametrize("name", OURS)
def test_the_solver_and_the_file_refuse_it_too(name: str, tmp_path: Any) -> None:
    problem, words = UNKNOWN[name]
    with pytest.raises(ValueError, match=words):
        ufm.solve(problem)
    path = tmp_path / "solution.safetensors"
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(POINTS["single"], problem=problem).save(path)
    assert not path.exists()
    with pytest.raises(ValueError, match=words):
        verify.falsify(lambda *_: 0.0, just(problem), 1)


def just(problem: Any) -> Any:
    from hypothesis import strategies

    return strategies.just(problem)


@pytest.mark.parametrize("source", ["ranking", "Single", None, ["single"]])
def test_an_unknown_source_is_refused_by_name(source: Any) -> None:
    problem = SimpleNamespace(**vars(stranger()) | {"source": source})
    for name, reader in READERS.items():
        with pytest.raises((ValueError, TypeError), match="source") as caught:
            reader(problem)
        assert str(source) in str(caught.value), name


@pytest.mark.parametrize("source", PROBLEMS)
def test_what_is_known_is_read(source: str) -> None:
    problem = stranger(source, samples=PROBLEMS[source].samples, _note="mine")
    point = POINTS[source]
    known, own = verify.certify(problem, W=point.W, H=point.H, b=point.b), verify.certify(PROBLEMS[source], point)
    assert (known.objective, known.lower_bound) == (own.objective, own.lower_bound)
    if source not in ("soft", "regression"):  # which no theorem covers under cross-entropy, or this bias
        assert theory.predict(problem).objective == theory.predict(PROBLEMS[source]).objective
    assert math.isfinite(own.objective)


def test_every_reader_knows_the_fields_of_every_problem() -> None:
    """A field that a problem gains is one that no reader knows until it says so."""
    from theory.public_fields import KNOWN
    from ufm.problems.problem_settings import FIELDS as SOLVED
    from verify.reading.form import FIELDS as VERIFIED

    public = set().union(*map(public_fields, PROBLEMS.values()))
    for known in (VERIFIED, SOLVED, storage.FIELDS, KNOWN):
        assert set(known) == public


def test_files_of_another_model_are_refused(tmp_path: Any) -> None:
    path = tmp_path / "solution.safetensors"
    POINTS["single"].save(path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    for change, words in (
        ({"loss": "focal"}, "loss must be one of .* got 'focal'"),
        ({"source": "ranking"}, "got 'ranking'"),
    ):
        header = json.loads(metadata["ufm"])
        header["problem"] |= change
        with pytest.raises(ValueError, match=words):
            storage._problem(header["problem"], (3, 3), load_file(path))
    kept = record(PROBLEMS["single"])
    assert from_record(kept).classes == (3, 3)
    with pytest.raises(ValueError, match="focal"):
        from_record({**kept, "loss": "focal"})
    with pytest.raises(ValueError, match="got 'ranking'"):
        from_record({**kept, "source": "ranking"})


@pytest.mark.parametrize("source", ["single2", "", None])
def test_a_source_that_would_not_be_read_back_is_not_written(tmp_path, source):
    problem = stranger()
    problem.source = source
    solution = dataclasses.replace(POINTS["single"], problem=problem)
    with pytest.raises(ValueError, match="source must be one of 'single', 'multi', 'multilabel'"):
        solution.save(tmp_path / "s.safetensors")
    assert not list(tmp_path.iterdir())
