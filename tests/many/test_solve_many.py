"""Many problems at once have the minima that each has alone, whichever others there are."""

import numpy as np
import pytest
import torch
from many_problems import EACH, alike, mixed, solved

import ufm
from ufm.solvers.batch import groups as batches
from ufm.solvers.batch import trust_region

LAMBDAS = {"lambda_H": 0.02, "lambda_W": 0.03, "lambda_b": 0.01}


def small_ones(number=EACH, seed=0, lambda_b=0.01, **settings):
    rng = np.random.default_rng(seed)
    first = ufm.SingleSource(rng.integers(1, 9, (3, 2)), **{**LAMBDAS, "lambda_b": lambda_b}, **settings)
    return [alike(first, rng) for _ in range(number)]


def arrays(solution):
    H = solution.H if isinstance(solution.H, list) else [solution.H]
    return [*solution.W, *solution.b, *H]


def same(one, other):
    """To the last bit."""
    alike = all(torch.equal(a, b) for a, b in zip(arrays(one), arrays(other), strict=True))
    return alike and (one.objective, one.status, one.history) == (other.objective, other.status, other.history)


def compared(problems, solutions, every):
    for i in range(0, len(problems), every):
        alone, solution = ufm.solve(problems[i]), solutions[i]
        assert abs(solution.objective - alone.objective) <= 1e-10 * alone.objective, problems[i]
        assert solution.converged == alone.converged, (solution.status, alone.status)
        assert solution.problem is problems[i]
        assert [w.shape for w in arrays(solution)] == [w.shape for w in arrays(alone)]
        assert str(solution.labels) == str(alone.labels)
        assert str(solution.counts) == str(alone.counts)
        assert set(solution.history if isinstance(solution.history, dict) else solution.history[0]) >= {
            "loss",
            "radius",
        }


def test_they_have_the_minima_that_they_have_alone():
    compared(*solved(), every=3)


@pytest.mark.slow
def test_all_have_the_minima_that_they_have_alone():
    problems, solutions = mixed(every=1)
    compared(problems, solutions, every=1)
    assert sum("alone" in solution.status for solution in solutions) <= 5


def test_batches_reach_nearly_all():
    assert sum("alone" in solution.status for solution in solved()[1]) <= 2


@pytest.mark.parametrize(
    ("loss", "lambda_b"),
    [("cross-entropy", 0.01), ("cross-entropy", 0.0), ("binary-cross-entropy", None), ("squared-error", 0.01)],
)
def test_neither_order_nor_company_matters(loss, lambda_b, monkeypatch):
    problems = small_ones(EACH + 3, lambda_b=lambda_b, loss=loss)
    solutions = ufm.solve_many(problems)
    order = np.random.default_rng(1).permutation(len(problems))
    others = ufm.solve_many([problems[i] for i in order] + small_ones(EACH, seed=5, lambda_b=0.3))
    assert all(same(solutions[i], other) for i, other in zip(order, others, strict=False))
    assert all(map(same, solutions, ufm.solve_many(problems[:EACH])))
    monkeypatch.setattr(batches, "IN_CACHE", 1)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert all(map(same, solutions, ufm.solve_many(problems)))
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)


def test_the_seed_is_the_start_s():
    problems = small_ones()
    one, again, other = (ufm.solve_many(problems, seed=seed) for seed in (3, 3, 4))
    assert all(map(same, one, again))
    assert not any(map(same, one, other))
    for a, b in zip(one, other, strict=True):
        assert a.objective == pytest.approx(b.objective, rel=1e-12)


def test_a_few_of_a_shape_are_solved_as_by_solve():
    problems = small_ones(EACH - 1)
    assert all(same(one, ufm.solve(problem)) for one, problem in zip(ufm.solve_many(problems), problems, strict=True))


def test_what_a_batch_does_not_reach_is_solved_alone_and_says_so(monkeypatch):
    problems = small_ones()
    wanted = ufm.solve_many(problems)
    assert not any("alone" in solution.status for solution in wanted)
    monkeypatch.setattr(trust_region, "MOST_STEPS", 3)
    found = ufm.solve_many(problems)
    assert all(
        solution.status.endswith("solved alone, after a batch of its shape did not reach it") for solution in found
    )
    for a, b in zip(found, wanted, strict=True):
        assert a.converged
        assert a.objective == pytest.approx(b.objective, rel=1e-12)


