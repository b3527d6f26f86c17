"""The problems that are timed, at the sizes of the paper's data sets."""

from __future__ import annotations

import ufm

SMALL = {"lambda_H": 0.05, "lambda_W": 0.05, "lambda_b": 0.05}
PAPER = {"lambda_H": 5e-4, "lambda_W": 5e-4, "lambda_b": 5e-4}


def correlated_10x10() -> ufm.SingleSource:
    """Two tasks of 10 classes, n = 30 on the diagonal and 10 off it."""
    return ufm.SingleSource.correlated(10, n_same=30, n_different=10, **SMALL)


def imagenet_cross() -> ufm.SingleSource:
    """ImageNet-Cross-10×10×10: 30 rows, 1000 columns, 1300 samples each."""
    return ufm.SingleSource.balanced((10, 10, 10), 1300, **PAPER)


def others() -> dict[str, ufm.SingleSource | ufm.MultiSource]:
    """The five that are timed together."""
    return {
        "ImageNet-Cross-2^9": ufm.SingleSource.balanced((2,) * 9, 1300, **PAPER),
        "ImageNet-Cross-3^6": ufm.SingleSource.balanced((3,) * 6, 1300, **PAPER),
        "CIFAR100-Cross-4x4x4": ufm.SingleSource.balanced((4,) * 3, 500, **PAPER),
        "CIFAR100-Cross-3x3x3x3": ufm.SingleSource.balanced((3,) * 4, 500, **PAPER),
        "ImageNet-Split-10x100": ufm.MultiSource.balanced((100,) * 10, 1300, **PAPER),
    }
