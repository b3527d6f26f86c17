"""Problems drawn ahead of their turn and solved together: the same finding as one by one."""

from __future__ import annotations

from typing import Any

import pytest

import verify
from verify import strategies as families
from verify.falsification import ahead, trials


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A search in which nothing is solved together."""

    def search(*arguments: Any, **options: Any) -> verify.Finding:
        with monkeypatch.context() as patch:
            patch.setattr(ahead, "MOST", 0)
            patch.setattr(ahead, "solved_together", None)
            return verify.falsify(*arguments, **options)

    return search


@pytest.mark.parametrize(
    ("claim", "family", "budget"),
    [
        pytest.param("nc2", families.correlated(classes=2), 40, marks=pytest.mark.slow),
        ("theorem_3_2", families.balanced(source="multi", classes=3, tasks=2), 40),
        pytest.param("nc3", families.task_balanced(classes=3, class_symmetric=True), 60, marks=pytest.mark.slow),
        ("vanishing_regularization", families.arbitrary(classes=2, tasks=2), 30),
    ],
)
def test_what_is_solved_together_leaves_the_finding(claim: Any, family: Any, budget: int, one_by_one: Any) -> None:
    together, alone = verify.falsify(claim, family, budget, seed=3), one_by_one(claim, family, budget, seed=3)
    assert str(together.counterexample) == str(alone.counterexample)
    for name in ("verdict", "tried", "uncertified", "not_applicable", "shrinking", "ended"):
        assert getattr(together, name) == getattr(alone, name), name
    assert together.first_violation == pytest.approx(alone.first_violation, nan_ok=True)
    assert together.largest_violation == pytest.approx(alone.largest_violation, rel=1e-3, abs=1e-8, nan_ok=True)


def test_problems_of_one_shape_are_solved_together(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes, original = [], ahead.solved_together
    monkeypatch.setattr(
        ahead, "solved_together", lambda problems, *a, **b: sizes.append(len(problems)) or original(problems, *a, **b)
    )
    assert verify.falsify("nc2", families.correlated(classes=2), 80).tried == 80
    assert sum(sizes) == 80 - ahead.FEWEST
    sizes.clear()
    assert verify.falsify("nc1", families.balanced(n=2, tasks=1), 6, method="gradient").tried == 6
    assert verify.falsify("nc2", families.correlated(classes=2), 30, dim=2).tried == 30
    assert not sizes


def from_the_30th() -> Any:
    """A claim that the 30th problem and all later ones violate, if they have more than 9 samples."""
    seen: set[str] = set()

    def late(problem: Any, solution: Any) -> bool:
        seen.add(str(problem))
        return len(seen) < 30 or problem.samples <= 9

    return late


def test_a_violation_in_a_batch_is_solved_and_certified_alone(monkeypatch: pytest.MonkeyPatch, one_by_one: Any) -> None:
    """Nothing that a batch found is reported, and smaller problems are looked for as if there had been none."""
    alone, original = [], trials.attempt
    monkeypatch.setattr(trials, "attempt", lambda *given: alone.append(original(*given)) or alone[-1])
    finding = verify.falsify(from_the_30th(), families.correlated(classes=2), 60, seed=1)
    assert any(trial.solution is finding.solution for trial in alone)
    assert finding.certificate in [trial.certificate for trial in alone]
    expected = one_by_one(from_the_30th(), families.correlated(classes=2), 60, seed=1)
    assert 30 <= finding.tried == expected.tried
    assert (finding.shrinking, finding.ended) == (expected.shrinking, expected.ended)
    assert str(finding.counterexample) == str(expected.counterexample)


def test_problems_drawn_ahead_keep_within_time_and_budget() -> None:
    late = verify.falsify("nc2", families.correlated(classes=2), 100_000, seconds=0.5)
    assert late.ended == "time is up"
    assert 0 < late.tried < 100_000
    calls: list[Any] = []
    finding = verify.falsify("nc2", families.correlated(classes=2), 33, progress=calls.append)
    assert [so_far.tried for so_far in calls] == list(range(1, 34))
    assert finding.tried == 33


def test_an_error_of_one_problem_comes_in_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(problem: Any) -> None:
        raise ValueError("scales")

    monkeypatch.setattr(ahead, "check_scales", refusing)
    assert verify.falsify("nc2", families.correlated(classes=2), 25).tried == 25  # each alone, whom ufm.solve takes
