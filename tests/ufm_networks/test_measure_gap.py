"""The certificate of a trained network: the same numbers as from its features, and each cause of a gap by its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from toy_data import tables, toy

import ufm
import verify
from ufm_networks.features.task_losses import task_loss
from ufm_networks.measuring import Measurement, measure_run
from ufm_networks.measuring.point import NetworkPoint
from ufm_networks.report import compare_run
from ufm_networks.report.counterpart import Part, counterpart
from ufm_networks.report.gap import measure_gap
from ufm_networks.training import Run, train
from verify._metrics.measured import CLASSIC

FEATURE_DECAY: dict[str, Any] = {"feature_decay": {"lambda_H": 2e-3, "lambda_W": 0.1, "lambda_b": 0.2}}
KINDS = ("single", "multi", "multilabel")


def measured(kind: str = "single", model: dict[str, Any] | None = None, **changes: Any) -> tuple[Run, Measurement]:
    run = train(tables(model, epochs=2, **changes), data=toy(kind))
    return run, measure_run(run, samples=12)


def features_of(run: Run) -> np.ndarray:
    """(d, N) in float64, without the code that measures."""
    pixels = torch.from_numpy(run.data.images[np.arange(len(run.data))]).float()
    with torch.no_grad():
        return run.network.features((pixels / 255 - 0.5) / 0.25).double().numpy().T


OTHER_LOSSES = [
    (kind, loss, model)
    for kind in KINDS
    for loss, model in (("binary-cross-entropy", {"bias": False}), ("squared-error", {}))
]


@pytest.mark.parametrize(
    ("kind", "loss", "model"),
    [
        *((kind, "cross-entropy", {}) for kind in KINDS),
        *(pytest.param(*of, marks=() if i in (0, 3) else pytest.mark.slow) for i, of in enumerate(OTHER_LOSSES)),
    ],
)
def test_the_objective_is_that_of_every_sample_s_feature(kind: str, loss: str, model: dict[str, Any]) -> None:
    run, found = measured(kind, model=model, loss=loss, **FEATURE_DECAY)
    assert run.problem().loss == loss
    assert run.problem().lambda_b == (None if model else 0.2)
    H: Any = features_of(run)
    labels: Any = run.data.labels
    if kind == "multi":
        own = [labels[:, t] >= 0 for t in range(2)]
        H, labels = [H[:, rows] for rows in own], [labels[rows, t] for t, rows in enumerate(own)]
    point = verify.certify(run.problem(), W=found.point.W, H=H, b=found.point.b, labels=labels)
    gaps = compare_run(found).gaps
    assert sum(gap.stages[0].objective for gap in gaps) == pytest.approx(point.objective, rel=1e-5)
    assert sum(gap.optimum.objective for gap in gaps) == pytest.approx(ufm.solve(run.problem()).objective, rel=1e-8)
    assert len(gaps) == (2 if kind == "multi" else 1)
    assert counterpart(found).exact


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("loss", ["cross-entropy", "binary-cross-entropy", "squared-error"])
def test_a_batch_s_loss_and_gradient_are_torch_s(kind: str, loss: str) -> None:
    """Against torch's own losses, whose gradients torch derives."""
    data = toy(kind)
    labels = torch.from_numpy(np.asarray(data.labels, dtype=np.int64))
    F = torch.nn.functional
    for t, K in enumerate(data.classes):
        u = torch.randn(len(labels), K, generator=torch.Generator().manual_seed(t), dtype=torch.float64)
        own = u.clone().requires_grad_()
        u.requires_grad_()
        here = torch.ones(len(labels), dtype=torch.bool) if kind == "multilabel" else labels[:, t] >= 0
        y = labels.double() if kind == "multilabel" else F.one_hot(labels[:, t].clamp_min(0), K).double()
        if loss == "cross-entropy":
            expected = (y.sum(1) * torch.logsumexp(u, 1) - (y * u).sum(1))[here].sum()
        elif loss == "binary-cross-entropy":
            expected = F.binary_cross_entropy_with_logits(u[here], y[here], reduction="sum")
        else:
            expected = 0.5 * F.mse_loss(u[here], y[here], reduction="sum")
        (3.0 * expected).backward()  # type: ignore[no-untyped-call]
        found = task_loss(loss, own, labels, t, data.kind)  # type: ignore[arg-type]
        (3.0 * found).backward()  # type: ignore[no-untyped-call]
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(own.grad, u.grad, rtol=1e-12, atol=1e-12)


