"""Two processes train as one does, up to the order in which numbers are added."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy_data import toy
from two_processes import settings

from ufm_networks.training import load_run, train

HERE = Path(__file__).parent


def test_two_processes_are_one(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*torchrun, str(HERE / "two_processes.py"), str(tmp_path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
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
