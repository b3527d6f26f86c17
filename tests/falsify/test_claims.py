"""Claims against theory's minimizers, where they hold, and against points built to break one claim each."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theory
import ufm
import verify
from verify import claims
from verify import strategies as families
from verify.claims.decisions import random_features
from verify.claims.regime import live_rows
from verify.reading.read import read

WEAK = {"lambda_H": 0.05, "lambda_W": 0.03, "lambda_b": 0.04}
THEOREM_3_1 = ("nc2", "nc2_angles", "nc2_norms", "nc3", "nc4", "nc4_weighted", "nc5", "nc5_everywhere", "nc5_by_task")
CLOSED = ("theorem_3_1", "theorem_3_1_any_lambda", "theorem_3_1_gram")


def at_theory(problem: Any) -> Any:
    """The closed-form minimizer as a solution: no solver in sight."""
    prediction = theory.predict(problem)
    return SimpleNamespace(
        W=prediction.W(), H=prediction.H(), b=prediction.b, labels=problem.labels, objective=prediction.objective
    )


def moved(solution: Any, **changes: Any) -> Any:
    return SimpleNamespace(**{**vars(solution), **changes})


@pytest.fixture
def balanced() -> tuple[ufm.SingleSource, Any]:
    problem = ufm.SingleSource.balanced((3, 3), 4, **WEAK)
    return problem, at_theory(problem)


@pytest.mark.parametrize("name", [*THEOREM_3_1, *CLOSED, "zero_bias", "vanishing_regularization"])
def test_theorem_3_1_holds_at_its_own_minimizer(name: str, balanced: tuple[Any, Any]) -> None:
    assert claims.find(name)(*balanced) < 1e-7


@pytest.mark.parametrize("name", ["self_duality", "nc2", "nc5", "nc5_everywhere", "theorem_3_2", "zero_bias"])
def test_theorem_3_2_holds_at_its_own_minimizer(name: str) -> None:
    problem = ufm.MultiSource.balanced((3, 4), (5, 7), **WEAK, task_weights=(1, 2))
    assert claims.find(name)(problem, at_theory(problem)) < 1e-7


@pytest.mark.parametrize("name", ["nc2", "nc4", "nc5", "theorem_5_1_cosine", "zero_bias"])
def test_theorem_5_1_holds_at_its_own_minimizer(name: str) -> None:
    problem = ufm.SingleSource.correlated(2, n_same=7, n_different=3, **WEAK)
    assert claims.find(name)(problem, at_theory(problem)) < 1e-7


def test_general_form_has_weighted_sums_only() -> None:
    problem = ufm.SingleSource.balanced((2, 4), 4, **WEAK, task_weights=(1, 3))
    assert claims.nc4_weighted(problem, at_theory(problem)) < 1e-7
    assert claims.nc4(problem, at_theory(problem)) > 0.1
    assert claims.theorem_3_1(problem, at_theory(problem)) < 1e-12


def test_reduction_mean_has_the_same_closed_forms() -> None:
    problem = ufm.SingleSource.balanced((3, 3), 4, **WEAK, reduction="mean")
    scaled = ufm.SingleSource.balanced((3, 3), 4, **{k: v / 36 for k, v in WEAK.items()}, reduction="mean")
    for case in (problem, scaled):
        assert claims.theorem_3_1(case, at_theory(case)) < 1e-12
    two = ufm.SingleSource.correlated(
        2, n_same=7, n_different=3, lambda_H=1e-3, lambda_W=1e-3, lambda_b=1e-3, reduction="mean"
    )
    assert claims.theorem_5_1_cosine(two, at_theory(two)) < 1e-9


def test_a_rotated_head_breaks_orthogonality_and_nothing_of_nc2(balanced: tuple[Any, Any]) -> None:
    problem, point = balanced
    W = [point.W[0], point.W[0].copy()]
    assert claims.nc3(problem, moved(point, W=W)) > 0.99
    assert claims.nc2(problem, moved(point, W=W)) < 1e-9


def test_a_longer_row_breaks_norms_only(balanced: tuple[Any, Any]) -> None:
    problem, point = balanced
    W = [point.W[0] * np.array([[1.2], [1.0], [1.0]]), point.W[1]]
    assert claims.nc2_norms(problem, moved(point, W=W)) == pytest.approx(0.2 / (3.2 / 3))
    assert claims.nc2_angles(problem, moved(point, W=W)) < 1e-9
    assert claims.nc2(problem, moved(point, W=W)) == claims.nc2_norms(problem, moved(point, W=W))


def test_a_turned_feature_breaks_nc4_by_its_angle(balanced: tuple[Any, Any]) -> None:
    problem, point = balanced
    H = point.H.copy()
    turn = np.array([[math.cos(0.3), -math.sin(0.3)], [math.sin(0.3), math.cos(0.3)]])
    H[:2] = turn @ H[:2]
    turned = claims.nc4(problem, moved(point, H=H))
    assert turned > verify.metrics(problem, W=point.W, H=H)["SNC4"] > 0.01
    assert turned <= 2 * math.sin(0.15) + 1e-9


@pytest.mark.parametrize("name", ["nc5", "nc5_everywhere", "nc5_by_task"])
def test_exchanged_heads_break_decisions(name: str, balanced: tuple[Any, Any]) -> None:
    problem, point = balanced
    W = [point.W[0][[1, 2, 0]], point.W[1]]
    assert claims.find(name)(problem, moved(point, W=W)) > 0.5


def test_a_bias_breaks_zero_bias(balanced: tuple[Any, Any]) -> None:
    problem, point = balanced
    largest = max(float(np.abs(w @ point.H).max()) for w in point.W)
    b = [np.array([0.5, 0.0, 0.0]), np.zeros(3)]
    assert claims.zero_bias(problem, moved(point, b=b)) == pytest.approx(0.5 / largest)


def test_nc1_measures_scatter_where_samples_are_free() -> None:
    problem = ufm.SingleSource.balanced((3,), 2, **WEAK)
    point = at_theory(problem)
    H = np.repeat(point.H, 2, axis=1)
    free = moved(point, H=H, labels=np.repeat(problem.labels, 2, axis=0))
    assert claims.nc1(problem, free) == 0
    H[:, 0] *= 1.02
    assert 0.005 < claims.nc1(problem, moved(free, H=H)) < 0.02
    assert math.isnan(claims.nc1(problem, point))


def test_a_missing_dimension_is_seen_by_its_singular_value() -> None:
    problem = ufm.SingleSource.balanced((3, 3), 4, **WEAK)
    assert claims.smaller_dim(problem, at_theory(problem)) == pytest.approx(1.0)
    past = ufm.SingleSource.balanced((3, 3), 1, lambda_H=2.0, lambda_W=0.3, lambda_b=1.0, task_weights=(2, 0.5))
    assert claims.smaller_dim(past, at_theory(past)) < 1e-12


def test_zero_heads_leave_nothing_to_claim() -> None:
    problem = ufm.SingleSource.balanced((3, 3), 1, lambda_H=4.0, lambda_W=4.0, lambda_b=1.0)
    point = ufm.solve(problem)
    for name in ("nc2", "nc3", "nc4", "nc5", "nc5_everywhere", "theorem_3_1_gram", "smaller_dim", "zero_bias"):
        assert math.isnan(claims.find(name)(problem, point)), name
    assert claims.theorem_3_1(problem, point) < 1e-9


def test_claims_say_nothing_of_other_models() -> None:
    several = ufm.MultiSource.balanced((2, 3), 4, **WEAK)
    for name in ("nc3", "nc4", "theorem_3_1", "theorem_5_1_cosine", "smaller_dim", "tag_wise_sum"):
        assert math.isnan(claims.find(name)(several, at_theory(several))), name
    labels = ufm.MultiLabel.balanced(3, {1: 4, 2: 2}, **WEAK)
    point = ufm.solve(labels)
    for name in ("nc3", "nc4", "nc5", "self_duality", "theorem_3_1", "theorem_3_2", "vanishing_regularization"):
        assert math.isnan(claims.find(name)(labels, point)), name
    assert claims.tag_wise_sum(labels, point) < 1e-6
    assert claims.nc2(labels, point) < 1e-6


def test_tag_wise_sum_breaks_with_a_scale_of_its_own() -> None:
    labels = ufm.MultiLabel.balanced(3, {1: 4, 2: 2}, **WEAK)
    solution = ufm.solve(labels)
    H = solution.H.numpy().copy()
    H[:, -1] *= 1.3
    point = SimpleNamespace(W=solution.W, H=H, b=solution.b, labels=labels.labels)
    assert 0.1 < claims.tag_wise_sum(labels, point) < 0.3


@pytest.mark.parametrize(
    "counts", [[[3, 1], [1, 3]], [[1, 1, 2], [2, 1, 1], [1, 2, 1]], [[4, 1, 1], [1, 3, 2], [1, 2, 3]]]
)
def test_limit_has_no_witness_where_the_polar_factor_has_the_signs(counts: Any) -> None:
    problem = ufm.SingleSource(counts, **WEAK)
    assert _signs_hold(problem)
    assert claims.vanishing_regularization(problem, None) == 0


@pytest.mark.parametrize("counts", [[[92, 1, 170], [1, 260, 2], [170, 2, 91]], [[1, 15, 14], [28, 1, 1], [1, 14, 15]]])
def test_limit_has_a_witness_where_the_signs_fail(counts: Any) -> None:
    """And certified minima move that way: logits at two small λ's differ by a better direction than the labels."""
    problem = ufm.SingleSource(counts, **WEAK)
    assert not _signs_hold(problem)
    assert claims.vanishing_regularization(problem, None) > 1e-3
    first, second = (_certified_logits(counts, 2.0**-e) for e in (32, 40))
    labels = np.concatenate([np.eye(3)[:, problem.labels[:, t]] - 1 / 3 for t in range(2)])
    assert _nu(problem, second - first) < _nu(problem, labels) * (1 - 1e-4)


