"""Training with two threads, which a crash of PyTorch's CPU backward pass would end, and in threads at once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_data import tables, toy
from two_threads import first_loss

from ufm_networks.training import train

HERE = Path(__file__).parent


def test_two_threads_train_as_one_does() -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    command = [sys.executable, str(HERE / "two_threads.py")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr[-3000:]  # −11 is a segmentation fault
    for line in done.stdout.splitlines():
        backbone, loss = line.split()
        assert float(loss) == pytest.approx(first_loss(backbone), rel=1e-2)
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize("heads", [{}, {"heads": "orthogonal_etf", "feature_dim": "classes"}])
def test_training_draws_from_no_generator_but_its_own(heads: dict[str, str]) -> None:
    """PyTorch's and NumPy's global ones are neither read nor moved, by threads that train at the same time either."""
    config, data = tables(heads, epochs=2, batch_size=40), toy()

    def trained() -> dict[str, torch.Tensor]:
        return train(config, data=data, progress=False).network.state_dict()

    torch.manual_seed(0)
    np.random.seed(0)
    before = torch.get_rng_state(), np.random.get_state()[1]
    alone = trained()
    assert torch.equal(torch.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    found: list[dict[str, torch.Tensor]] = []
    stop = threading.Event()

    def noise() -> None:
        while not stop.is_set():
            torch.rand(100)

    drawing = threading.Thread(target=noise)
    training = [threading.Thread(target=lambda: found.append(trained())) for _ in range(3)]
    for thread in (drawing, *training):
        thread.start()
    for thread in training:
        thread.join()
    stop.set()
    drawing.join()
    assert len(found) == 3
    for other in found:
        for name, tensor in alone.items():
            assert torch.equal(other[name], tensor), name


def test_initial_values_have_the_published_spread() -> None:
    run = train(tables({"width": 16}, epochs=1, learning_rate=1e-12, final_learning_rate=1e-12), data=toy())
    values = run.network.state_dict()
    first = values["backbone.stem.0.weight"]
    assert float(first.std()) == pytest.approx((2 / (9 * len(first))) ** 0.5, rel=0.15)
    bound = run.network.feature_dim**-0.5  # U(−1/√d, 1/√d) of PyTorch's linear layers
    for t in range(len(run.network.heads)):
        head = torch.cat([values[f"heads.{t}.weight"].flatten(), values[f"heads.{t}.bias"]])
        assert 0.9 * bound < float(head.abs().max()) <= bound
        assert float(head.std()) == pytest.approx(bound / 3**0.5, rel=0.2)
    assert not torch.equal(values["heads.0.weight"][:2], values["heads.1.weight"][:2])
