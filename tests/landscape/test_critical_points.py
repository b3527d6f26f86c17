"""verify.critical_points: each is stationary; each but the global minimum is a strict saddle, once d suffices."""

import math

import numpy as np
import pytest
from high_precision import derivatives as high_precision
from landscape_problems import LAMBDAS, PROBLEMS, derivatives, parts

import theory
import ufm
import verify
from verify.landscape.restricted import exchange_projection

WITH_A_MINIMUM = [name for name in PROBLEMS if name != "all zero"]


def names(found):
    return [point.name for point in found]


@pytest.mark.parametrize("name", WITH_A_MINIMUM)
def test_each_is_stationary_and_all_but_the_minimum_are_strict_saddles(name):
    problem = PROBLEMS[name]
    found = verify.critical_points(problem)
    assert found.benign
    assert [point.is_global for point in found] == [True] + [False] * (len(found) - 1)
    assert len(found) >= 2
    for point in found:
        for form, at in parts(problem, point):
            gradient, _ = derivatives(form, at) if len(at.W) * at.W.shape[1] < 20 else (np.zeros(1), None)
            assert np.abs(gradient).max() < 1e-7 * point.objective
        if not point.is_global:
            # the closed direction is a trial vector, so the smallest eigenvalue is at most its curvature
            assert point.curvature.eigenvalue <= (1 - point.certificate.spectral_ratio) * (1 - 1e-6)
            assert point.curvature.better_objective < point.objective


def test_every_subset_of_balanced_tasks_is_found_with_its_closed_objective():
    """Off tasks keep c^t N log K_t; on tasks have Theorem 3.1's share of the minimum."""
    problem = ufm.SingleSource.balanced((2, 3, 2), 4, task_weights=(1.0, 2.0, 0.5), **LAMBDAS)
    found = {point.name: point.objective for point in verify.critical_points(problem)}
    N, tau = 48, 0.1

    def share(K, c, active):
        if not active:
            return c * N * math.log(K)
        a = math.log(0.5 * math.sqrt(c * N * K / 0.0025) - (K - 1))
        return c * N * math.log(1 + (K - 1) * math.exp(-a)) + tau * (K - 1) * math.sqrt(c * N / K) * a

    tasks = list(zip((2, 3, 2), (1.0, 2.0, 0.5), strict=True))
    for subset in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2)):
        title = f"task{'s' if len(subset) > 1 else ''} {', '.join(str(t + 1) for t in subset)} alone"
        wanted = sum(share(K, c, t in subset) for t, (K, c) in enumerate(tasks))
        assert found[title] == pytest.approx(wanted, rel=1e-10)
    assert found["zero"] == pytest.approx(sum(share(K, c, False) for K, c in tasks), rel=1e-12)
    assert min(found.values()) == pytest.approx(theory.predict(problem).objective, rel=1e-12)


def test_theorem_5_1_with_one_singular_value_dropped():
    """The kept pair of labels has its closed share of the minimum, the other 4 n log 2."""
    problem = PROBLEMS["5.1"]
    found = {point.name: point for point in verify.critical_points(problem)}
    for name, kept, dropped in (("heads of the tasks equal", 30, 10), ("heads of the tasks opposite", 10, 30)):
        a = math.log(math.sqrt(2 * kept / 0.0025) - 1)
        wanted = 4 * kept * math.log1p(math.exp(-a)) + 0.1 * math.sqrt(2 * kept) * a + 4 * dropped * math.log(2)
        assert found[name].objective == pytest.approx(wanted, rel=1e-10)
    equal, opposite = found["heads of the tasks equal"], found["heads of the tasks opposite"]
    np.testing.assert_allclose(equal.W[0], equal.W[1], atol=1e-12)
    np.testing.assert_allclose(opposite.W[0], -opposite.W[1], atol=1e-12)


def test_exchange_needs_tasks_that_can_be_exchanged():
    (form, _), *_ = parts(PROBLEMS["5.1"], ufm.solve(PROBLEMS["5.1"]))
    assert exchange_projection(form, 1) is not None
    for problem in (
        ufm.SingleSource([[3, 1], [2, 3]], **LAMBDAS),
        ufm.SingleSource([[3, 1], [1, 3]], task_weights=(1.0, 2.0), **LAMBDAS),
        ufm.SingleSource([[3, 1], [0, 3]], **LAMBDAS),
        PROBLEMS["weights"],
        PROBLEMS["label sets"],
    ):
        (form, _), *_ = parts(problem, ufm.solve(problem))
        assert exchange_projection(form, 1) is None
    # without the symmetry the point is not critical, and is not listed
    assert not any(
        "heads" in name for name in names(verify.critical_points(ufm.SingleSource([[3, 1], [2, 3]], **LAMBDAS)))
    )


def test_tasks_alone_only_where_that_is_critical():
    assert "task 1 alone" in names(verify.critical_points(PROBLEMS["orthogonal array"]))
    assert "task 1 alone" in names(verify.critical_points(PROBLEMS["multi source"]))
    assert not any("alone" in name for name in names(verify.critical_points(PROBLEMS["absent labels"])))
    assert not any("alone" in name for name in names(verify.critical_points(PROBLEMS["5.1"])))


