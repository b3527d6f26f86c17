"""The search finds what is false, keeps what is true, counts honestly, and refuses bad input."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import forked
import numpy as np
import pytest
from hypothesis import strategies as st

import theory
import ufm
import verify
from verify import claims
from verify import strategies as families

WEAK = {"lambda_H": 1 / 16, "lambda_W": 1 / 16, "lambda_b": 1 / 16}


def assert_certified(finding: verify.Finding, most_samples: int) -> ufm.SingleSource:
    """A counterexample that another random start, at another tolerance, certifies and measures alike."""
    problem = finding.counterexample
    assert problem is not None, finding
    assert finding.verdict == "counterexample"
    assert finding.violation > finding.margin
    assert finding.certificate is not None
    assert finding.certificate.verdict == "global minimum"
    assert finding.certificate.relative_gap <= 1e-12
    again = ufm.solve(problem, seed=77, dim=sum(problem.classes))  # rotated, and wider than need be
    assert verify.certify(problem, again, tolerance=1e-12).verdict == "global minimum"
    assert finding.claim(problem, again) == pytest.approx(finding.violation, rel=1e-3, abs=1e-9)
    assert problem.samples <= most_samples, finding
    return problem


def test_nc4_fails_for_task_balanced_counts_from_three_classes_on() -> None:
    problem = assert_certified(verify.falsify(claims.nc4, families.task_balanced(classes=3)), 12)
    table = problem.count_tensor()
    assert len({*table.sum(axis=0).tolist(), *table.sum(axis=1).tolist()}) == 1
    binary = verify.falsify(claims.nc4, families.task_balanced(classes=2, background=(1, 9)), 10)
    assert binary.verdict == "no counterexample found"


def test_nc2_fails_for_task_balanced_counts_without_class_symmetry() -> None:
    problem = assert_certified(verify.falsify(claims.nc2, families.task_balanced(classes=3), 60), 24)
    assert len(set(np.diag(problem.count_tensor()).tolist())) > 1 or not _circulant(problem.count_tensor())
    symmetric = verify.falsify(claims.nc2, families.task_balanced(classes=3, class_symmetric=True), 10)
    assert symmetric.verdict == "no counterexample found"


def _circulant(table: np.ndarray) -> bool:
    return bool(np.array_equal(np.roll(table, (1, 1), axis=(0, 1)), table))


def test_theorem_5_1_property_5_fails_for_a_general_feature() -> None:
    family = families.correlated(classes=2)
    problem = assert_certified(verify.falsify(claims.nc5_everywhere, family), 12)
    assert theory.predict(problem).theorem == "Theorem 5.1"
    assert theory.predict(problem).within_theorem
    assert verify.falsify(claims.nc5, family, 10).verdict == "no counterexample found"
    assert verify.falsify(claims.theorem_5_1_cosine, family, 10).verdict == "no counterexample found"


def test_vanishing_regularization_fails_where_the_signs_do() -> None:
    finding = verify.falsify(claims.vanishing_regularization, families.task_balanced(classes=3), 20)
    problem = assert_certified(finding, 80)
    assert theory.vanishing_regularization(problem).verdict == "fails"
    one_task = verify.falsify(claims.vanishing_regularization, families.long_tailed(tasks=1), 10)
    assert one_task.verdict == "no counterexample found"


@pytest.mark.parametrize(
    ("claim", "family"),
    [
        pytest.param("theorem_3_1", families.task_balanced(), id="label balance, the minimum"),
        pytest.param("nc3", families.task_balanced(), id="label balance, orthogonality"),
        pytest.param("smaller_dim", families.balanced(), id="d ≥ Σ K_t − T"),
        pytest.param("nc4", families.balanced(classes=range(2, 4), tasks=2), id="K_t = K"),
        pytest.param("nc4", families.balanced(classes=2, tasks=2, task_weights=(0.25, 4)), id="c^t = 1"),
        pytest.param("theorem_3_1_any_lambda", families.balanced(), id="λ_H λ_W < N/(4K)"),
    ],
)
def test_theorem_3_1_fails_without_one_hypothesis(claim: str, family: Any) -> None:
    assert_certified(verify.falsify(claim, family, 80), 12)


@pytest.mark.parametrize("claim", ["nc2", "nc3", "nc4", "nc5", "nc5_by_task", "theorem_3_1", "theorem_3_1_gram"])
def test_theorem_3_1_survives_pairwise_uniformity(claim: str) -> None:
    finding = verify.falsify(claim, families.pairwise_uniform(), 8)
    assert finding.verdict == "no counterexample found", finding
    assert finding.largest_violation <= finding.margin / 100
    assert finding.uncertified <= 1


def test_nearest_tuple_centre_needs_every_tuple() -> None:
    """Decisions of an orthogonal array's heads may name a tuple that does not occur and has no centre."""
    problem = assert_certified(verify.falsify(claims.nc5_everywhere, families.pairwise_uniform()), 8)
    assert len(problem.counts) < math.prod(problem.classes)


