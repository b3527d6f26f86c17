"""Small problems of every source, bias and loss, in groups of one shape."""

import copy
import functools
import itertools

import numpy as np
from family import NAMES, SOURCES, problem_at_random

import ufm

BIASES = ("penalized", "free", "none")
EACH = 16  # of one shape: as few as a batch has


def alike(problem, rng):
    """The problem with other λ's and, where a batch would still take it, other counts."""
    other = copy.copy(problem)
    other.lambda_H, other.lambda_W = (10.0 ** rng.uniform(-3, 0, 2)).tolist()
    if problem.lambda_b:
        other.lambda_b = float(10.0 ** rng.uniform(-3, 0))
    if problem.source != "multi":
        other.counts = rng.integers(1, 30, len(problem.counts))
    return other


def groups(each=EACH, seed=0, every=2):
    """Of each source and bias, or of every other, ``each`` problems of one shape."""
    rng = np.random.default_rng(seed)
    for i, (source, bias) in enumerate(itertools.product(SOURCES, BIASES)):
        if i % every:
            continue
        losses = [NAMES[i % 3], NAMES[(i // 3) % 3]]
        if source == "multilabel":
            losses = losses[:1]
        problem = problem_at_random(rng, source, None if source == "regression" else losses, bias)
        yield [alike(problem, rng) for _ in range(each)]


def mixed(every=2):
    """All of them in no order, 300 of every source and bias, and their solutions."""
    problems = [problem for group in groups(every=every) for problem in group]
    problems = [problems[i] for i in np.random.default_rng(0).permutation(len(problems))]
    return problems, ufm.solve_many(problems)


@functools.cache
def solved():
    """Those of ``groups``, group by group, and their solutions."""
    problems = [problem for group in groups() for problem in group]
    return problems, ufm.solve_many(problems)
