"""Two processes with a share each have the values of one with all samples."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import two_processes
from plain_models import HEADS, loader
from two_collapses import network
from two_observers import data

import ufm_networks

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join([str(HERE), *sys.path])}


def told(folder: Path) -> list[Any]:
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in (0, 1)]


def test_two_processes_are_as_one(tmp_path: Path) -> None:
    two_processes(HERE / "two_collapses.py", tmp_path)
    first, second = told(tmp_path)
    errors = sorted(one.pop("error") for one in (first, second))
    assert errors[0].startswith("NotFiniteError: batch ")
    assert errors[1].startswith("RuntimeError: the pass over the loader failed in process ")
    assert first == second
    model, (x, y) = network(), data()
    one = ufm_networks.CollapseLog(model, loader(x, y), HEADS)(0)
    for kind in ("metric", "again", "log"):
        assert list(first[kind]) == list(one)
        np.testing.assert_allclose(list(first[kind].values()), list(one.values()), rtol=1e-9)
    subset = ufm_networks.CollapseLog(model, loader(x, y), HEADS, samples=61)(0)
    np.testing.assert_allclose(list(first["subset"].values()), list(subset.values()), rtol=1e-9)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2  # the first process alone writes


@pytest.mark.slow
def test_two_trainers_of_lightning_are_as_one(tmp_path: Path) -> None:
    from two_trainers import filled, still

    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*torchrun, str(HERE / "two_trainers.py"), str(tmp_path)]
    result = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr[-3000:]
    first, second = told(tmp_path)
    assert first == second
    model = still().network
    subset = ufm_networks.CollapseLog(model, loader(*filled()), HEADS, samples=61)(0)
    assert set(first) == {prefix + name for name in subset for prefix in ("", "sub/")}
    for name, value in subset.items():
        assert first["sub/" + name] == pytest.approx(value, rel=1e-9)
    x, y = filled()
    padded = ufm_networks.CollapseLog(model, loader(x, y), HEADS)(0)  # in steps one sample of 91 comes twice
    assert first["SNC1"] == pytest.approx(padded["SNC1"], rel=0.05)
