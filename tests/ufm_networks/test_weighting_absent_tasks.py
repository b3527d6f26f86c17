"""Of several sources a batch may hold no sample of a task: it has no loss and no gradient in that step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_data import tables, toy

from ufm.weighting import make_weighting
from ufm_networks.features.batches import epoch_batches
from ufm_networks.training import assembly, read_config, train
from ufm_networks.training.processes import Processes

GRADIENTS = [("mgda", {}), ("pcgrad", {}), ("fairgrad", {}), ("mgda", {"gradients": "features"})]


def vector(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


PRESENT = torch.tensor([True, False, True])


def test_mgda_is_that_of_the_tasks_present() -> None:
    """An absent task's zero would be the shortest combination by itself."""
    J = torch.as_tensor(np.random.default_rng(0).standard_normal((3, 8)))
    J[1] = 0.0
    expected = make_weighting("mgda", 2).weights(vector(1, 1), J[[0, 2]] @ J[[0, 2]].T)
    w = make_weighting("mgda", 3).weights(vector(1, 0, 1), J @ J.T, PRESENT)
    assert w.tolist() == pytest.approx([float(expected[0]), 0.0, float(expected[1])])
    assert float((w @ J).norm()) > 0.1
    alone = make_weighting("mgda", 3).weights(vector(0, 0, 1), 0.0 * J @ J.T, torch.tensor([False, False, True]))
    assert alone.tolist() == [0.0, 0.0, 1.0]


def test_famo_compares_tasks_that_it_has_seen() -> None:
    """With a task absent, ξ of the others moves as if these were all, and the absent one's only decays."""
    three, two = make_weighting("famo", 3), make_weighting("famo", 2)
    for step in range(5):
        before, after = vector(2.0, 1.0), vector(1.0 - 0.1 * step, 0.9)
        two.stepped(before, after)
        three.stepped(vector(2.0, 0.0, 1.0), vector(1.0 - 0.1 * step, 0.0, 0.9), PRESENT)
    xi = three.state()["xi"]
    torch.testing.assert_close(xi[[0, 2]], two.state()["xi"])
    assert float(xi[1]) == 0.0
    single = make_weighting("famo", 3)  # one task alone falls by no more and no less than the others
    single.stepped(vector(2.0, 0.0, 0.0), vector(0.1, 0.0, 0.0), torch.tensor([True, False, False]))
    assert single.state()["xi"].tolist() == [0.0, 0.0, 0.0]


def test_famo_weighs_an_absent_task_by_its_last_loss() -> None:
    rule = make_weighting("famo", 3)
    unseen = rule.weights(vector(2.0, 0.0, 1.0), None, PRESENT)
    assert unseen.tolist() == pytest.approx([1 / 3, 0.0, 2 / 3])
    everything = torch.tensor([True, True, True])
    rule.stepped(vector(2.0, 4.0, 1.0), vector(2.0, 4.0, 1.0), everything)
    whole = rule.weights(vector(2.0, 4.0, 1.0), None, everything)
    torch.testing.assert_close(rule.weights(vector(2.0, 0.0, 1.0), None, PRESENT), whole)
    other = make_weighting("famo", 3)
    for name, tensor in other.state().items():
        tensor.copy_(rule.state()[name])
    torch.testing.assert_close(other.weights(vector(2.0, 0.0, 1.0), None, PRESENT), whole)  # a checkpoint holds it


def test_uncertainty_rests_where_all_samples_together_would() -> None:
    """Its step must count absent tasks: batch losses are right in the mean over all batches, and so is Σ of steps."""
    rule = make_weighting("uncertainty", 2)
    assert rule.learned is not None
    batches = [vector(3.0, 0.0), vector(0.0, 8.0), vector(3.0, 0.0), vector(6.0, 0.0)]
    mean = torch.stack(batches).mean(dim=0)
    for _ in range(4000):
        steps = [rule.learned_gradient(losses) for losses in batches]
        rule.learned.sub_(torch.stack(steps).mean(dim=0), alpha=0.1)
    assert (rule.weights(mean) * mean).tolist() == pytest.approx([0.5, 0.5])


def batch_of_one_task(name: str, options: dict[str, Any]) -> tuple[Any, Any]:
    """A loop on two sources, and a step on samples of the first alone."""
    data = toy("multi")
    config = read_config(tables(weighting=name, weighting_options=options))
    loop = assembly.assemble(config, data, Processes(torch.device("cpu")))
    rows = np.flatnonzero(data.labels[:, 0] >= 0)[:16]
    ((images, labels, _),) = list(loop.batches([rows]))
    loop.network.train()
    return loop, loop._step(images, labels, 1.0 / 16, loop._present(rows))


@pytest.mark.parametrize(("name", "options"), [*GRADIENTS, ("famo", {})])
def test_a_network_moves_along_the_task_that_is_there(name: str, options: dict[str, Any]) -> None:
    loop, step = batch_of_one_task(name, options)
    assert step.present.tolist() == [True, False]
    shared = list(loop.network.backbone.parameters())
    alone = torch.cat([g.reshape(-1) for g in torch.autograd.grad(step.losses[0], shared, retain_graph=True)])
    weights = loop.weighting.backward(step)
    along = torch.cat([p.grad.reshape(-1) for p in shared])
    assert float(weights[0]) > 1e-3
    torch.testing.assert_close(along, float(weights[0]) * alone, rtol=1e-4, atol=1e-6)
    loop.optimizer.step()
    loop.weighting.stepped(step)
    assert all(bool(t.isfinite().all()) for n, t in loop.weighting.state_dict().items() if n != "last")


def test_an_epoch_s_weight_is_the_mean_over_steps_with_the_task() -> None:
    """MGDA's weights of a step sum to 1 over the tasks present, so those of all steps sum to their number."""
    data = toy("multi")
    parts = epoch_batches(len(data), 3, 0, 0)
    present = np.array([(data.labels[part] >= 0).any(axis=0) for part in parts])
    assert 0 < (~present).sum() < len(parts)
    config = {"epochs": 1, "batch_size": 3, "learning_rate": 0.02}
    row = train(tables(weighting="mgda", **config), data=data).history[0]
    weights = np.array([row["weight_1"], row["weight_2"]])
    assert present.sum(axis=0) @ weights == pytest.approx(len(parts))
    row = train(tables(weighting="uniform", **config), data=data).history[0]
    assert row["weight_1"] == row["weight_2"] == 1.0


@pytest.mark.parametrize("name", ["mgda", "pcgrad", "dwa", "famo", "fairgrad", "uncertainty"])
def test_every_rule_keeps_every_task(name: str) -> None:
    run = train(tables(epochs=1, batch_size=3, weighting=name, learning_rate=0.01), data=toy("multi"))
    for row in run.history:
        weights = (row["weight_1"], row["weight_2"])
        assert min(weights) > 0.05 * max(weights)
        assert 0 < row["loss"] < 20