@pytest.mark.parametrize(
    ("claim", "family"),
    [
        ("nc4_weighted", families.balanced(tasks=2, task_weights=(0.25, 4))),
        ("theorem_3_2", families.balanced(source="multi")),
        ("self_duality", families.balanced(source="multi")),
        ("tag_wise_sum", families.multi_label()),
        ("nc5_everywhere", families.balanced()),
    ],
)
@pytest.mark.parametrize("budget", [8, pytest.param(100, marks=pytest.mark.slow)])
def test_theorems_survive_under_their_own_hypotheses(claim: str, family: Any, budget: int) -> None:
    finding = verify.falsify(claim, family, budget)
    assert finding.verdict == "no counterexample found", finding


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("claim", "family", "most"),
    [
        ("nc4", families.task_balanced(classes=range(3, 5)), 20),
        ("nc2", families.task_balanced(classes=3), 30),
        ("nc5_everywhere", families.correlated(classes=2), 12),
        ("vanishing_regularization", families.task_balanced(classes=3), 80),
        ("theorem_3_1", families.arbitrary(tasks=2), 6),
        ("nc4", families.balanced(classes=range(2, 5), tasks=(2, 3)), 30),
        ("theorem_3_1_any_lambda", families.balanced(), 12),
    ],
)
def test_every_seed_finds_a_small_counterexample(claim: str, family: Any, most: int, seed: int) -> None:
    assert_certified(verify.falsify(claim, family, 400, seed=seed), most)


@pytest.mark.slow
@pytest.mark.parametrize("claim", ["nc2", "nc3", "nc4", "nc5", "nc5_by_task", "theorem_3_1", "theorem_3_1_gram"])
def test_pairwise_uniformity_survives_a_long_search(claim: str) -> None:
    assert verify.falsify(claim, families.pairwise_uniform(classes=range(2, 6)), 1000).counterexample is None


def test_same_seed_same_finding() -> None:
    one, two = (verify.falsify("nc2", families.task_balanced(classes=3), 8, seed=4) for _ in range(2))
    assert str(one) == str(two)
    assert one.tried > 1


def test_budget_counts_distinct_problems_solved() -> None:
    seen: list[Any] = []

    def never(problem: Any, solution: Any) -> float:
        seen.append(problem)
        return 0.0

    finding = verify.falsify(never, families.balanced(classes=(2, 3), n=(1, 9)), 25)
    assert finding.tried == len(seen) == 25
    assert finding.ended == "budget spent"
    few = verify.falsify(never, families.balanced(classes=2, tasks=1, n=(1, 3), lambdas=1.0), 25)
    assert few.tried == 3
    assert few.ended == "family exhausted"
    assert few.largest_violation == 0.0


def test_shrinking_is_within_the_budget_and_ends_smaller() -> None:
    def many(problem: Any, solution: Any) -> bool:
        return bool(problem.samples < 30)

    finding = verify.falsify(many, families.balanced(n=(1, 99)), 15)
    assert finding.first_counterexample is not None
    assert finding.counterexample is not None
    assert finding.shrinking <= 15
    assert 30 <= finding.counterexample.samples <= finding.first_counterexample.samples


def test_a_claim_that_never_applies_is_reported_as_untested() -> None:
    finding = verify.falsify(claims.nc1, families.balanced(), 10)
    assert finding.verdict == "never applicable"
    assert finding.not_applicable == finding.tried == 10
    assert "not tested" in str(finding)
    free = verify.falsify(claims.nc1, families.balanced(n=2, tasks=1), 5, method="gradient")
    assert free.verdict == "no counterexample found"
    assert free.uncertified == 0


def test_zeros_are_not_taken_for_samples_that_do_not_collapse() -> None:
    """Past every threshold free features end as rounding about zero, each with a direction of its own."""
    zero = families.balanced(classes=2, n=(2, 3), tasks=1, lambdas=(2.0, 8.0))
    assert verify.falsify(claims.nc1, zero, 5, method="gradient").verdict == "never applicable"
    both = families.balanced(n=(2, 3), tasks=1, lambdas=(0.0625, 8.0))
    finding = verify.falsify(claims.nc1, both, 8, method="gradient")
    assert finding.verdict == "no counterexample found", str(finding)
    assert 0 < finding.not_applicable < finding.tried


def test_uncertified_problems_are_counted_and_never_used() -> None:
    finding = verify.falsify(
        lambda problem, solution: False, families.balanced(classes=3, tasks=2, lambdas=1 / 16), 10, dim=2
    )
    assert finding.verdict == "nothing certified"
    assert finding.uncertified == finding.tried == 10


