"""Latent features of half-blanked images, correlated heads, and features in the plane."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from toy_data import tables, toy

import theory
from ufm_networks.datasets import ArrayImages, build_data
from ufm_networks.datasets.pairs import can_be_halved
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.experiments.measured_names import measured_names
from ufm_networks.features.half_images import HalfImages, half_images
from ufm_networks.features.latent_metrics import COLUMNS, latent_metrics
from ufm_networks.features.network_features import NetworkFeatures
from ufm_networks.measuring import measure_run
from ufm_networks.measuring.embedding import embedding, principal_components
from ufm_networks.report import compare_run
from ufm_networks.report.correlation_figure import families
from ufm_networks.report.latent import latent
from ufm_networks.training import train
from ufm_networks.training.config import read_config
from ufm_networks.training.run import build_network

CPU = torch.device("cpu")


def pairs(**data: Any) -> TaskData:
    table = {"source": "digits", "compose": "multi", "p": 3, "q": 2, "samples": 60, "test": False}
    return build_data(table | data)[0]


def simplex(K: int, start: int, dim: int = 8) -> np.ndarray:
    rows = np.zeros((K, dim))
    rows[:, start : start + K] = np.sqrt(K / (K - 1)) * (np.eye(K) - 1 / K)
    return rows


def collapsed(offset: float = 0.0) -> tuple[HalfImages, list[np.ndarray]]:
    """Latent features as the paper finds them, in d = 8, and heads along them."""
    left, right = simplex(3, 0), simplex(2, 4)
    labels = np.stack(np.unravel_index(np.arange(6), (3, 2)), axis=1)
    means = 2 * left + offset, 2 * right + offset
    sums = left[labels[:, 0]] + right[labels[:, 1]] + offset
    zeros, ones = tuple(np.zeros(k) for k in (3, 2)), tuple(np.full(k, 10.0) for k in (3, 2))
    return HalfImages(means, zeros, ones, labels, sums, np.full(6, 5.0)), [0.1 * left, 5 * right]


@pytest.mark.parametrize("offset", [0.0, 7.0])
def test_collapsed_latent_features_have_zero_metrics_whatever_their_offset(offset: float) -> None:
    of = latent(*collapsed(offset))
    measured = of.metrics
    for values in (measured.variability, measured.angles, measured.norms, measured.self_duality, measured.sums):
        assert max(values) < 1e-12
    assert of.cosines == pytest.approx(of.simplex, abs=1e-12)


def test_each_latent_metric_sees_its_own_departure() -> None:
    halves, W = collapsed()
    whole = latent_metrics(halves, W)
    spread = latent_metrics(replace(halves, spread=(np.full(3, 0.4), np.zeros(2))), W)
    assert spread.variability == pytest.approx((0.4 / 4.0, 0.0))
    assert spread.angles == whole.angles
    turned = latent_metrics(halves, [W[0][::-1], W[1]])
    assert turned.self_duality[0] > 0.5
    assert turned.self_duality[1] == pytest.approx(0)
    swapped = latent_metrics(replace(halves, pair_means=halves.pair_means[::-1]), W)
    assert swapped.sums[0] > 0.5
    unequal = latent_metrics(replace(halves, means=(halves.means[0] * [[1], [2], [1]], halves.means[1])), W)
    assert unequal.norms[0] > 0.05
    assert unequal.angles[0] > 0.01


def test_a_run_s_latent_metrics_are_those_measured_of_it() -> None:
    """At its last epoch; a run without them is the same run."""
    changes = {"epochs": 2, "learning_rate": 0.01}
    data = pairs(balanced=True)
    run = train(tables(**changes, latent_metrics=True), data=data)
    assert all(name in row for row in run.history for name in COLUMNS)
    of = latent_metrics(half_images(run.network, data, CPU), [w.double().numpy() for w in run.network.head_arrays()[0]])
    assert of.averages() == {name: run.history[-1][name] for name in COLUMNS}
    assert of.averages()["latent_NC3"] == pytest.approx(sum(of.self_duality) / 2)
    plain = train(tables(**changes), data=data)
    assert [row["loss"] for row in plain.history] == [row["loss"] for row in run.history]
    assert not any(name in row for row in plain.history for name in COLUMNS)
    assert set(run.history[-1]) == set(measured_names(run.config, data, None))


def test_latent_metrics_need_pairs() -> None:
    with pytest.raises(ValueError, match="latent_metrics=true: toy single are not pairs of images with a task each"):
        train(tables(latent_metrics=True), data=toy())
    with pytest.raises(ValueError, match="latent_metrics must be true, false, got 1"):
        read_config(tables(latent_metrics=1))


def test_class_means_are_those_of_images_with_one_side_blank() -> None:
    data = pairs()
    network = build_network(read_config(tables()), data)
    found = half_images(network, data, CPU)
    pixels = torch.from_numpy(data.images[np.arange(len(data))]).float()
    h = pixels.shape[2] // 2
    network.eval()
    for t, (keep, mean) in enumerate(zip((np.s_[:, :, :h, :h], np.s_[:, :, h:, h:]), found.means, strict=True)):
        blanked = torch.zeros_like(pixels)
        blanked[keep] = pixels[keep]
        with torch.no_grad():
            H = network.features((blanked / 255 - data.mean[0]) / data.std[0]).numpy()
        for k in range(data.classes[t]):
            assert mean[k] == pytest.approx(H[data.labels[:, t] == k].mean(axis=0), rel=1e-4, abs=1e-5)
    assert found.pair_counts.sum() == len(data)
    assert network.training is False


def test_only_pairs_of_images_can_be_halved() -> None:
    assert can_be_halved(pairs())
    data = toy()
    assert not can_be_halved(data)
    with pytest.raises(ValueError, match="not pairs of images"):
        half_images(build_network(read_config(tables()), data), data, CPU)


@pytest.mark.parametrize(("K", "same", "different"), [(2, 20, 10), (3, 12, 4)])
def test_correlated_runs_stand_beside_the_closed_form(K: int, same: int, different: int) -> None:
    counts = {"same": same, "different": different}
    data = build_data(
        {"source": "digits", "compose": "multi", "p": K, "q": K, "counts": counts, "replacement": True, "test": False}
    )[0]
    for changes in ({"weight_decay": 1e-2}, {"feature_decay": {"lambda_H": 1e-2, "lambda_W": 0.3, "lambda_b": 0.3}}):
        run = train(tables(epochs=2, **changes), data=data)
        of = compare_run(measure_run(run, samples=10))
        point = of.cosine
        assert point is not None
        assert (point.n_same, point.n_different, point.classes) == (same, different, K)
        law = theory.class_correlation_cosine(K, same, different, point.lambda_H, point.lambda_W)
        assert point.closed_form == pytest.approx(float(law))
        assert point.optimum == pytest.approx(point.closed_form, abs=1e-6)
        first, second = (head.weight.detach().double() for head in run.network.heads)
        own = torch.nn.functional.cosine_similarity(first, second, dim=1)
        assert point.measured == pytest.approx(float(own.mean()))
        assert (point.lowest, point.highest) == pytest.approx((float(own.min()), float(own.max())))


def test_other_counts_have_a_certified_optimum_and_no_closed_form() -> None:
    data = pairs(p=2, counts=[[20, 10], [6, 12]], replacement=True, samples=None)
    run = train(tables(epochs=1), data=data)
    point = compare_run(measure_run(run, samples=10)).cosine
    assert point is not None
    assert np.isnan(point.closed_form)
    assert np.isfinite(point.optimum)
    assert np.isnan(point.n_same)
    assert np.isnan(point.n_different)
    assert not families([point])  # there is no n^{11} to place it at
    placed = replace(point, n_same=3.0, n_different=2.0)
    assert families([placed, point, replace(placed, n_same=1.0)]) == [[replace(placed, n_same=1.0), placed]]
    assert compare_run(measure_run(train(tables(epochs=1), data=toy()), samples=10)).cosine is None


def test_principal_components_are_the_covariance_s() -> None:
    rng = np.random.default_rng(0)
    H = rng.normal(size=(40, 5)) * [5, 3, 1, 0.5, 0.1] + 4
    scores, shares = principal_components(H)
    values = np.linalg.eigvalsh(np.cov(H.T))[::-1]
    assert scores.var(axis=0, ddof=1) == pytest.approx(values[:2])
    assert shares == pytest.approx(values[:2] / values.sum())
    turned = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    assert np.abs(principal_components(H @ turned)[0]) == pytest.approx(np.abs(scores))


def test_one_dimension_and_none() -> None:
    scores, shares = principal_components(np.arange(5.0)[:, None])
    assert shares == pytest.approx([1, 0])
    assert not scores[:, 1].any()
    assert not principal_components(np.ones((4, 3)))[1].any()


def test_features_of_one_dimension_have_a_place_in_the_plane() -> None:
    data = toy()
    network = build_network(read_config(tables({"feature_dim": 1, "final_relu": False})), data)
    placed = embedding(NetworkFeatures(network, data, CPU), 30, 0)
    assert placed.tsne is not None
    assert placed.tsne.shape == (30, 2)
    assert np.isfinite(placed.tsne).all()
    assert placed.explained == pytest.approx([1, 0])


def test_the_plane_is_the_same_for_the_same_seed_and_another_choice_for_another() -> None:
    data = toy()
    features = NetworkFeatures(build_network(read_config(tables()), data), data, CPU)
    one, two, other = embedding(features, 30, 0), embedding(features, 30, 0), embedding(features, 30, 1)
    assert one.tsne is not None
    assert two.tsne is not None
    assert np.array_equal(one.tsne, two.tsne)
    assert np.array_equal(one.samples, two.samples)
    assert not np.array_equal(one.samples, other.samples)
    assert np.array_equal(one.labels, data.labels[one.samples])
    black = replace(data, images=ArrayImages(np.zeros((60, 1, 8, 8), dtype=np.uint8)))
    same = embedding(NetworkFeatures(features.network, black, CPU), 30, 0)
    assert same.tsne is None
