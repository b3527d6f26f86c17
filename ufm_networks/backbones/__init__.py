"""Backbones shared by all tasks: images in, one feature vector each out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ufm.support import validation
from ufm_networks.backbones.resnet import BLOCKS, ResNet
from ufm_networks.backbones.stem import choose_stem, image_sides
from ufm_networks.backbones.vgg import CONVOLUTIONS, VGG

BACKBONES = (*BLOCKS, *CONVOLUTIONS)

__all__ = ["BACKBONES", "VGG", "ResNet", "backbone"]


def backbone(
    name: str,
    *,
    in_channels: int,
    stem: str = "auto",
    width: int = 64,
    feature_dim: int | None = None,
    final_relu: bool = True,
    image_size: int | Sequence[int] | None = None,
    batch_norm: bool | None = None,
) -> ResNet | VGG:
    """resnet18, resnet34, vgg11 or vgg13 as a module (n, C, h, w) → (n, d), newly initialized as published.

    stem         "small" for images of 8 to 64 pixels, "imagenet" above, "auto" by image_size
    width        channels of the first stage; 64 is the published network
    feature_dim  d; by default 8 · width, for a VGG with the ImageNet stem 64 · width
    final_relu   False leaves out the last ReLU: features may then be negative, as the unconstrained feature model's
    image_size   pixels a side, or (height, width)
    batch_norm   VGG only: by default on for the small stem and off for the ImageNet one, as published

    The module has ``feature_dim`` and ``last_convolution``, whose output is the last map of pixels.
    Raises ValueError or TypeError naming the field for an unknown name, sizes < 1, or an image too small for the stem.
    """
    validation.one_of("backbone", name, BACKBONES)
    channels = validation.whole_number("in_channels", in_channels, 1)
    base = validation.whole_number("width", width, 1)
    dim = None if feature_dim is None else validation.whole_number("feature_dim", feature_dim, 1)
    chosen = choose_stem(stem, image_size)
    arguments: tuple[Any, ...] = (name, channels, chosen, base, dim, bool(final_relu))
    if name in CONVOLUTIONS:
        side = None if image_size is None else min(image_sides(image_size))
        return VGG(*arguments, batch_norm=batch_norm, side=side)
    if batch_norm is not None:
        raise ValueError(f"batch_norm={batch_norm!r} is for VGG only; {name} always has it: leave it out")
    return ResNet(*arguments)
