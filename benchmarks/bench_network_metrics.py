"""Streamed neural-collapse metrics against a loop with one outer product per sample, as other codes have it."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
import torch

import ufm
import verify
from ufm_networks.metrics import stream_metrics

N, D, CLASSES, BATCH = 50_000, 512, (10, 10), 500
LOOP_SAMPLES = 500  # of the loop are timed; its time is proportional to their number


def features(spread: float) -> tuple[Any, np.ndarray, torch.Tensor, list[torch.Tensor]]:
    """(problem, labels, features, heads): label means of length about 1 that differ by ``spread``."""
    rng = np.random.default_rng(0)
    labels = np.stack(np.unravel_index(np.arange(N) % 100, CLASSES), axis=1).astype(np.int64)
    centres = rng.normal(size=D) / D**0.5 + spread * rng.normal(size=(100, D)) / D**0.5
    H = torch.from_numpy(centres[np.arange(N) % 100] + 0.3 * spread * rng.normal(size=(N, D)) / D**0.5)
    W = [torch.from_numpy(rng.normal(size=(k, D))) for k in CLASSES]
    problem = ufm.SingleSource.from_labels(labels, classes=CLASSES, lambda_H=1, lambda_W=1, lambda_b=1)
    return problem, labels, H, W


def outer_product_loop(H: np.ndarray, groups: np.ndarray, means: np.ndarray) -> float:
    """SNC1 as the trace of a within-label covariance summed sample by sample."""
    covariance = np.zeros((H.shape[1], H.shape[1]))
    for h, g in zip(H, groups, strict=True):
        deviation = h - means[g]
        covariance += np.outer(deviation, deviation)
    return float(np.trace(covariance)) / len(H)


@pytest.mark.parametrize("spread", [1.0, 1e-3])
def test_streamed_metrics(benchmark: Any, spread: float) -> None:
    """All metrics of Table 5 in two passes; the loop gives SNC1 alone."""
    benchmark.extra_info["reach"] = "5 × the loop's speed, relative error 1e-6"
    problem, labels, H, W = features(spread)
    cuts = [(H[start : start + BATCH], np.arange(start, min(start + BATCH, N))) for start in range(0, N, BATCH)]
    measured = benchmark.pedantic(lambda: stream_metrics(problem, labels, lambda: cuts, W), rounds=3, warmup_rounds=1)
    exact = verify.metrics(problem, W=W, H=H.T, labels=labels)
    error = max(abs(measured.metrics[name] / value - 1) for name, value in exact.items() if value)
    benchmark.extra_info["worst relative error"] = error
    assert error <= 1e-6
    means = measured.means.T
    start = time.perf_counter()
    outer_product_loop(H[:LOOP_SAMPLES].numpy(), np.arange(LOOP_SAMPLES) % 100, means)
    loop = (time.perf_counter() - start) * N / LOOP_SAMPLES
    ratio = loop / benchmark.stats.stats.median
    benchmark.extra_info["times the loop's speed"] = ratio
    assert ratio >= 5
