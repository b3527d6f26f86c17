"""Two processes with a share each have the values of one with all samples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from lightning_modules import Module
from plain_models import loader
from two_collapses import PLAIN, filled
from two_observers import data

import ufm_networks

HERE = Path(__file__).parent


def test_two_processes_are_as_one(tmp_path: Path) -> None:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*torchrun, str(HERE / "two_collapses.py"), str(tmp_path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in (0, 1))
    errors = sorted(told.pop("error") for told in (first, second))
    assert errors[0].startswith("NotFiniteError: batch ")
    assert errors[1].startswith("RuntimeError: the pass over the loader failed in process ")
    assert first == second
    model, (x, y) = Module().network, data()
    one = ufm_networks.CollapseLog(model, loader(x, y), PLAIN)(0)
    for kind in ("metric", "again", "log"):
        assert list(first[kind]) == list(one)
        np.testing.assert_allclose(list(first[kind].values()), list(one.values()), rtol=1e-9)
    subset = ufm_networks.CollapseLog(model, loader(x, y), PLAIN, samples=61)(0)
    np.testing.assert_allclose(list(first["subset"].values()), list(subset.values()), rtol=1e-9)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2  # the first process alone writes
    assert {name.removeprefix("sub/") for name in first["lightning"]} == set(one)
    subset = ufm_networks.CollapseLog(model, loader(x, filled(y)), PLAIN, samples=61)(0)
    for name, value in subset.items():
        assert first["lightning"]["sub/" + name] == pytest.approx(value, rel=1e-9)