@given(st.one_of(families.task_balanced(classes=range(2, 5)), families.arbitrary(), families.long_tailed()))
@settings(max_examples=60, database=None, derandomize=True)
def test_limit_has_a_witness_exactly_where_theory_says_it_fails(problem: ufm.SingleSource) -> None:
    """Theory reads signs of a subgradient; the witness is a matrix of smaller norm."""
    verdict = theory.vanishing_regularization(problem).verdict
    if verdict != "unproven":
        assert (claims.vanishing_regularization(problem, None) > 1e-9) == (verdict == "fails")


def _signs_hold(problem: ufm.SingleSource) -> bool:
    """Entries of the polar factor of Ẑ diag(√n), by eigenvectors: positive at labels, negative at other classes."""
    onehot = np.concatenate([np.eye(k)[:, problem.labels[:, t]] for t, k in enumerate(problem.classes)])
    K = np.repeat(problem.classes, problem.classes)[:, None]
    Z = (onehot - 1 / K) * np.sqrt(problem.counts)
    values, vectors = np.linalg.eigh(Z @ Z.T)
    kept = values > 1e-9 * values.max()
    polar = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T @ Z
    return bool(np.all(np.where(onehot > 0, polar, -polar) > 1e-9))


def _nu(problem: ufm.SingleSource, Z: np.ndarray) -> float:
    margins = []
    for column, label in zip(Z.T, problem.labels, strict=True):
        for t, k in enumerate(label):
            block = column[3 * t : 3 * t + 3]
            margins.append(block[k] - np.delete(block, k).max())
    return float(np.linalg.svd(Z * np.sqrt(problem.counts), compute_uv=False).sum() / min(margins))


