"""Using the geometry: dot regression, parameters saved, nearest-mean decoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from toy_data import tables, toy

import ufm
import ufm_networks
from ufm_networks.backbones import backbone
from ufm_networks.cli.parameters_command import Parameters
from ufm_networks.datasets.images import ArrayImages
from ufm_networks.datasets.task_data import TaskData
from ufm_networks.decoding import best_threshold, decoding_accuracy, threshold_intervals
from ufm_networks.multi_task_network import MultiTaskNetwork
from ufm_networks.parameter_counts import parameters_saved
from ufm_networks.training.dot_regression import dot_regression
from verify._metrics.label_set_decoding import decode_label_sets


class Flat(nn.Module):
    """Features are the images themselves."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.feature_dim = dim

    def forward(self, images: Tensor) -> Tensor:
        return images


def fixed(classes: tuple[int, ...]) -> MultiTaskNetwork:
    return MultiTaskNetwork(Flat(sum(classes)), classes, heads="orthogonal_etf").double()


LABELS = {"single": torch.tensor([[0, 1], [2, 0], [1, 1]]), "multi": torch.tensor([[0, -1], [2, -1], [-1, 1]])}


def loss(network: MultiTaskNetwork, h: Tensor, kind: str) -> Tensor:
    return dot_regression(network, h, network.logits(h), LABELS[kind], kind)


def sums_of_heads(network: MultiTaskNetwork, kind: str) -> Tensor:
    weights = [head.weight.detach() for head in network.heads]
    rows = [
        sum((w[k] for w, k in zip(weights, row, strict=True) if k >= 0), torch.zeros(network.feature_dim).double())
        for row in LABELS[kind].tolist()
    ]
    return torch.stack(rows)


@pytest.mark.parametrize("kind", ["single", "multi"])
def test_dot_regression_is_zero_at_any_multiple_of_the_sum_of_own_heads_and_nowhere_near(kind: str) -> None:
    network = fixed((3, 2))
    h = sums_of_heads(network, kind) * torch.tensor([[1.0], [0.01], [30.0]])
    assert loss(network, h, kind).abs().max() < 1e-13  # heads are rounded to float32, the loss is a square
    turned = h + 0.1 * h.norm(dim=1, keepdim=True) * torch.randn(h.shape, generator=torch.Generator().manual_seed(0))
    assert loss(network, turned, kind).min() > 1e-6  # a tenth off: ½ (1 − cos)², quartic in the angle


def test_dot_regression_of_several_sources_is_yang_et_al() -> None:
    """½ (cos − 1)² per sample, from the angle itself."""
    network = fixed((3, 2))
    h = torch.randn(3, 5, generator=torch.Generator().manual_seed(1)).double()
    own = sums_of_heads(network, "multi")
    cosine = torch.cosine_similarity(h, own, dim=1)
    expected = torch.stack([(0.5 * (cosine[:2] - 1) ** 2).sum(), 0.5 * (cosine[2] - 1) ** 2])
    torch.testing.assert_close(loss(network, h, "multi"), expected)


def test_dot_regression_does_not_push_away_from_other_heads() -> None:
    """The gradient in ĥ is −(1 − ⟨w_y, ĥ⟩) w_y; of cross-entropy it has a part along every head."""
    network = fixed((4,))
    labels = torch.tensor([[0]])
    h = torch.tensor([[0.6, 0.0, 0.0, 0.8]], dtype=torch.float64, requires_grad=True)  # of length 1
    dot_regression(network, h, network.logits(h), labels, "multi").sum().backward()  # type: ignore[no-untyped-call]
    w = network.heads[0].weight.detach()[0]
    unit = h.detach()[0]
    in_direction = -(1 - w @ unit) * w
    tangent = in_direction - (in_direction @ unit) * unit  # what is left of it as ‖h‖ changes nothing
    assert h.grad is not None
    torch.testing.assert_close(h.grad[0], tangent)


def test_a_feature_of_zero_has_no_gradient_and_no_nan() -> None:
    network = fixed((3, 2))
    h = torch.zeros(3, 5, dtype=torch.float64, requires_grad=True)
    loss(network, h, "single").sum().backward()  # type: ignore[no-untyped-call]
    assert h.grad is not None
    assert torch.equal(h.grad, torch.zeros_like(h))


