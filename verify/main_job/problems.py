"""The main job: every theorem and law, small and at paper size, real label counts, and the curve of Figure 3(c)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import ufm
from ufm.solution import Problem
from verify.comparison.cosine_curve import cosine_curve
from verify.main_job.case import Case, JobResult, run_case
from verify.main_job.problems_of_other_losses import binary_cross_entropy_problems, squared_error_problems

SMALL: ufm.Lambdas = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
PAPER: ufm.Lambdas = {"lambda_H": 5e-4, "lambda_W": 5e-4, "lambda_b": 5e-4}
SMALL_FREE: ufm.Lambdas = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.0}
PAPER_NONE: ufm.Lambdas = {"lambda_H": 5e-4, "lambda_W": 5e-4, "lambda_b": None}
STRONG: ufm.Lambdas = {
    "lambda_H": 2.0,
    "lambda_W": 2.0,
    "lambda_b": 0.05,
}  # past one or all thresholds of the small problems
FIRST_ORDER_TOLERANCE = 1e-5  # relative, of F: what the gradient solver's defaults promise, with a margin of ten

Single, Multi, Sets = ufm.SingleSource, ufm.MultiSource, ufm.MultiLabel


def theorem_problems() -> Iterator[tuple[str, Problem]]:
    """Name and problem, each theorem small, at paper size, and past its thresholds."""
    yield "Theorem 3.1, two tasks of 3 classes", Single.balanced((3, 3), 10, **SMALL)
    yield "Theorem 3.1, CIFAR100-Cross-10×10", Single.balanced((10, 10), 500, **PAPER)
    yield "Theorem 3.1, ImageNet-Cross-10×10×10", Single.balanced((10, 10, 10), 1300, **PAPER)
    yield "Theorem 3.1, past the threshold", Single.balanced((3, 3), 4, **STRONG)
    yield "Theorem B.2, 3 and 4 classes", Single.balanced((3, 4), 10, task_weights=(1.5, 1), **SMALL)
    yield "Theorem B.2, Multi-4-6 with c = (1.5, 1)", Single.balanced((4, 6), 500, task_weights=(1.5, 1), **PAPER)
    yield "Theorem B.2, Multi-3-9 with c = (3, 1)", Single.balanced((3, 9), 500, task_weights=(3, 1), **PAPER)
    yield "Theorem B.2, one task collapsed", Single.balanced((3, 4), 4, task_weights=(0.1, 5), **STRONG)
    yield "Theorem 3.2, tasks of 3 and 5 classes", Multi.balanced((3, 5), (10, 20), **SMALL)
    yield "Theorem 3.2, CIFAR100-Split-5×20", Multi.balanced((5,) * 20, 500, **PAPER)
    yield "Theorem 5.1, n = 30 and 10", Single.correlated(2, n_same=30, n_different=10, **SMALL)
    yield "Theorem 5.1, N = 8000", Single.correlated(2, n_same=3000, n_different=1000, **PAPER)
    yield "Theorem 5.1, rarer pair past its threshold", Single.correlated(2, n_same=38, n_different=2, **STRONG)
    yield from _problems_beyond_the_paper()
    yield from squared_error_problems(SMALL, PAPER, STRONG)
    yield from binary_cross_entropy_problems(SMALL, PAPER, STRONG)


def _problems_beyond_the_paper() -> Iterator[tuple[str, Problem]]:
    parallel: ufm.Lambdas = {"lambda_H": 30.0, "lambda_W": 0.05, "lambda_b": 0.05}
    yield "Pairs of tasks uniform, 4 tasks of 5 classes", Single.orthogonal_array(5, 4, 6, **SMALL)
    yield "Correlated, 3 classes, n = 20 and 10", Single.correlated(3, n_same=20, n_different=10, **SMALL)
    yield "Correlated, 10 classes, N = 50000", Single.correlated(10, n_same=2750, n_different=250, **PAPER)
    yield "Correlated, 4 classes, heads parallel", Single.correlated(4, n_same=30, n_different=1, **parallel)
    yield "Label sets, 4 classes, sizes 1 and 2", Sets.balanced(4, {1: 10, 2: 5}, **SMALL)
    yield "Label sets, 10 classes, sizes 1 to 3", Sets.balanced(10, {1: 3000, 2: 500, 3: 100}, **PAPER)
    yield "Label sets, past the threshold", Sets.balanced(3, {1: 4, 2: 9}, **STRONG)
    yield "Label smoothing 0.1, Theorem 3.1", Single.balanced((3, 3), 10, label_smoothing=0.1, **SMALL)
    yield "Theorem B.2, free bias", Single.balanced((3, 4), 10, **SMALL_FREE)
    yield "Theorem 3.1, no bias, at paper size", Single.balanced((10, 10), 500, **PAPER_NONE)
    yield (
        "Label smoothing 0.1, 3 classes",
        Single.correlated(3, n_same=20, n_different=10, label_smoothing=0.1, **SMALL),
    )


def digit_pairs(seed: int = 0) -> np.ndarray:
    """(N, 2) labels of scikit-learn's handwritten digits, paired at random into two tasks as in Multi-MNIST."""
    try:
        from sklearn.datasets import load_digits
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "the digits need scikit-learn: pip install 'ufm-toolkit[cli]'", name=error.name
        ) from error
    digits = load_digits().target
    random = np.random.default_rng(seed)
    return np.stack([random.permutation(digits), random.permutation(digits)], axis=1)


def run_main_job(started: Callable[[str], None] = lambda name: None) -> JobResult:
    """Solves, certifies and compares everything; calls ``started`` with the name of each case as it begins.

    Raises KeyboardInterrupt also if a solver answers Ctrl-C with the point it reached.
    """
    cases: list[Case] = []

    def run(name: str, problem: Problem, **options: object) -> None:
        started(name)
        cases.append(run_case(name, problem, **options))  # type: ignore[arg-type]

    for name, problem in theorem_problems():
        run(name, problem)
    run("Real counts, digits in pairs", Single.from_labels(digit_pairs(), (10, 10), **SMALL))
    first_order = {"method": "gradient", "tolerance": FIRST_ORDER_TOLERANCE, "log_every": 1}
    run("First order, every feature free", Single.balanced((3, 3), 50, **SMALL), **first_order)
    started("Figure 3(c)")
    return JobResult(tuple(cases), cosine_curve())