def _certified_logits(counts: Any, value: float) -> np.ndarray:
    problem = ufm.SingleSource(counts, lambda_H=value, lambda_W=value, lambda_b=value)
    solution = ufm.solve(problem)
    assert verify.certify(problem, solution, tolerance=1e-12).verdict == "global minimum"
    return np.concatenate([(w @ solution.H).numpy() for w in solution.W])


def test_a_claim_of_ones_own_is_stated_by_its_docstring() -> None:
    def mine(problem: Any, solution: Any) -> bool:
        """Every problem has a sample."""
        return bool(problem.samples > 0)

    claim = claims.as_claim(mine)
    assert (claim.name, claim.statement) == ("mine", "Every problem has a sample.")
    problem = ufm.SingleSource.balanced((2,), 1, **WEAK)
    assert claim(problem, None) == 0.0
    assert claims.as_claim(lambda problem, solution: np.bool_(False))(problem, None) == 1.0


@pytest.mark.parametrize("value", [-1.0, "no", None, 1j, [0.0]])
def test_a_measure_that_is_no_violation_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="'<lambda>'"):
        claims.as_claim(lambda problem, solution: value)(None, None)


@pytest.mark.parametrize("value", [3, None, lambda problem: 0.0, dict])
def test_what_is_no_claim_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="claim must"):
        claims.as_claim(value)