def test_training_with_dot_regression_turns_features_to_their_heads() -> None:
    model = {"heads": "orthogonal_etf", "feature_dim": "classes", "final_relu": False}
    run = ufm_networks.train(tables(model, loss="dot_regression", epochs=12, weight_decay=0.0), data=toy("multi"))
    assert run.network.feature_dim == 5
    first, last = run.history[0], run.history[-1]
    assert last["loss"] < 0.2 * first["loss"]
    assert last["accuracy"] == 1.0
    assert last["MNC2_1"] < 1e-6  # the heads are where they were
    assert last["MNC3"] < 0.3 * first["MNC3"]


def test_dot_regression_needs_fixed_heads_and_one_class_per_task() -> None:
    with pytest.raises(ValueError, match=r"model\.heads='orthogonal_etf'"):
        ufm_networks.train(tables(loss="dot_regression"), data=toy())
    with pytest.raises(ValueError, match="label sets"):
        ufm_networks.train(tables({"heads": "orthogonal_etf"}, loss="dot_regression"), data=toy("multilabel"))


# Table 3 in percent: ResNet18, ResNet34, VGG11, VGG13
PUBLISHED = {(5, 100): (21.26, 11.18, 25.74, 25.24), (10, 10): (20.71, 10.87, 25.13, 24.63)}
NAMES = ("resnet18", "resnet34", "vgg11", "vgg13")


def test_parameters_saved_are_table_3_for_ten_classes_in_ten_dimensions() -> None:
    for name, published in zip(NAMES, PUBLISHED[10, 10], strict=True):
        saved = parameters_saved(name, (5, 5))
        assert 100 * saved.saved == pytest.approx(published, abs=0.01)
        assert saved.fixed - saved.trained == 10 * 10


def test_the_other_row_of_table_3_is_a_hundred_classes_in_five_dimensions() -> None:
    """Not Σ K_t = 100 or 20: five is what each of the 20 tasks of CIFAR100-Split-5x20 has."""

    def count(name: str, dim: int | None) -> int:
        with torch.device("meta"):
            return sum(p.numel() for p in backbone(name, in_channels=3, image_size=32, feature_dim=dim).parameters())

    for name, published in zip(NAMES, PUBLISHED[5, 100], strict=True):
        learned, cut = count(name, None) + 100 * 513, count(name, 5) + 100 * 5
        assert 100 * (1 - cut / learned) == pytest.approx(published, abs=0.01)
        assert 100 * parameters_saved(name, (5,) * 20).saved < published - 2


def test_parameters_saved_counts_networks_as_they_are_trained() -> None:
    saved = parameters_saved("resnet18", (3, 2), in_channels=1, image_size=8, width=4)
    data = toy()
    learned = ufm_networks.train(tables(epochs=1), data=data).network
    model = {"heads": "orthogonal_etf", "feature_dim": "classes"}
    frozen = ufm_networks.train(tables(model, epochs=1), data=data).network
    assert saved.learned == sum(p.numel() for p in learned.parameters())
    assert saved.trained == sum(p.numel() for p in frozen.parameters() if p.requires_grad)
    with pytest.raises(ValueError, match="backbone"):
        parameters_saved("resnet19", (3, 2))


def test_the_command_prints_what_is_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="is a folder; name a file"):
        Parameters(output=tmp_path).run()
    assert Parameters(classes=(3, 2), width=4, output=tmp_path / "new" / "table.md").run() == 0
    text = capsys.readouterr().out
    for name in NAMES:
        of = parameters_saved(name, (3, 2), width=4)
        assert f"| 3×2 | {name} | {of.learned:,} | {of.trained:,} | {100 * of.saved:.2f} % |" in text
    assert (tmp_path / "new" / "table.md").read_text() == text


def test_the_best_threshold_lies_in_the_most_intervals() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        a = rng.integers(-6, 6, 12).astype(float)
        intervals = np.stack([a, a + rng.integers(-2, 5, 12)], axis=1)
        intervals[0, 0] = -np.inf
        inside = [((intervals[:, 0] < x) & (x <= intervals[:, 1])).sum() for x in np.arange(-12, 12, 0.25)]
        best = best_threshold(intervals)
        assert ((intervals[:, 0] < best) & (best <= intervals[:, 1])).sum() == max(inside)


