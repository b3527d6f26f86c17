"""Grad-CAM++ against its definition: second and third derivatives of exp(S) by automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from thorough import examples
from torch import Tensor, nn
from toy_data import tables, toy

from ufm_networks.backbones import backbone
from ufm_networks.features.network_features import NetworkFeatures
from ufm_networks.measuring import grad_cam_plus_plus, task_maps
from ufm_networks.measuring.saliency import saliency
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.training import train

K, SIDE = 3, 2


def score(seed: int) -> Callable[[Tensor], Tensor]:
    """S of maps (K, h, w), affine between kinks as every network of ReLUs and maxima behind its last maps."""
    random = torch.Generator().manual_seed(seed)
    first = torch.randn(5, K * SIDE * SIDE, generator=random, dtype=torch.float64)
    last = torch.randn(5, generator=random, dtype=torch.float64)
    return lambda A: last @ torch.relu(first @ A.flatten()) + A.amax() * 0.3


def definition(S: Callable[[Tensor], Tensor], A: Tensor, sum_of: str = "A") -> Tensor:
    """Equations 5, 6 and 11 of Chattopadhay et al. with Y = exp(S), pixel by pixel; "A g³" is the usual mistake.

    Derivatives are at A as it is; where A itself stands, it is rectified.
    """
    alpha, first = torch.zeros_like(A), torch.zeros_like(A)
    thirds = torch.zeros_like(A)
    seconds = torch.zeros_like(A)
    for place in np.ndindex(*A.shape):
        x = A.clone().requires_grad_(True)
        Y = torch.exp(S(x))
        (one,) = torch.autograd.grad(Y, x, create_graph=True)
        (two,) = torch.autograd.grad(one[place], x, create_graph=True)
        (three,) = torch.autograd.grad(two[place], x)
        first[place], seconds[place], thirds[place] = one[place].detach(), two[place].detach(), three[place]
    Y, A = torch.exp(S(A)), A.relu()
    for k, i, j in np.ndindex(*A.shape):
        if sum_of == "A":
            weighed = sum(A[k, a, b] * thirds[k, i, j] for a in range(SIDE) for b in range(SIDE))
        else:
            weighed = sum(A[k, a, b] * thirds[k, a, b] for a in range(SIDE) for b in range(SIDE))
        bottom = 2 * seconds[k, i, j] + weighed
        alpha[k, i, j] = seconds[k, i, j] / bottom if bottom != 0 else 0.0
    weights = (alpha * first.relu()).sum(dim=(1, 2))
    return (weights[:, None, None] * A).sum(dim=0).relu() / Y  # Y is left out of the maps


def case(seed: int, signed: bool) -> tuple[Callable[[Tensor], Tensor], Tensor, Tensor]:
    S = score(seed)
    A = torch.randn(K, SIDE, SIDE, generator=torch.Generator().manual_seed(100 + seed), dtype=torch.float64)
    A = A if signed else A.relu()
    x = A.clone().requires_grad_(True)
    (g,) = torch.autograd.grad(S(x), x)
    return S, A, g


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_map_is_the_definition_s(seed: int, signed: bool) -> None:
    S, A, g = case(seed, signed)
    torch.testing.assert_close(grad_cam_plus_plus(A[None], g[None])[0], definition(S, A), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("channel", [0, 1])
def test_the_map_moves_continuously_with_maps_of_either_sign(channel: int) -> None:
    """Unrectified, α of channel 1 has a pole where its pixels add up to −2, and the largest pixel jumps."""
    g = torch.stack([torch.full((2, 2), 0.5), torch.full((2, 2), 1.0)])[None].double()

    def shown(total: float) -> Tensor:
        A = torch.zeros(1, 2, 2, 2, dtype=torch.float64)
        A[0, 1 - channel, 0, 0] = 4.0
        A[0, channel] = torch.tensor([[0.0, 0.1], [-(total + 0.1) / 2, -(total + 0.1) / 2]])
        return grad_cam_plus_plus(A, g)[0]

    for pole in (2.0, 4.0):
        torch.testing.assert_close(shown(pole - 1e-6), shown(pole + 1e-6), rtol=0, atol=1e-9)
        assert torch.isfinite(shown(pole)).all()
        assert int(shown(pole).argmax()) == 0


@settings(max_examples=examples(50))
@given(seed=st.integers(0, 2**32 - 1), size=st.floats(1e-3, 1e3))
def test_no_pixel_weighs_more_than_half_its_derivative(seed: int, size: float) -> None:
    random = torch.Generator().manual_seed(seed)
    A, g = (size * torch.randn(2, K, SIDE, SIDE, generator=random, dtype=torch.float64) for _ in range(2))
    L = grad_cam_plus_plus(A, g)
    most = (g.relu().sum(dim=(2, 3), keepdim=True) / 2 * A.relu()).sum(dim=1)
    assert bool((L >= 0).all())
    assert bool((most * (1 + 1e-12) >= L).all())


def test_the_usual_mistake_in_the_sum_is_told_apart() -> None:
    differences = []
    for seed in range(4):
        S, A, g = case(seed, signed=False)
        right, wrong = grad_cam_plus_plus(A[None], g[None])[0], definition(S, A, "A g³")
        differences.append(float((right - wrong).abs().max() / right.max().clamp_min(1e-300)))
    assert max(differences) > 0.01


def test_no_gradient_no_map() -> None:
    A = torch.rand(2, K, SIDE, SIDE, dtype=torch.float64)
    assert torch.equal(grad_cam_plus_plus(A, torch.zeros_like(A)), torch.zeros(2, SIDE, SIDE, dtype=torch.float64))


@pytest.mark.parametrize("name", ["resnet18", "vgg11"])
def test_maps_of_a_network_are_its_logit_s_derivatives(name: str) -> None:
    torch.manual_seed(0)
    shared = backbone(name, in_channels=1, width=4, image_size=32)
    network = MultiTaskNetwork(shared, (3, 2)).double()
    images, classes = torch.rand(3, 1, 32, 32, dtype=torch.float64), torch.tensor([1, 0, 1])
    network.train()
    maps = task_maps(network, images, classes, 1)
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    network.eval()
    kept: list[Tensor] = []
    hook = shared.last_convolution.register_forward_hook(lambda _m, _i, out: kept.append(out))
    _, logits = network(images)
    hook.remove()
    for i in range(3):  # one image at a time, through the whole graph
        (g,) = torch.autograd.grad(logits[1][i, classes[i]], kept[0], retain_graph=True)
        alone = grad_cam_plus_plus(kept[0][i : i + 1].detach(), g[i : i + 1])[0]
        torch.testing.assert_close(maps[i], alone, rtol=1e-8, atol=1e-14)


class Corners(nn.Module):
    """Channel 0 sees the upper left quarter, channel 1 the lower right one."""

    feature_dim = 2

    def __init__(self) -> None:
        super().__init__()
        self.last_convolution = nn.Identity()

    def forward(self, images: Tensor) -> Tensor:
        h, w = images.shape[2] // 2, images.shape[3] // 2
        maps = torch.cat([torch.zeros_like(images), torch.zeros_like(images)], dim=1)
        maps[:, 0, :h, :w] = images[:, 0, :h, :w]
        maps[:, 1, h:, w:] = images[:, 0, h:, w:]
        return self.last_convolution(maps).mean(dim=(2, 3))


def looking(rows: list[list[float]], tasks: int = 2) -> MultiTaskNetwork:
    network = MultiTaskNetwork(Corners(), (2,) * tasks, bias=False)
    with torch.no_grad():
        for head, row in zip(network.heads, rows, strict=True):
            head.weight.copy_(torch.tensor([row, row]))
    return network


@pytest.mark.parametrize(("second", "expected"), [([0.0, 1.0], 0.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.7)])
def test_maps_lie_where_a_task_looks_and_their_overlap_says_so(second: list[float], expected: float) -> None:
    data = toy()
    data = type(data)(data.name, data.images, data.labels % 2, (2, 2), "single", (0.0,), (1.0,))
    shown = saliency(NetworkFeatures(looking([[1.0, 0.0], second]), data, torch.device("cpu")))
    assert shown.maps.shape == (4, 2, 8, 8)
    assert shown.maps.min() >= 0
    assert shown.maps.max() == 1
    assert shown.maps[:, 0, 4:].max() == 0
    assert shown.maps[:, 0, :, 4:].max() == 0
    assert shown.overlap[0, 0] == pytest.approx(1)
    assert shown.overlap[0, 1] == pytest.approx(expected, abs=0.1 if expected == 0.7 else 1e-9)
    assert shown.resolution == (8, 8)


def test_a_task_that_looks_nowhere_has_no_overlap() -> None:
    data = toy()
    data = type(data)(data.name, data.images, data.labels % 2, (2, 2), "single", (0.0,), (1.0,))
    shown = saliency(NetworkFeatures(looking([[1.0, 0.0], [0.0, 0.0]]), data, torch.device("cpu")))
    assert np.isnan(shown.overlap[0, 1])
    assert shown.maps[:, 1].max() == 0


def test_maps_need_samples_of_every_task() -> None:
    run = train(tables(epochs=1), data=toy("multi"))
    with pytest.raises(ValueError, match="need samples that every task has, not kind='multi'"):
        saliency(NetworkFeatures(run.network, run.data, torch.device("cpu")))
