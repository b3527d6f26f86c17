"""Backbones: published sizes, shapes for every image, what options change; heads at equiangular tight frames."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ufm_networks.backbones import BACKBONES, backbone
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.orthogonal_etf import orthogonal_etf


def parameters(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("name", "batch_norm", "published"),
    [
        ("resnet18", None, 11_689_512),
        ("resnet34", None, 21_797_672),
        ("vgg11", None, 132_863_336),
        ("vgg13", None, 133_047_848),
        ("vgg11", True, 132_868_840),
        ("vgg13", True, 133_053_736),
    ],
)
def test_published_sizes_for_imagenet(name: str, batch_norm: bool | None, published: int) -> None:
    with torch.device("meta"):
        shared = backbone(name, in_channels=3, stem="imagenet", batch_norm=batch_norm)
        assert parameters(MultiTaskNetwork(shared, (1000,))) == published


@pytest.mark.parametrize(
    ("name", "usual"), [("resnet18", 11_173_962), ("resnet34", 21_282_122), ("vgg11", 9_231_114), ("vgg13", 9_416_010)]
)
def test_usual_sizes_for_small_images(name: str, usual: int) -> None:
    """The CIFAR-10 variants everybody trains: first convolution 3 × 3, one feature of 512."""
    with torch.device("meta"):
        shared = backbone(name, in_channels=3, image_size=32)
        assert shared.feature_dim == 512
        assert parameters(MultiTaskNetwork(shared, (10,))) == usual


@pytest.mark.parametrize(
    ("name", "saved"), [("resnet18", 0.2126), ("resnet34", 0.1118), ("vgg11", 0.2574), ("vgg13", 0.2524)]
)
def test_narrow_features_save_what_table_3_says_nearly(name: str, saved: float) -> None:
    with torch.device("meta"):
        learned = MultiTaskNetwork(backbone(name, in_channels=3, image_size=32), (10, 10))
        narrow = backbone(name, in_channels=3, image_size=32, feature_dim=20)
        fixed = MultiTaskNetwork(narrow, (10, 10), heads="orthogonal_etf")
        assert 1 - parameters(fixed) / parameters(learned) == pytest.approx(saved, abs=0.012)


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("size", [8, 16, (28, 56), 32, 64])
@pytest.mark.parametrize("dim", [None, 5])
def test_features_of_small_images(name: str, size: Any, dim: int | None) -> None:
    shared = backbone(name, in_channels=2, width=4, image_size=size, feature_dim=dim).eval()
    height, width = (size, size) if isinstance(size, int) else size
    maps: list[torch.Tensor] = []
    shared.last_convolution.register_forward_hook(lambda *arguments: maps.append(arguments[2]))
    features = shared(torch.randn(3, 2, height, width))
    assert features.shape == (3, dim or 32) == (3, shared.feature_dim)
    assert maps[0].ndim == 4
    assert maps[0].shape[:2] == (3, dim or 32)


@pytest.mark.parametrize("name", BACKBONES)
def test_features_of_large_images(name: str) -> None:
    shared = backbone(name, in_channels=3, width=2, image_size=96, feature_dim=7).eval()
    assert shared(torch.randn(2, 3, 96, 96)).shape == (2, 7)
    assert backbone(name, in_channels=3, width=2, stem="imagenet").feature_dim == (16 if "resnet" in name else 128)


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("stem", ["small", "imagenet"])
def test_final_relu_decides_about_negative_features(name: str, stem: str) -> None:
    torch.manual_seed(0)
    images = torch.randn(8, 1, 32, 32)
    made = {r: backbone(name, in_channels=1, width=4, stem=stem, image_size=32, final_relu=r) for r in (True, False)}
    with torch.no_grad():
        for shared in made.values():  # what is added last is drawn down, so that means over pixels are negative
            last = [m for m in shared.modules() if isinstance(m, torch.nn.BatchNorm2d | torch.nn.Linear)][-1]
            last.bias.sub_(10.0)
        assert made[True](images).min() >= 0
        assert made[False](images).min() < 0
    assert parameters(made[True]) == parameters(made[False])


def test_last_map_is_what_features_are_means_of() -> None:
    shared = backbone("resnet18", in_channels=1, width=4, image_size=32).eval()
    maps: list[torch.Tensor] = []
    shared.last_convolution.register_forward_hook(lambda *arguments: maps.append(arguments[2]))
    features = shared(torch.randn(2, 1, 32, 32))
    torch.testing.assert_close(maps[0].mean(dim=(2, 3)), features)


def test_initial_values_are_kaiming_of_the_outputs() -> None:
    torch.manual_seed(1)
    shared = backbone("vgg11", in_channels=3, image_size=32)
    for layer in shared.modules():
        if isinstance(layer, torch.nn.Conv2d):
            std = (2 / (9 * layer.out_channels)) ** 0.5
            assert float(layer.weight.detach().std()) == pytest.approx(std, rel=5 / layer.weight.numel() ** 0.5)
            assert not layer.bias.any()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "resnet50"}, "backbone must be one of 'resnet18'"),
        ({"stem": "imagenet", "image_size": 28}, "28x28 is too small for the imagenet stem.*stem='small'"),
        ({"image_size": (64, 7)}, "64x7 is too small for the small stem, which needs at least 8"),
        ({"image_size": (300, 20)}, "300x20 is too small for the imagenet stem"),
        ({"image_size": None}, "stem='auto' needs image_size"),
        ({"stem": "cifar"}, "stem must be one of"),
        ({"width": 0}, "width must be an integer ≥ 1"),
        ({"feature_dim": 0}, "feature_dim must be an integer ≥ 1"),
        ({"in_channels": 0}, "in_channels must be an integer ≥ 1"),
        ({"batch_norm": False}, "batch_norm=False is for VGG only"),
        ({"image_size": (8, 8, 8)}, r"image_size must be one number or \(height, width\)"),
    ],
)
def test_refusals(arguments: dict[str, Any], message: str) -> None:
    usual: dict[str, Any] = {"name": "resnet18", "in_channels": 1, "image_size": 32}
    made = usual | arguments
    with pytest.raises(ValueError, match=message):
        backbone(made.pop("name"), **made)


@pytest.mark.parametrize(("classes", "dim"), [((2, 2), 4), ((2, 2), 2), ((10, 10), 18), ((3, 5, 2), 10), ((4, 3), 30)])
def test_orthogonal_frames(classes: tuple[int, ...], dim: int) -> None:
    W = torch.cat(orthogonal_etf(classes, dim)).double().numpy()
    task = np.repeat(np.arange(len(classes)), classes)
    k = np.array(classes)[task]
    same = task[:, None] == task
    expected = np.where(np.eye(len(W), dtype=bool), 1.0, np.where(same, -1.0 / (k[:, None] - 1), 0.0))
    np.testing.assert_allclose(W @ W.T, expected, atol=1e-6)


def test_features_that_are_not_negative_reach_every_logit_of_a_frame_in_d_dimensions() -> None:
    """With d = Σ K_t the feature e_k + e_l has the logits that w_k^1 + w_l^2 has."""
    first, second = (w.double() for w in orthogonal_etf((3, 4), 7))
    h, ideal = torch.zeros(7, dtype=torch.float64), first[2] * (2 / 3) ** 0.5 + second[1] * (3 / 4) ** 0.5
    h[2], h[3 + 1] = 1.0, 1.0
    for w in (first, second):
        torch.testing.assert_close(w @ h, w @ ideal, atol=1e-6, rtol=0)


def test_frozen_heads_are_frozen_and_refuse_a_bias_and_a_small_dimension() -> None:
    shared = backbone("resnet18", in_channels=1, width=4, image_size=8, feature_dim=4)
    network = MultiTaskNetwork(shared, (2, 2), heads="orthogonal_etf")
    assert not any(p.requires_grad for p in network.heads.parameters())
    assert all(head.bias is None for head in network.heads)
    with pytest.raises(ValueError, match="bias=True: heads='orthogonal_etf' are frozen"):
        MultiTaskNetwork(shared, (2, 2), heads="orthogonal_etf", bias=True)
    with pytest.raises(ValueError, match=r"feature_dim=4 holds no orthogonal simplex ETFs.*Σ K_t − T = 6"):
        MultiTaskNetwork(shared, (4, 4), heads="orthogonal_etf")