def test_training_lowers_each_loss() -> None:
    for loss in ("binary-cross-entropy", "squared-error"):
        run = train(tables(epochs=6, loss=loss, **FEATURE_DECAY), data=toy())
        losses = [row["loss"] for row in run.history]
        assert losses[-1] < 0.9 * losses[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("changes", [FEATURE_DECAY, {"weight_decay": 5e-3}])
def test_stages_fall_and_the_bound_stays_below_the_optimum(kind: str, changes: dict[str, Any]) -> None:
    _, found = measured(kind, **changes)
    for gap in compare_run(found).gaps:
        samples, means, read, _ = (stage.objective for stage in gap.stages)
        rounding = 1e-6 * samples  # sums over samples are of float32 features
        assert samples >= means - rounding
        assert means >= read
        assert read >= gap.optimum.objective * (1 - 1e-12)
        assert gap.optimum.objective >= gap.lower_bound
        for stage in gap.stages:
            assert stage.excess == pytest.approx(1 - gap.optimum.objective / stage.objective, abs=1e-9)
            assert stage.relative_gap >= stage.excess - 1e-9
        assert gap.optimum.verdict == verify.certification.certificate.GLOBAL
        assert gap.network.verdict == verify.certification.certificate.NOT_OPTIMAL
        assert gap.spectral_ratio > 1
        if "weight_decay" in changes:
            assert gap.balance == pytest.approx(1)


def test_an_interrupted_solve_is_not_taken_for_the_optimum(monkeypatch: pytest.MonkeyPatch) -> None:
    _, found = measured(**FEATURE_DECAY)
    solve = ufm.solve
    stopped = {"outcome": ufm.Outcome.INTERRUPTED, "converged": False}
    monkeypatch.setattr(ufm, "solve", lambda *given, **options: replace(solve(*given, **options), **stopped))
    with pytest.raises(KeyboardInterrupt):
        compare_run(found)


def test_metrics_are_those_of_the_run() -> None:
    run, found = measured(**FEATURE_DECAY)
    for name, value in found.point.metrics.items():
        if name not in CLASSIC:  # which training does not measure
            assert value == pytest.approx(run.metrics[name], rel=1e-4, abs=1e-9), name
    assert found.point.metrics.keys() >= CLASSIC.keys()


def test_weight_decay_sets_the_lambdas_in_effect() -> None:
    run, found = measured(weight_decay=0.02)
    (part,) = counterpart(found).parts
    squared_W = sum(float(head.weight.detach().square().sum()) for head in run.network.heads)
    assert part.problem.lambda_W == part.problem.lambda_b == pytest.approx(60 * 0.02 / 2)
    expected = 0.6 * squared_W / np.sum(features_of(run) ** 2)
    assert part.problem.lambda_H == pytest.approx(expected, rel=1e-5)
    assert not counterpart(found).exact


def test_tasks_with_samples_of_their_own_have_lambdas_of_their_own() -> None:
    weights = (2.0, 0.5)
    run, found = measured("multi", weight_decay=0.02, weighting="fixed", task_weights=list(weights))
    H, labels = features_of(run), run.data.labels
    parts = counterpart(found).parts
    for t, (part, c, N) in enumerate(zip(parts, weights, (40, 20), strict=True)):
        # c (CE / N + λ_H ‖H‖² / N + λ_W ‖W‖² / N) with ½ wd ‖W‖² on the head
        assert part.problem.lambda_W == pytest.approx(N * 0.02 / 2 / c)
        squared_W, squared_H = np.sum(found.point.W[t] ** 2), np.sum(H[:, labels[:, t] >= 0] ** 2)
        assert part.problem.lambda_H * squared_H == pytest.approx(part.problem.lambda_W * squared_W, rel=1e-5)


@pytest.mark.parametrize(
    ("model", "changes", "reason"),
    [
        ({}, {"weight_decay": 0.0}, "without decay there is no λ"),
        ({}, {"weight_decay": 1e-3, "weighting": "fixed", "task_weights": [2, 1]}, "is not c\\^t λ_W"),
        ({"heads": "orthogonal_etf", "feature_dim": 5}, {"weight_decay": 1e-3}, "heads are frozen"),
        ({"heads": "orthogonal_etf", "feature_dim": 5}, {"loss": "dot_regression"}, "which no model here has"),
    ],
)
def test_without_a_model_the_reason_is_given(model: dict[str, Any], changes: dict[str, Any], reason: str) -> None:
    _, found = measured(model=model, **changes)
    of = compare_run(found)
    assert of.gaps == ()
    assert pytest.approx(1.0) == np.diag(of.heads.measured)
    assert of.heads.optimum is None
    with pytest.raises(ValueError, match=reason):
        raise ValueError(of.model.reason)


def test_what_differs_from_the_model_is_said() -> None:
    _, plain = measured(**FEATURE_DECAY)
    assert counterpart(plain).exact
    for model, changes, note in (
        ({"heads": "orthogonal_etf", "feature_dim": 5}, {}, "heads are frozen"),
        ({}, {"weighting": "uncertainty"}, "changes the task weights"),
    ):
        _, found = measured(model=model, **FEATURE_DECAY, **changes)
        assert not counterpart(found).exact
        assert any(note in text for text in counterpart(found).notes)


PROBLEM = ufm.SingleSource([[30, 10], [10, 30]], lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)


def at_optimum(dim: int = 6, problem: ufm.SingleSource = PROBLEM) -> NetworkPoint:
    """A network at the model's global minimum."""
    solution = ufm.solve(problem, dim=dim)
    W, b = [w.numpy() for w in solution.W], [v.numpy() for v in solution.b]
    H = solution.H.numpy()
    return point_at(W, b, H, np.zeros(4), problem)


def point_at(W: list[Any], b: list[Any], H: Any, spread: Any, problem: ufm.SingleSource = PROBLEM) -> NetworkPoint:
    counts = np.asarray(problem.counts)
    entropies = []
    for t in range(2):
        u = W[t] @ H + b[t][:, None]
        own = u[problem.labels[:, t], np.arange(4)]
        entropies.append(counts @ (np.log(np.exp(u).sum(axis=0)) - own))
    squares = float(counts @ ((H**2).sum(axis=0) + spread))
    return NetworkPoint(W, b, [problem.labels], [counts], [H], [spread], [np.array(entropies)], [squares], {})


PART = Part(PROBLEM, (0, 1), 0)


def test_a_network_at_the_optimum_is_certified() -> None:
    gap = measure_gap(PART, at_optimum())
    assert gap.network.verdict == verify.certification.certificate.GLOBAL
    assert max(stage.relative_gap for stage in gap.stages) < 1e-9
    assert gap.balance == pytest.approx(1)
    assert gap.theorem == "Theorem 5.1"
    assert gap.closed_form == pytest.approx(gap.stages[0].objective, rel=1e-9)
    assert gap.squares["not read"] < 1e-12
    assert gap.squares["offset"] < 1e-12


def test_the_optimum_has_an_offset_of_its_own_where_classes_are_uneven() -> None:
    """So that a report must not say it has none."""
    assert measure_gap(PART, at_optimum()).squares["offset of the optimum"] < 1e-12
    uneven = ufm.SingleSource([[60, 4], [4, 12]], lambda_H=0.05, lambda_W=0.05, lambda_b=0.05)
    squares = measure_gap(Part(uneven, (0, 1), 0), at_optimum(problem=uneven)).squares
    assert squares["offset of the optimum"] > 0.01
    assert squares["offset of the optimum"] == pytest.approx(squares["offset"], rel=1e-5)


def test_an_offset_that_no_head_reads_costs_its_penalty_and_goes_with_the_projection() -> None:
    best = at_optimum()
    rows = np.concatenate(best.W)
    unread = np.linalg.svd(rows)[2][-1]  # d = 6, the heads span 2 dimensions
    moved = point_at(best.W, best.b, best.means[0] + 3.0 * unread[:, None], np.zeros(4))
    gap = measure_gap(PART, moved)
    samples, means, read, shifted = gap.stages
    cost = PROBLEM.lambda_H * 80 * 9.0
    assert means.objective - read.objective == pytest.approx(cost, rel=1e-9)
    assert samples.objective == pytest.approx(means.objective, rel=1e-12)
    assert read.relative_gap < 1e-9
    assert shifted.relative_gap < 1e-9
    assert gap.squares["not read"] == pytest.approx(80 * 9.0 / moved.squared_features[0], rel=1e-9)
    assert gap.squares["offset"] == pytest.approx(gap.squares["not read"], rel=1e-6)
    assert gap.network.verdict == verify.certification.certificate.GLOBAL  # of what the heads read
    assert gap.balance < 1


def test_a_spread_within_labels_costs_its_penalty_and_goes_with_the_means() -> None:
    best = at_optimum()
    spread = np.array([0.5, 0.0, 1.0, 0.0])
    gap = measure_gap(PART, replace(point_at(best.W, best.b, best.means[0], spread)))
    samples, means, *_ = gap.stages
    assert samples.objective - means.objective == pytest.approx(PROBLEM.lambda_H * (PROBLEM.counts @ spread), rel=1e-9)
    assert means.relative_gap < 1e-9


def test_an_offset_that_heads_read_is_not_taken_away() -> None:
    best = at_optimum()
    seen = 0.5 * best.W[0][0] / np.linalg.norm(best.W[0][0])
    gap = measure_gap(PART, point_at(best.W, best.b, best.means[0] + seen[:, None], np.zeros(4)))
    assert gap.stages[2].relative_gap > 1e-4
    assert gap.squares["not read"] < 1e-12
    assert gap.network.verdict == verify.certification.certificate.NOT_OPTIMAL
