"""What must not change a minimum, and in which direction it must change."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from newton_problems import HARD, assert_same_minimum, invariants
from thorough import examples

from ufm import MultiSource, SingleSource, solve

LAMBDAS = {"lambda_H": 0.05, "lambda_W": 0.02, "lambda_b": 0.1}
COUNTS = np.array([[[4, 0], [1, 7], [0, 3]], [[2, 9], [0, 1], [5, 5]]])
WEIGHTS = np.array([0.5, 2.0, 1.0])
DISTINCT = ["random 0", "random 1", "long tail, λ=0.1", "two steps, λ=0.001", "smoothed", "mean, smoothed", "tiny λ_b"]


@pytest.mark.parametrize("name", [*DISTINCT, "minorities collapse, λ=10", "five labels of 25", "one sample"])
def test_every_seed_finds_the_same_minimum(name):
    first = solve(HARD[name], seed=0)
    for seed in (1, 2**64 - 1):
        other = solve(HARD[name], seed=seed)
        assert not all(torch.equal(a, b) for a, b in zip(first.W, other.W, strict=True))
        assert_same_minimum(first, other)


@pytest.mark.parametrize("name", ["random 0", "two steps, λ=0.001"])
def test_same_seed_same_bits(name):
    one, two = solve(HARD[name], seed=5), solve(HARD[name], seed=5)
    assert one.objective == two.objective
    assert one.history == two.history
    assert one.status == two.status
    listed = [s.W + s.b + (s.H if isinstance(s.H, list) else [s.H]) for s in (one, two)]
    assert all(torch.equal(a, b) for a, b in zip(*listed, strict=True))


def test_tasks_start_from_numbers_of_their_own():
    solution = solve(MultiSource([[3, 4], [3, 4]], **LAMBDAS), steps=1)
    assert not torch.equal(solution.W[0], solution.W[1])


@pytest.mark.parametrize("a", [1e-3, 7.0])
def test_lambda_scaling(a):
    one = solve(SingleSource(COUNTS, task_weights=WEIGHTS, **LAMBDAS))
    scaled = {**LAMBDAS, "lambda_W": a * LAMBDAS["lambda_W"], "lambda_H": LAMBDAS["lambda_H"] / a}
    two = solve(SingleSource(COUNTS, task_weights=WEIGHTS, **scaled))
    two.W, two.H = [math.sqrt(a) * w for w in two.W], two.H / math.sqrt(a)
    assert_same_minimum(one, two)


@pytest.mark.parametrize("k", [2, 1000])
@pytest.mark.parametrize("cls", [SingleSource, MultiSource])
def test_duplicated_samples(cls, k):
    counts = COUNTS[0].T if cls is SingleSource else [[4, 1, 7], [0, 3]]
    one = solve(cls(counts, **LAMBDAS))
    more = {**LAMBDAS, "lambda_W": k * LAMBDAS["lambda_W"], "lambda_b": k * LAMBDAS["lambda_b"]}
    two = solve(cls([k * np.asarray(c) for c in counts], **more))
    two.objective /= k
    assert_same_minimum(one, two)


@pytest.mark.parametrize("cls", [SingleSource, MultiSource])
def test_mean_is_a_sum_of_larger_lambdas(cls):
    counts = COUNTS if cls is SingleSource else [[4, 1, 7], [12, 0]]
    samples = 37 if cls is SingleSource else 12
    mean = solve(cls(counts, reduction="mean", **{name: value / samples for name, value in LAMBDAS.items()}))
    total = solve(cls(counts, **LAMBDAS))
    mean.objective *= samples
    assert_same_minimum(mean, total)


def test_permuted_classes_and_tasks():
    one = solve(SingleSource(COUNTS, task_weights=WEIGHTS, **LAMBDAS))
    classes = [[1, 0], [2, 0, 1], [1, 0]]
    tasks = [2, 0, 1]
    permuted = COUNTS[np.ix_(*classes)].transpose(tasks)
    two = solve(SingleSource(permuted, task_weights=WEIGHTS[tasks], **LAMBDAS))
    assert one.objective == pytest.approx(two.objective, rel=1e-12)

    def logits_by_label(solution, back):
        return {
            tuple(back(label)): [W @ h + b for W, b in zip(solution.W, solution.b, strict=True)]
            for label, h in zip(solution.labels, solution.H.T, strict=True)
        }

    def original(label):
        return [classes[t][label[tasks.index(t)]] for t in range(3)]

    before, after = logits_by_label(one, list), logits_by_label(two, original)
    assert before.keys() == after.keys()
    for label, logits in before.items():
        for t in range(3):
            moved = after[label][tasks.index(t)].numpy()
            np.testing.assert_allclose(moved, logits[t].numpy()[classes[t]], rtol=1e-6, atol=1e-6)


@settings(max_examples=examples(25))
@given(st.integers(0, 2**32 - 1))
def test_minimum_grows_with_every_lambda_and_count_and_is_concave_in_lambda(seed):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 6, (3, 2))
    counts.flat[rng.integers(6)] += 1
    low = 10.0 ** rng.uniform(-3, 0, 3)
    high = low * (1 + rng.exponential(2, 3) * rng.integers(0, 2, 3))

    def minimum(lambdas, counts=counts):
        return solve(SingleSource(counts, lambda_H=lambdas[0], lambda_W=lambdas[1], lambda_b=lambdas[2])).objective

    at_low, at_high, middle = minimum(low), minimum(high), minimum((low + high) / 2)
    slack = 1e-11 * at_high
    assert at_low <= at_high + slack
    assert middle >= (at_low + at_high) / 2 - slack
    more = counts.copy()
    more.flat[rng.integers(6)] += 1
    assert at_low <= minimum(low, more) + slack


@pytest.mark.parametrize("name", ["random 0", "long tail, λ=0.1", "smoothed", "two labels of four"])
def test_more_dimensions_than_needed(name):
    problem = HARD[name]
    needed = sum(problem.classes) - len(problem.classes)
    one, wide = solve(problem), solve(problem, dim=needed + 5)
    assert wide.dim == needed + 5
    assert "less than" not in wide.status
    assert_same_minimum(one, wide)


def test_fewer_dimensions_say_so_and_lie_higher():
    problem = SingleSource(COUNTS, **LAMBDAS)
    enough = solve(problem)
    assert enough.dim == 4
    values = []
    for dim in (3, 2, 1):
        solution = solve(problem, dim=dim)
        assert f"dim={dim} is less than 4" in solution.status
        assert "dim=4" in solution.status
        assert solution.H.shape == (dim, len(problem.counts))
        values.append(solution.objective)
    assert enough.objective < values[0] < values[1] < values[2]


def test_few_columns_need_few_dimensions():
    # two labels: rank two at most, although R − T = 8
    problem = SingleSource.from_labels([[0, 0], [4, 4]], classes=(5, 5), **LAMBDAS)
    narrow = solve(problem, dim=2)
    assert "less than" not in narrow.status
    assert_same_minimum(solve(problem), narrow)
    assert "less than 2" in solve(problem, dim=1).status


def test_many_sources_are_their_tasks_alone():
    weights = [0.5, 3.0]
    together = solve(MultiSource([[4, 0, 9], [2, 30]], task_weights=weights, **LAMBDAS))
    alone = [solve(MultiSource([counts], **LAMBDAS)) for counts in ([4, 0, 9], [2, 30])]
    assert together.objective == pytest.approx(
        sum(c * s.objective for c, s in zip(weights, alone, strict=True)), rel=1e-11
    )
    _, logits, gram = invariants(together)
    for t, solution in enumerate(alone):
        _, (own_logits,), (own_gram,) = invariants(solution)
        np.testing.assert_allclose(logits[t], own_logits, rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(gram[t], own_gram, rtol=1e-6, atol=1e-6)
    # one task is the same problem under either name
    assert_same_minimum(alone[0], _as_multi(solve(SingleSource([4, 0, 9], **LAMBDAS))))


def _as_multi(solution):
    solution.H = [solution.H]
    return solution
