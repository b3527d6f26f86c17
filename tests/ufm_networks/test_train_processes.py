"""Two processes train as one does, up to the order in which numbers are added."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from forked import two_processes
from toy_data import toy
from two_processes import settings

from ufm_networks.training import load_run, train

HERE = Path(__file__).parent


def test_two_processes_are_one(tmp_path: Path) -> None:
    two_processes(HERE / "two_processes.py", tmp_path)
    for kind in ("single", "multi"):
        two = load_run(tmp_path / kind, data=toy(kind))
        one = train(settings(kind), data=toy(kind), test=toy(kind, seed=1))
        assert len(one.history) == len(two.history) == 2
        for mine, theirs in zip(one.history, two.history, strict=True):
            assert mine.keys() == theirs.keys()
            for name, value in mine.items():
                if name not in ("seconds", "images_per_second"):
                    counted = "accuracy" in name or name in ("SNC5", "MNC4")
                    close = 0.03 if counted else 1e-4  # one sample of a task's 20 or more may lie on a border
                    assert theirs[name] == pytest.approx(value, rel=5e-3, abs=close, nan_ok=True), (kind, name)
        others = two.network.state_dict()
        for name, tensor in one.network.state_dict().items():
            torch.testing.assert_close(others[name], tensor, rtol=1e-3, atol=1e-4, msg=f"{kind} {name}")
