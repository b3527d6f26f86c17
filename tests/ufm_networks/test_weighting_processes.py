"""Under task weightings two processes train as one does, up to the order in which numbers are added."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from two_weighted_processes import RUNS, data, settings

from ufm_networks.training import load_run, train

HERE = Path(__file__).parent


@pytest.mark.slow
def test_two_processes_are_one(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*torchrun, str(HERE / "two_weighted_processes.py"), str(tmp_path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    for name, (_, kind, _) in RUNS.items():
        given = data(kind)
        two, one = load_run(tmp_path / name, data=given), train(settings(name), data=given)
        for mine, theirs in zip(one.history, two.history, strict=True):
            for key in ("weight_1", "weight_2", "loss_1", "loss_2", "penalty"):
                assert theirs[key] == pytest.approx(mine[key], rel=5e-3), (name, key)
        others = two.network.state_dict()
        for key, tensor in one.network.state_dict().items():
            torch.testing.assert_close(others[key], tensor, rtol=2e-3, atol=2e-4, msg=f"{name} {key}")