def test_a_tolerance_is_newton_s():
    rough = ufm.solve_many(small_ones(), tolerance=1e-3)
    fine = ufm.solve_many(small_ones())
    assert all(solution.converged for solution in rough)
    assert sum(len(s.history["loss"]) for s in rough) < sum(len(s.history["loss"]) for s in fine) - EACH


def test_no_minimizer_is_said_as_by_solve():
    counts = [[3, 0, 4], [5, 0, 6]]
    problems = [ufm.SingleSource(counts, lambda_H=x, lambda_W=0.1, lambda_b=0.0) for x in np.linspace(0.1, 1.0, 3)]
    for problem, solution in zip(problems, ufm.solve_many(problems), strict=True):
        assert "no minimizer" in solution.status
        assert same(solution, ufm.solve(problem))


def test_zero_is_found_where_it_is_the_minimizer():
    problems = [ufm.SingleSource([[1, 2], [3, 1]], lambda_H=x, lambda_W=9, lambda_b=1) for x in np.linspace(5, 9, EACH)]
    for solution in ufm.solve_many(problems):
        assert solution.converged
        assert max(float(w.abs().max()) for w in solution.W) < 1e-6


def test_solutions_own_their_arrays_and_may_be_differentiated_through():
    for solution in ufm.solve_many(small_ones()):
        assert solution.H.untyped_storage().nbytes() == 8 * solution.H.numel()
        assert not solution.H.is_inference()


def test_every_device_has_the_same_minima(device):
    problems = [*small_ones(), *small_ones(2, lambda_b=None), *small_ones(loss="squared-error")]
    for one, other in zip(ufm.solve_many(problems, device=device), ufm.solve_many(problems), strict=True):
        assert one.converged
        assert one.objective == pytest.approx(other.objective, rel=1e-12)
        assert all(array.device.type == "cpu" for array in arrays(one))


def test_no_problems_have_no_solutions():
    assert ufm.solve_many([]) == []
    assert ufm.solve_many(iter(())) == []


def test_any_iterable_will_do():
    problems = small_ones(3)
    assert len(ufm.solve_many(problem for problem in problems)) == 3


@pytest.mark.parametrize(
    ("problems", "words"),
    [
        (small_ones(1)[0], "problems must be a list, or another iterable, of problems, got SingleSource"),
        ("ab", "problems must be a list, or another iterable, of problems, got str"),
        (None, "got NoneType"),
        (3, "got int"),
        ([*small_ones(2), [[1, 2]]], r"problems\[2\] must be one of ufm.SingleSource, .*, got list"),
        ([small_ones(2)], r"problems\[0\] must be one of .*, got list"),
    ],
)
def test_what_is_no_list_of_problems_is_refused(problems, words):
    with pytest.raises(TypeError, match=words):
        ufm.solve_many(problems)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"tolerance": 0.0}, ValueError, "tolerance"),
        ({"tolerance": "a"}, TypeError, "tolerance"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": "a"}, TypeError, "seed"),
        ({"device": "tape"}, (ValueError, RuntimeError), "device"),
        ({"progress": 3}, TypeError, "progress must be a function"),
    ],
)
def test_an_option_that_cannot_be_is_refused_by_name(options, error, words):
    with pytest.raises(error, match=words):
        ufm.solve_many(small_ones(2), **options)


def test_a_problem_out_of_float64_s_reach_is_named():
    problems = [*small_ones(2), ufm.SingleSource([[1, 2], [3, 4]], lambda_H=1e-200, lambda_W=1, lambda_b=1)]
    with pytest.raises(ValueError, match=r"problems\[2\]: lambda_H=1e-200"):
        ufm.solve_many(problems)


def test_progress_counts_every_problem():
    problems, seen = [*small_ones(), *small_ones(2, lambda_b=None)], []
    ufm.solve_many(problems, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(i + 1, EACH + 2) for i in range(EACH + 2)]


@pytest.mark.parametrize("threads", [1, 2])
def test_what_progress_raises_ends_the_call(threads, monkeypatch):
    def stop(done, total):
        raise InterruptedError(f"{done} of {total}")

    monkeypatch.setattr(batches, "IN_CACHE", 1)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        with pytest.raises(InterruptedError, match="1 of 99"):
            ufm.solve_many(small_ones(99), progress=stop)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
