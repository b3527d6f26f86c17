"""Options are declared once, for types, shorthand, run time and the command line; misspellings are refused."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import typing
from pathlib import Path

import pytest
import torch

import ufm
from ufm.problems import problem_settings
from ufm.solvers import options, run_point
from ufm.weighting import WEIGHTINGS
from verify.cli.solver_options import NO_FLAGS, Options, SolverOptions

LAMBDAS = {"lambda_H": 0.1, "lambda_W": 0.1, "lambda_b": 0.1}
PROBLEM = ufm.SingleSource([[3, 2], [1, 4]], **LAMBDAS)
HEAVY = {"torch": torch, "Metrics": run_point.Metrics}  # which the options' file does not import
KEYWORDS = {
    "newton": options.NewtonOptions,
    "gradient": options.GradientOptions,
    "projection": options.ProjectionOptions,
    "convex": options.ConvexOptions,
}


@pytest.mark.parametrize("method", options.METHODS)
def test_keywords_are_the_fields(method):
    kind = options.METHODS[method]
    hints = [typing.get_type_hints(of, localns=HEAVY) for of in (KEYWORDS[method], kind)]
    assert hints[0] == hints[1]
    assert [field.name for field in dataclasses.fields(kind)] == list(KEYWORDS[method].__annotations__)
    assert all(field.kw_only for field in dataclasses.fields(kind))
    with pytest.raises(dataclasses.FrozenInstanceError):
        kind().tolerance = 1.0


def test_names_are_those_that_run():
    assert set(typing.get_args(options.Weighting)) == set(WEIGHTINGS) - {"fixed"}
    assert set(typing.get_args(typing.get_type_hints(SolverOptions)["method"])) == set(options.METHODS)


def test_every_option_has_a_flag():
    names = {field.name for kind in options.METHODS.values() for field in dataclasses.fields(kind)}
    assert set(Options.__annotations__) == names - set(NO_FLAGS)


def test_problems_keep_every_setting():
    for name in problem_settings.ProblemSettings.__annotations__:
        assert getattr(PROBLEM, name) is not None


TYPED = [
    (ufm.Newton(steps=4), "newton", {"steps": 4}),
    (
        ufm.Gradient(optimizer="lbfgs", steps=9, dtype=torch.float32),
        "gradient",
        {"optimizer": "lbfgs", "steps": 9, "dtype": "float32"},
    ),
    (
        ufm.Gradient(learning_rate=0.01, steps=5, weighting="mgda"),
        "gradient",
        {"learning_rate": 0.01, "steps": 5, "weighting": "mgda"},
    ),
    (ufm.Convex(solver="SCS", tolerance=1e-4), "convex", {"solver": "SCS", "tolerance": 1e-4}),
]


@pytest.mark.parametrize(("typed", "method", "keywords"), TYPED)
def test_strings_are_shorthand(typed, method, keywords):
    one, two = ufm.solve(PROBLEM, typed, seed=3), ufm.solve(PROBLEM, method, seed=3, **keywords)
    assert (one.method, one.status, one.outcome) == (method, two.status, two.outcome)
    assert torch.equal(one.H, two.H)
    assert all(torch.equal(w, v) for w, v in zip(one.W, two.W, strict=True))


def test_keywords_beside_options_replace_them():
    solution = ufm.solve(PROBLEM, ufm.Newton(steps=500), tolerance=1e-2)
    assert solution.converged
    assert len(solution.history["loss"]) < len(ufm.solve(PROBLEM).history["loss"])
    assert len(ufm.solve(PROBLEM, ufm.Newton(steps=500), steps=2).history["loss"]) == 2


REFUSED = [
    (lambda: ufm.solve(PROBLEM, method="gradent"), ValueError, r"method.*got 'gradent'; did you mean 'gradient'\?"),
    (
        lambda: ufm.solve(PROBLEM, method=3),
        ValueError,
        "method must be one of 'newton', 'gradient', 'projection', 'convex', got 3",
    ),
    (lambda: ufm.solve(PROBLEM, method=ufm.Newton), ValueError, "method must be one of"),
    (
        lambda: ufm.solve(PROBLEM, stepz=5),
        TypeError,
        r"stepz= is not an option of method='newton'; did you mean steps=\?",
    ),
    (lambda: ufm.solve(PROBLEM, ufm.Convex(), steps=5), TypeError, "steps= is not an option of ufm.Convex"),
    (lambda: ufm.solve(PROBLEM, "gradient", learning_rte=5), TypeError, r"did you mean learning_rate=\?"),
    (lambda: ufm.Newton(steps=0), ValueError, "steps must be an integer ≥ 1, got 0"),
    (lambda: ufm.Newton(tolerance=0), ValueError, "tolerance must be finite and > 0, got 0"),
    (lambda: ufm.Newton(tolerance=None), TypeError, "tolerance must be a number > 0, got None"),
    (lambda: ufm.Gradient(momentum=1), ValueError, r"momentum must lie in \[0, 1\), got 1"),
    (lambda: ufm.Gradient(dtype="float16"), ValueError, "dtype must be torch.float32 or torch.float64, got 'float16'"),
    (lambda: ufm.Gradient(optimizer="lbfgs", momentum=0.5), ValueError, "momentum=0.5 does not apply"),
    (lambda: ufm.Gradient(weighting="mgda"), ValueError, "needs optimizer='momentum' with a learning_rate="),
    (lambda: ufm.Gradient(optimizer="adm"), ValueError, r"optimizer must be one of .*; did you mean 'adam'\?"),
    (lambda: ufm.Gradient(weighting="MGDA"), ValueError, r"weighting must be one of .*; did you mean 'mgda'\?"),
    (lambda: ufm.Convex(solver="clarabel"), ValueError, r"solver must be one of .*; did you mean 'CLARABEL'\?"),
    (lambda: ufm.Convex(solver="MOSEK"), ValueError, "solver must be one of 'CLARABEL', 'SCS', got 'MOSEK'"),
    (
        lambda: ufm.SingleSource([3, 2], **{**LAMBDAS, "lambda_h": 1}),
        TypeError,
        r"lambda_h= .*did you mean lambda_H=\?",
    ),
    (lambda: ufm.SingleSource.balanced(reducton="mean", **LAMBDAS), TypeError, r"did you mean reduction=\?"),
    (
        lambda: ufm.SingleSource([3, 2], lambda_H=1, lambda_W=1),
        TypeError,
        "SingleSource needs lambda_b=, which is missing",
    ),
    (
        lambda: ufm.MultiLabel.balanced(3, task_weights=[1], **LAMBDAS),
        TypeError,
        "task_weights= is not a setting of MultiLabel",
    ),
]


@pytest.mark.parametrize(("work", "error", "words"), REFUSED)
def test_what_is_refused_before_any_work(work, error, words):
    with pytest.raises(error, match=words):
        work()


GOOD = """
import ufm

