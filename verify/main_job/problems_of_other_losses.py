"""Squared error, binary cross-entropy and regression: each law small, at paper size, and past its thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import ufm
from ufm.solution import Problem

Single, Multi, Sets = ufm.SingleSource, ufm.MultiSource, ufm.MultiLabel


def squared_error_problems(
    small: ufm.Lambdas, paper: ufm.Lambdas, strong: ufm.Lambdas
) -> Iterator[tuple[str, Problem]]:
    """Name and problem; penalized, free and no bias."""
    free: dict[str, Any] = {**small, "lambda_b": 0.0, "loss": "squared-error"}
    none: dict[str, Any] = {**small, "lambda_b": None, "loss": "squared-error"}
    collapsing: dict[str, Any] = {"lambda_H": 1.0, "lambda_W": 1.0, "lambda_b": None, "loss": "squared-error"}
    long_tailed, rare = np.array([500, 200, 80, 30, 12, 5]), np.array([500, 200, 80, 30, 12, 3])
    yield "Squared error, two tasks of 3 classes", Single.balanced((3, 3), 10, loss="squared-error", **small)
    yield "Squared error, two tasks of 10 classes", Single.balanced((10, 10), 500, loss="squared-error", **paper)
    yield "Squared error, past the threshold", Single.balanced((3, 3), 4, loss="squared-error", **strong)
    yield "Squared error, any counts, free bias", Single([[30, 4, 1], [2, 25, 9]], **free)
    yield "Squared error, long-tailed, no bias", Single(long_tailed, **none)
    yield "Squared error, a minority collapsed", Single(rare, **collapsing)
    yield "Squared error, correlated, 4 classes", Single.correlated(4, n_same=30, n_different=7, **free)
    yield "Squared error, tasks of 3 and 5 classes", Multi.balanced((3, 5), (10, 20), **none)
    targets = np.random.default_rng(0).normal(size=(1000, 3))
    yield "Regression, 1000 targets in R^3", ufm.Regression(targets, **free)
    yield "Regression, two tasks, past thresholds", ufm.Regression([targets[:6], targets[:6, :1]], **collapsing)


def binary_cross_entropy_problems(
    small: ufm.Lambdas, paper: ufm.Lambdas, strong: ufm.Lambdas
) -> Iterator[tuple[str, Problem]]:
    """Name and problem; the bias takes all of the mean, or the heads some, or all where there is none."""
    free: dict[str, Any] = {**small, "lambda_b": 0.0, "loss": "binary-cross-entropy"}
    none: dict[str, Any] = {**small, "lambda_b": None, "loss": "binary-cross-entropy"}
    yield "Binary cross-entropy, 4 classes", Single.balanced((4,), 20, loss="binary-cross-entropy", **small)
    yield "Binary cross-entropy, 10 classes", Single.balanced((10,), 20, loss="binary-cross-entropy", **small)
    yield "Binary cross-entropy, at paper size", Single.balanced((10,), 5000, loss="binary-cross-entropy", **paper)
    yield "Binary cross-entropy, past the threshold", Single.balanced((4,), 4, loss="binary-cross-entropy", **strong)
    yield "Binary cross-entropy, no bias", Single.balanced((4,), 20, **none)
    yield "Binary cross-entropy, tasks of 4 and 10 classes", Multi.balanced((4, 10), (20, 10), **free)
    every = dict.fromkeys(range(4), 5)
    yield "Binary cross-entropy, all label sets of 3", Sets.balanced(3, every, loss="binary-cross-entropy", **small)