def test_threshold_intervals_are_where_the_set_is_decoded() -> None:
    rng = torch.Generator().manual_seed(0)
    u = torch.randn(40, 4, generator=rng, dtype=torch.float64)
    members = (torch.rand(40, 4, generator=rng) < 0.5).long()
    members[members.sum(dim=1) == 0, 0] = 1
    low, high = threshold_intervals(u, members).T
    log_p = u - torch.log(torch.exp(u).sum(dim=1, keepdim=True))
    for tau in np.linspace(-4, 0, 41):
        decoded = ((log_p >= tau).long() == members).all(dim=1)
        assert torch.equal(decoded, (low < tau) & (tau <= high))
    for row, own, a, b in zip(u, members, low, high, strict=True):
        top = set(row.topk(int(own.sum())).indices.tolist())
        assert (top == set(own.nonzero()[:, 0].tolist())) == bool(a < b)


def test_decoding_of_a_run_is_that_of_the_model_with_its_means(tmp_path: Path) -> None:
    data, test = toy("multilabel", 80), toy("multilabel", 45, seed=1)
    run = ufm_networks.train(tables(epochs=6), data=data, test=test)
    found = decoding_accuracy(run)
    with torch.no_grad():
        features = []
        for part in (data, test):
            x = torch.from_numpy(part.images[np.arange(len(part))]).float() / 255
            features.append(run.network.features((x - 0.5) / 0.25).double().numpy())
    problem = data.problem(lambda_H=1.0, lambda_W=1.0, lambda_b=1.0)
    assert isinstance(problem, ufm.MultiLabel)
    means = np.stack([features[0][(data.labels == s).all(axis=1)].mean(axis=0) for s in problem.labels], axis=1)
    W, b = run.network.head_arrays()

    class Solution:
        pass

    solution = Solution()
    solution.W, solution.b, solution.H = W, b, means  # type: ignore[attr-defined]
    decoded = decode_label_sets(problem, solution, features[1].T)
    assert found.nearest_mean == pytest.approx((decoded == test.labels).all(axis=1).mean())
    assert found.nearest_mean > 0.5
    assert found.threshold <= found.top_m == pytest.approx(run.metrics["test_accuracy"])
    assert found.unseen == 0
    unseen = decoding_accuracy(run, test.subset(np.arange(5)))
    assert 0 <= unseen.threshold_value <= 1
    with pytest.raises(ValueError, match="device='cuda:77' is not available"):
        decoding_accuracy(run, device="cuda:77")
    with pytest.raises(ValueError, match="one class per task"):
        decoding_accuracy(ufm_networks.train(tables(epochs=1), data=toy(), test=toy()))


def test_a_feature_equally_near_to_two_sets_is_of_the_first() -> None:
    """The samples of {1} are those of {0} with two coordinates exchanged, in which the tested features are equal."""
    rng = np.random.default_rng(11)

    def data(pixels: np.ndarray, labels: np.ndarray) -> TaskData:
        images = ArrayImages(pixels.astype(np.uint8)[:, :, None, None])
        return TaskData("ties", images, labels, (2,), "multilabel", (0.0,) * 7, (1 / 255,) * 7)

    first = rng.integers(0, 256, (7, 7))
    exchanged = first[:, [3, 1, 2, 0, 4, 5, 6]]
    both = rng.integers(0, 2, (3, 7)) * 255
    training = data(np.concatenate([exchanged, first, both]), np.repeat([[0, 1], [1, 0], [1, 1]], [7, 7, 3], axis=0))
    tied = np.rint(first.mean(axis=0)) + rng.integers(-20, 20, (200, 7))
    tied[:, 0] = tied[:, 3]
    run = ufm_networks.train(tables(epochs=1), data=toy("multilabel"))
    backbone = Flat(7)
    backbone.forward = lambda images: images.flatten(1)  # type: ignore[method-assign]
    run.network, run.data = MultiTaskNetwork(backbone, (2,)), training
    tied = tied.clip(0, 255)
    for label, right in (([1, 0], 1.0), ([0, 1], 0.0)):
        assert decoding_accuracy(run, data(tied, np.repeat([label], 200, axis=0))).nearest_mean == right