def test_unknown_claim_names_the_nearest() -> None:
    with pytest.raises(ValueError, match="did you mean 'nc5_everywhere'"):
        claims.find("nc5_everywere")
    with pytest.raises(ValueError, match="nc4"):
        claims.find("zzz")


@pytest.mark.parametrize("what", ["features", "a head", "every head"])
def test_self_duality_asks_no_direction_of_what_is_zero(what: str) -> None:
    problem = ufm.MultiSource.balanced((3, 4), (5, 7), **WEAK)
    point = at_theory(problem)
    H, W = [np.array(h) for h in point.H], [np.array(w) for w in point.W]
    if what == "features":
        H = [0.0 * h for h in H]
    elif what == "a head":
        W[1][2] = 0.0
    else:
        W[1][:] = 0.0
    assert math.isnan(claims.find("self_duality")(problem, moved(point, W=W, H=H)))


def test_heads_of_rounding_beside_a_live_one_are_zero() -> None:
    """Rows as short as 1e-10 of the longest are what a solver leaves of zero, however short the shortest is."""
    problem = ufm.SingleSource.balanced((3, 2), 4, **WEAK)
    point = at_theory(problem)
    W = [np.array(point.W[0]), 1e-10 * np.array(point.W[1])]
    (part,) = read(problem, moved(point, W=W)).samples
    assert live_rows(part).tolist() == [True] * 3 + [False] * 2


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
def test_random_features_are_as_long_as_the_features_within_their_span(scale: float) -> None:
    """Root mean square lengths over 1000 draws within 10 %, and they turn with the features."""
    problem = ufm.SingleSource.balanced((3, 3), 4, **WEAK)
    rng = np.random.default_rng(0)
    H, W = scale * rng.standard_normal((12, 2)) @ rng.standard_normal((2, 9)), [rng.standard_normal((3, 12))] * 2
    Q = np.linalg.qr(rng.standard_normal((12, 12)))[0]
    (part,), (turned,) = (read(problem, W=W, H=h).samples for h in (H, Q @ H))
    h = random_features(part)
    lengths = [float(np.sqrt(np.mean(np.sum(v * v, axis=0)))) for v in (h, H)]
    assert lengths[0] == pytest.approx(lengths[1], rel=0.1)
    assert np.linalg.matrix_rank(np.hstack([h, H]), tol=1e-9 * lengths[1]) == 2
    np.testing.assert_allclose(random_features(turned), Q @ h, atol=1e-9 * lengths[1])


@pytest.mark.parametrize("name", ["theorem_3_1", "theorem_3_1_any_lambda", "theorem_3_1_gram"])
def test_theorem_3_1_is_not_about_other_problems(name: str) -> None:
    multi = ufm.MultiSource.balanced((3, 4), (5, 7), **WEAK)
    sets = ufm.MultiLabel.balanced(4, {1: 3, 2: 2}, **WEAK)
    for problem in (multi, sets):
        assert math.isnan(claims.find(name)(problem, at_theory(problem)))


@pytest.mark.parametrize(("task", "share"), [(0, 2 / 3), (1, 1 / 2)])
def test_one_task_that_decides_wrongly_is_the_worst(task: int, share: float) -> None:
    """Two classes of its heads exchanged: their samples are decided differently, the other task's are not."""
    problem = ufm.MultiSource.balanced((3, 4), (15, 28), **WEAK)
    point = at_theory(problem)
    W = [np.array(w) for w in point.W]
    W[task][[0, 1]] = W[task][[1, 0]]
    assert claims.find("nc5")(problem, moved(point, W=W)) == pytest.approx(share)


FREE = {"lambda_H": 0.05, "lambda_W": 0.03, "lambda_b": 0.0}
NONE = {"lambda_H": 0.05, "lambda_W": 0.03, "lambda_b": None}