def test_a_violation_that_the_gap_does_not_pin_is_not_believed() -> None:
    tiny = claims.Claim("tiny", "a deviation of 1e-7", "here", lambda at: 1e-7, margin=1e-9)
    finding = verify.falsify(tiny, families.balanced(), 5)
    assert finding.verdict == "nothing certified"
    exact = claims.Claim("tiny", "…", "here", tiny.measure, margin=1e-9, resolution=lambda violation: math.inf)
    assert verify.falsify(exact, families.balanced(), 5).verdict == "counterexample"


def test_no_counterexample_says_it_is_no_proof() -> None:
    text = str(verify.falsify("nc3", families.balanced(tasks=2), 5))
    assert "no proof" in text
    assert "5 in the search" in text


def test_margin_decides() -> None:
    family = families.task_balanced(classes=3, n=1, lambdas=1 / 16)
    assert verify.falsify("nc4", family, 5, margin=0.5).counterexample is None
    assert verify.falsify("nc4", family, 5, margin=0.05).counterexample is not None


@pytest.mark.parametrize("after", [1, 9])
def test_an_interrupt_keeps_what_was_found(after: int) -> None:
    calls = []

    def interrupted(so_far: verify.Finding) -> None:
        calls.append(so_far)
        if len(calls) == after:
            raise KeyboardInterrupt

    finding = verify.falsify("nc2", families.task_balanced(classes=3), seed=4, progress=interrupted)
    assert finding.ended == "interrupted"
    assert len(calls) == after == finding.tried + finding.shrinking
    assert (finding.counterexample is None) == (calls[-1].counterexample is None)
    assert str(finding)


def test_an_interrupt_that_the_solver_notices_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    from ufm.solvers.newton import trust_region

    original, calls = trust_region.state_at, []

    def interrupting(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > 30:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(trust_region, "state_at", interrupting)
    finding = verify.falsify("nc3", families.balanced(tasks=2))
    assert finding.ended == "interrupted"
    assert finding.tried < 10


def test_time_is_a_limit() -> None:
    finding = verify.falsify("nc3", families.balanced(tasks=2), 100_000, seconds=0.3)
    assert finding.ended == "time is up"
    assert 0 < finding.tried < 100_000


def test_a_claim_that_raises_is_named_with_its_problem_and_nothing_is_lost() -> None:
    violating: list[Any] = []

    def fragile(problem: Any, solution: Any) -> float:
        if violating and problem.samples < 20:
            raise ZeroDivisionError("of mine")
        violating.extend([problem] if problem.samples >= 20 else [])
        return float(problem.samples >= 20)

    with pytest.raises(verify.ClaimError, match=r"'fragile' raised ZeroDivisionError.*ufm.SingleSource\(\[") as raised:
        verify.falsify(fragile, st.integers(1, 9).map(_balanced))
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert raised.value.problem.samples < 20
    assert raised.value.finding.counterexample is violating[-1]
    assert raised.value.finding.ended == "claim raised"


def _balanced(n: int) -> ufm.SingleSource:
    return ufm.SingleSource.balanced((2, 2), n, **WEAK)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((claims.nc4, st.nothing()), "no example"),
        ((claims.nc4, st.integers()), "problems must draw ufm problems.*0"),
        ((claims.nc4, [1, 2]), "problems must be a Hypothesis strategy"),
        ((claims.nc4, families.balanced), "call it"),
        ((claims.nc4, "task-balansed"), "did you mean 'task-balanced'"),
        (("nc44", "balanced"), "did you mean 'nc4'"),
        ((3, "balanced"), "claim must"),
        ((claims.nc4, "balanced", 0), "budget"),
        ((claims.nc4, "balanced", 2.5), "budget"),
    ],
)
def test_bad_input_is_refused_by_name(arguments: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        verify.falsify(*arguments)


@pytest.mark.parametrize(
    "options",
    [{"margin": -1}, {"margin": "a"}, {"seed": -1}, {"dim": 0}, {"seconds": 0}, {"tolerance": 0}, {"method": "magic"}],
)
def test_bad_options_are_refused_by_name(options: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match=next(iter(options))):
        verify.falsify(claims.nc4, families.balanced(), 5, **options)


def test_nothing_is_written_where_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is Hypothesis left with another folder than it had."""
    program = """
import verify
from hypothesis import configuration
print(verify.falsify("nc3", "pairwise-uniform", 10).tried)
print(configuration.storage_directory("examples", intent_to_write=False).path)
"""
    monkeypatch.delenv("HYPOTHESIS_STORAGE_DIRECTORY", raising=False)
    assert forked.run(program, cwd=tmp_path).split() == ["10", str(tmp_path / ".hypothesis" / "examples")]
    assert not list(tmp_path.iterdir())


def test_a_strategy_of_ones_own_that_raises_is_not_hidden() -> None:
    def broken(n: int) -> ufm.SingleSource:
        raise LookupError("my own")

    with pytest.raises(LookupError, match="my own"):
        verify.falsify(claims.nc4, st.integers(1, 3).map(broken), 5)