problem = ufm.SingleSource([[3, 2], [1, 4]], lambda_H=0.1, lambda_W=0.1, lambda_b=0.1, reduction="mean")
ufm.solve(problem)
ufm.solve(problem, "newton", steps=10, dim=3)
ufm.solve(problem, ufm.Newton(steps=10), seed=1, tolerance=1e-9)
ufm.solve(problem, method="gradient", optimizer="lbfgs", dtype="float32", device="cpu")
ufm.solve(problem, ufm.Gradient(learning_rate=0.1, weighting="mgda"))
ufm.solve(problem, "convex", solver="SCS")
settings: ufm.ProblemSettings = {"lambda_H": 0.1, "lambda_W": 0.1, "lambda_b": 0.1, "task_weights": [1.0, 2.0]}
ufm.SingleSource.balanced((3, 3), 10, **settings)
lambdas: ufm.Lambdas = {"lambda_H": 0.1, "lambda_W": 0.1, "lambda_b": 0.1}
ufm.MultiLabel.balanced(3, label_smoothing=0.1, **lambdas)
ufm.SingleSource.balanced((3, 3), 10, loss=["squared-error", "binary-cross-entropy"], **lambdas)
ufm.SingleSource.from_labels([[0, -1]], missing=-1, loss="squared-error", lambda_H=0.1, lambda_W=0.1, lambda_b=None)
soft: ufm.SoftLabels = ufm.SingleSource.from_probabilities([[[0.5, 0.5]]], [3], loss="cross-entropy", **lambdas)
ufm.solve(soft)
ufm.solve(ufm.Regression([[0.5]], task_weights=[2.0], lambda_H=0.1, lambda_W=0.1, lambda_b=0), "gradient")
"""
BAD = {
    "ufm.SingleSource([[3, 2]], lambda_h=0.1, lambda_W=0.1, lambda_b=0.1)": "lambda_h",
    "ufm.SingleSource.balanced((3, 3), 10, reducton='mean', **lambdas)": "reducton",
    "ufm.SingleSource.from_labels([[0, 1]], lambda_H='0.1', lambda_W=0.1, lambda_b=0.1)": "lambda_H",
    "ufm.SingleSource.correlated(2, n_same=3, n_different=1, reduction='average', **lambdas)": "average",
    "ufm.SingleSource.orthogonal_array(5, 3, smoothing=0.1, **lambdas)": "smoothing",
    "ufm.MultiSource.balanced((3, 3), 10, lambda_H=0.1, lambda_W=0.1)": "lambda_b",
    "ufm.MultiLabel.balanced(3, task_weights=[1.0], **lambdas)": "task_weights",
    "ufm.SingleSource([[3, 2]], loss='squared-eror', **lambdas)": "squared-eror",
    "ufm.MultiSource([[3, 2]], loss=['squared-eror'], **lambdas)": "squared-eror",
    "ufm.Regression([[3.0]], lambda_H=0.1, lambda_W=0.1, lambda_b='none')": "lambda_b",
    "ufm.Regression([[3.0]], lambda_H=None, lambda_W=0.1, lambda_b=None)": "lambda_H",
    "ufm.SingleSource.from_labels([[0]], missing=[-1], **lambdas)": "missing",
    "ufm.solve(problem, method='gradent')": "No overload",
    "ufm.solve(problem, stepz=5)": "stepz",
    "ufm.solve(problem, 'newton', steps=2.5)": "No overload",
    "ufm.solve(problem, 'newton', optimizer='lbfgs')": "No overload",
    "ufm.solve(problem, 'gradient', optimizer='sgd')": "No overload",
    "ufm.solve(problem, 'convex', solver='MOSEK')": "No overload",
    "ufm.solve(problem, ufm.Newton(stepz=5))": "stepz",
    "ufm.Gradient(log_evry=5)": "log_evry",
    "ufm.Newton(5)": "positional",
}
ALONE = "[mypy]\nstrict = true\n[mypy-torch.*,numpy.*,safetensors.*,psutil.*,rich.*]\nfollow_imports = skip\n"


def test_mypy_refuses_what_run_time_does(tmp_path: Path) -> None:
    """Without torch's and NumPy's own types, which take mypy half a minute and have no part in this."""
    (tmp_path / "mypy.ini").write_text(ALONE)
    (tmp_path / "front_door.py").write_text(GOOD + "".join(f"{line}\n" for line in BAD))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "--cache-dir", "cache", "front_door.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(Path(ufm.__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    first = GOOD.count("\n") + 1
    found = [line for line in done.stdout.splitlines() if line.startswith("front_door.py") and ": error:" in line]
    for number, (line, words) in enumerate(BAD.items(), start=first):
        assert any(error.startswith(f"front_door.py:{number}:") and words in error for error in found), (line, found)
    assert {int(error.split(":")[1]) for error in found} == set(range(first, first + len(BAD))), found