@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared-error"])
def test_balanced_tasks_have_the_paper_s_geometry_under_every_loss_with_a_free_bias(loss: str) -> None:
    problem = ufm.SingleSource.balanced((3, 3), 4, **FREE, loss=loss)
    point = ufm.solve(problem)
    for name in ("nc2", "nc2_angles", "nc2_norms", "nc3", "nc4", "nc4_weighted", "nc5", "nc5_everywhere"):
        assert claims.find(name)(problem, point) < 1e-5, name


def test_squared_error_without_bias_has_orthogonal_rows_and_no_simplex() -> None:
    """W Wᵀ = √(λ_H/λ_W) (√n − τ) I."""
    problem = ufm.SingleSource.balanced((4,), 10, **NONE, loss="squared-error")
    point = ufm.solve(problem)
    assert claims.orthogonal_rows(problem, point) < 1e-7
    assert claims.nc2_angles(problem, point) == pytest.approx(1 / 3, abs=1e-7)
    softmax = ufm.SingleSource.balanced((4,), 10, **NONE)
    assert claims.orthogonal_rows(softmax, ufm.solve(softmax)) == pytest.approx(1 / 3, abs=1e-7)


@pytest.mark.parametrize("shared", [WEAK, FREE, NONE])
@pytest.mark.parametrize("loss", ["binary-cross-entropy", "squared-error"])
def test_closed_forms_of_the_paper_are_not_about_other_losses(loss: str, shared: dict[str, Any]) -> None:
    for problem in (
        ufm.SingleSource.balanced((2, 2), 4, **shared, loss=loss),
        ufm.MultiSource([[3, 3]], **shared, loss=loss),
    ):
        point = ufm.solve(problem)
        for name in (*CLOSED, "theorem_3_2", "theorem_5_1_cosine", "vanishing_regularization"):
            assert math.isnan(claims.find(name)(problem, point)), name


def test_closed_form_is_about_what_theory_covers() -> None:
    for shared in (WEAK, FREE, NONE):
        problem = ufm.SingleSource.balanced((3,), 4, **shared, loss="binary-cross-entropy")
        assert claims.closed_form(problem, ufm.solve(problem)) < 1e-9
    other = ufm.SingleSource([[5, 1], [2, 9]], **WEAK)
    point = ufm.solve(other)
    assert math.isnan(claims.closed_form(other, point))
    longer = moved(point, W=[1.01 * w for w in point.W])
    balanced = ufm.SingleSource.balanced((2, 2), 4, **WEAK)
    assert claims.closed_form(balanced, longer) > 1e-3


def test_claims_on_classes_say_nothing_of_targets() -> None:
    soft = ufm.SingleSource.from_probabilities([[[0.9, 0.1], [0.2, 0.8], [0.5, 0.5]]], **WEAK)
    real = ufm.Regression([[1.0, 0.0], [0.5, -1.0], [2.0, 3.0]], **WEAK)
    for problem in (soft, real):
        point = ufm.solve(problem)
        about_bias = {"zero_bias", "closed_form"}
        for name in claims.LIBRARY.keys() - about_bias:
            assert math.isnan(claims.find(name)(problem, point)), name
        assert claims.zero_bias(problem, point) >= 0


def test_claims_are_about_labels_that_are_there() -> None:
    labels = [[a, b] for a in range(2) for b in range(2)] * 3 + [[0, -1], [1, -1], [-1, 0], [-1, 1]]
    problem = ufm.SingleSource.from_labels(labels, missing=-1, **WEAK)
    point = ufm.solve(problem)
    for name in ("nc2", "nc3", "nc4", "nc5", "nc5_by_task", "self_duality"):
        assert claims.find(name)(problem, point) < 10, name
    assert claims.nc3(problem, point) < 1e-6
    for name in (*CLOSED, "theorem_5_1_cosine", "vanishing_regularization"):
        assert math.isnan(claims.find(name)(problem, point)), name


def test_live_rows_are_told_by_the_loss_at_zero() -> None:
    for loss in ("binary-cross-entropy", "squared-error"):
        weak = ufm.SingleSource.balanced((3,), 4, **NONE, loss=loss)
        assert live_rows(read(weak, ufm.solve(weak)).samples[0]).all()
        strong = ufm.SingleSource.balanced((3,), 4, lambda_H=50, lambda_W=50, lambda_b=None, loss=loss)
        assert not live_rows(read(strong, ufm.solve(strong)).samples[0]).any()
