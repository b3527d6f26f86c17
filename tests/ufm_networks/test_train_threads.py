"""Training with several threads, which a crash of PyTorch's CPU backward pass would end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from two_threads import first_loss

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