def test_where_the_minimum_is_zero_nothing_else_is_listed():
    found = verify.critical_points(PROBLEMS["all zero"])
    assert names(found) == ["minimum, rank 0"]
    assert found.benign


def test_where_d_is_too_small_a_local_minimum_that_is_not_global_is_told_from_a_saddle():
    """Six classes in the plane: two local minima of different height, both without negative curvature; one dimension
    more makes of each a strict saddle."""
    problem = ufm.SingleSource.balanced((6,), 10, **LAMBDAS)
    solutions = [ufm.solve(problem, dim=2, seed=seed) for seed in range(6)]
    heights = {round(solution.objective, 6): solution for solution in solutions}
    assert len(heights) == 2
    for solution in heights.values():
        assert verify.curvature(problem, solution).verdict == "no negative curvature"
        assert verify.certify(problem, solution).verdict == "inconclusive"
        W = [np.pad(w, ((0, 0), (0, 1))) for w in solution.W]
        wider = verify.curvature(problem, W=W, H=np.pad(solution.H, ((0, 1), (0, 0))), b=solution.b)
        assert wider.verdict == "strict saddle"
    narrow = verify.critical_points(problem, dim=2)
    assert not narrow.benign
    assert narrow[0].name == "solver’s point, rank 2"
    assert "no negative curvature" in str(narrow)


def test_it_prints_as_text_and_as_a_table():
    found = verify.critical_points(PROBLEMS["5.1"])
    for word in ("d = 2 (2 suffice)", "strict saddle", "global minimum", "heads of the tasks equal"):
        assert word in str(found)
        assert word in found._repr_html_()
    assert len(str(found).splitlines()) == len(found) + 2


def test_a_problem_beyond_memory_is_refused_by_the_estimate():
    """Not by an array of R × m numbers that cannot be made."""
    problem = ufm.SingleSource.balanced((2_000_000,), 1, **LAMBDAS)
    with pytest.raises(MemoryError, match=r"targets of 2,000,000 rows, 2,000,000 columns needs about .* are available"):
        verify.critical_points(problem)


def small_penalties(counts, size, **more):
    return ufm.SingleSource(counts, **{**dict.fromkeys(("lambda_H", "lambda_W", "lambda_b"), size), **more})


@pytest.mark.parametrize(
    "problem",
    [
        small_penalties([[1532, 1533], [1533, 1532]], 4.27e-8, lambda_b=0.00273, label_smoothing=0.9),
        pytest.param(
            small_penalties([[1532, 1533], [1533, 1532]], 4.27e-8, label_smoothing=0.5), marks=pytest.mark.slow
        ),
        small_penalties([[900, 40], [40, 900]], 1e-6),
    ],
)
def test_symmetric_points_are_stationary_under_small_penalties(problem):
    """By 60 digits: the descent ends at F's rounding, where the penalty leaves W and H as unlike as they were."""
    found = verify.critical_points(problem)
    assert found.benign
    assert {"heads of the tasks equal", "heads of the tasks opposite"} <= {point.name for point in found}
    c, n = np.repeat(problem.task_weights, problem.classes)[:, None], problem.counts
    for point in found:
        of_W, of_H, _ = high_precision(problem, np.concatenate(point.W), point.H, np.concatenate(point.b))[1]
        scaled = (of_W / np.sqrt(2 * problem.lambda_W * c), of_H / np.sqrt(2 * problem.lambda_H * n))
        squares = sum(float((g**2).sum()) for g in scaled)
        assert math.sqrt(squares / (2 * point.objective)) < 1e-7


def test_what_is_not_stationary_is_left_out_by_name(monkeypatch):
    monkeypatch.setattr("verify.landscape.restricted._polished", lambda form, point, project: point)
    monkeypatch.setattr("verify.landscape.restricted.GRADIENT", 1e-3)
    found = verify.critical_points(PROBLEMS["5.1"])
    assert not any("heads" in name for name in names(found))
    assert len(found.left_out) == 2
    assert found.left_out[0].startswith("heads of the tasks equal (gradient ")
    for text in (str(found), found._repr_html_()):
        assert "left out, not stationary: heads of the tasks equal" in text
    assert found.benign


@pytest.mark.parametrize(
    ("problem", "rank"),
    [
        (small_penalties([868, 63, 16], 1e-11, label_smoothing=0.9), 2),
        (small_penalties([868, 63, 16], 1e-11, label_smoothing=0.9, task_weights=(1e6,)), 2),
        (small_penalties([1000, 1000, 1000], 1e-10, label_smoothing=0.9), 2),
        (small_penalties([8, 6, 1], 1.0, lambda_b=1e-3), 1),
        (small_penalties([5, 5, 5], 10.0), 0),
    ],
)
def test_the_minimum_is_named_by_the_rank_that_its_heads_have(problem, rank):
    """By the singular values of the heads, and of the logits of the certified minimum, which are unique."""
    (minimum, *_) = verify.critical_points(problem)
    assert minimum.is_global
    assert minimum.name == f"minimum, rank {rank}"
    logits = np.linalg.svd(minimum.W[0] @ minimum.H, compute_uv=False)
    assert np.sum(logits > 1e-6) == rank
