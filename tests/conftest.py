"""What all tests share: one thread a process, the devices, a folder to work in, and how Hypothesis draws."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

# One thread, whatever the machine: cores are for pytest's workers, matrices here are so small that threads wait for
# each other, and numbers must not depend on how many there are. Read when torch is imported, by subprocesses too.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch
from hypothesis import HealthCheck, settings
from thorough import examples

torch.set_num_threads(1)  # a plugin may have imported torch before

CI = "CI" in os.environ

# a loaded machine is slow, not wrong: no deadline; where nobody looks on, every run draws the same
settings.register_profile(
    "ufm",
    deadline=None,
    max_examples=examples(100),
    print_blob=True,
    derandomize=CI,
    database=None if CI else settings.default.database,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("ufm")

NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, NO_GPU])])
def device(request: pytest.FixtureRequest) -> str:
    """Every device that numbers should not depend on; the graphics card's with ``pytest -m gpu``."""
    return str(request.param)


@pytest.fixture
def in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the program writes goes to an empty folder, and what it prints is wide enough not to be broken."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture(autouse=True)
def signals_are_pytest_s_again() -> Iterator[None]:
    """The program ``ufm`` answers Ctrl-C and SIGTERM itself, by leaving; tests that run it in this process must not."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """For pages whose words are tested: figures are made and laid out, but what they are drawn as is empty."""
    monkeypatch.setattr("verify.report.figure_files._drawn", lambda figure, kind: b'<svg viewBox="0 0 1 1"/>')
